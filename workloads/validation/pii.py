"""Columns that identify a person: dropped, or replaced by a keyed hash, before a row is stored anywhere else.

The hash is HMAC-SHA256 (RFC 2104) under a secret salt, in hexadecimal: equal values stay equal, so a hashed column
still joins and splits, and without the salt nobody can try candidates against it. duckdb has no HMAC, so it is
spelled out over its sha256; a test holds it to Python's `hmac`.
"""

from __future__ import annotations

import hashlib
import hmac

import duckdb

from contracts.schema import Contract, Pii
from workloads.job import UserError

BLOCK_BYTES = 64  # of SHA-256
MIN_SALT_BYTES = 16


class SaltError(UserError):
    """The contract hashes a column and there is no usable salt."""


def set_salt(connection: duckdb.DuckDBPyConnection, contract: Contract, salt: bytes | None) -> None:
    """Make `hashed` usable on `connection`. SaltError when the contract needs a salt and `salt` will not do."""
    hashed_columns = [c.name for c in contract.columns if c.pii is Pii.HASH]
    if not hashed_columns:
        return
    if salt is None:
        raise SaltError(
            f"contract {contract.name!r} hashes {', '.join(hashed_columns)} and no salt is given; set "
            "PII_SALT or name the secret with --salt-secret"
        )
    if len(salt) < MIN_SALT_BYTES:
        raise SaltError(
            f"the salt has {len(salt)} bytes; at least {MIN_SALT_BYTES} are needed, or hashes can be searched; store a "
            "random one in Secrets Manager"
        )
    key = (hashlib.sha256(salt).digest() if len(salt) > BLOCK_BYTES else salt).ljust(BLOCK_BYTES, b"\0")
    connection.execute("SET VARIABLE inner_pad = CAST(? AS BLOB)", [bytes(b ^ 0x36 for b in key)])
    connection.execute("SET VARIABLE outer_pad = CAST(? AS BLOB)", [bytes(b ^ 0x5C for b in key)])


def check(contract: Contract, salt: bytes | None) -> str | None:
    """16 hex digits that tell one salt from another and nothing more of it; None where the contract hashes nothing."""
    if salt is None or not any(column.pii is Pii.HASH for column in contract.columns):
        return None
    return hmac.new(salt, b"which salt this is", hashlib.sha256).hexdigest()[:16]


def require_same_salt(before: str | None, now: str | None) -> None:
    """SaltError where accepted rows have hashes by another salt: the same person would be two from now on."""
    if before is not None and now is not None and before != now:
        raise SaltError(
            f"the salt is another one (check {now}) than that of the rows accepted so far ({before}): their hashes "
            "would no longer match, and persons would change their part of the data set; put the former salt back "
            "(Secrets Manager keeps it as AWSPREVIOUS); a new salt needs a workload of another name, and its data "
            "delivered there"
        )


def hashed(text: str) -> str:
    """SQL for the HMAC of `text`, a SQL expression of type VARCHAR; null stays null."""
    inner = f"unhex(sha256(getvariable('inner_pad') || encode({text})))"
    return f"sha256(getvariable('outer_pad') || {inner})"
