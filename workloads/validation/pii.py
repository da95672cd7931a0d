"""Columns that identify a person: dropped, or replaced by a keyed hash, before a row is stored anywhere else.

The hash is HMAC-SHA256 (RFC 2104) under a secret salt, in hexadecimal: equal values stay equal, so a hashed column
still joins and splits, and without the salt nobody can try candidates against it. duckdb has no HMAC, so it is
spelled out over its sha256; a test holds it to Python's `hmac`.
"""

from __future__ import annotations

import hashlib

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


def hashed(text: str) -> str:
    """SQL for the HMAC of `text`, a SQL expression of type VARCHAR; null stays null."""
    inner = f"unhex(sha256(getvariable('inner_pad') || encode({text})))"
    return f"sha256(getvariable('outer_pad') || {inner})"
