"""What the patterns of a policy document cover: actions, ARNs, values of conditions, and who is a service."""

from __future__ import annotations

import fnmatch
import json
import re
from functools import cache
from pathlib import Path

_ARN_PARTS = 6  # arn:partition:service:region:account:resource
_TABLE = Path(__file__).parent / "data" / "actions.json"


def matches(pattern: str, action: str) -> bool:
    """Whether an action pattern of a policy matches an action; IAM compares without case."""
    return fnmatch.fnmatchcase(action.lower(), pattern.lower())


def is_star(resource: str) -> bool:
    """Whether a pattern covers every resource of a service, or of a kind in any account.

    So do `*`, `arn:aws:s3:::*/*`, `arn:aws:iam::*:role/*` and `arn:aws:secretsmanager:*:*:secret:*`. A wildcard inside
    one account counts only when no kind of resource stands before it.
    """
    parts = resource.split(":", 5)
    if len(parts) < _ARN_PARTS:
        return resource.endswith("*")
    account, name = parts[4], parts[5]
    return _is_blank(name) or (is_pattern(account) and _is_blank(_within_kind(name)))


def is_wild(value: str) -> bool:
    """Whether the value of a condition is a pattern for everything, or for the resources of any account.

    `*`, `arn:aws:*`, `0.0.0.0/0`, and `arn:aws:sns:*:*:*`, since everybody has topics. The ARN of a bucket has no
    account: its name has to begin with something.
    """
    parts = value.split(":", 5)
    if len(parts) == _ARN_PARTS and parts[0] == "arn":
        account, name = parts[4], parts[5]
        return is_pattern(account) or (not account and is_pattern(name[:1]))
    return value in ("0.0.0.0/0", "::/0") or re.sub("^arn(:aws(-[a-z]+)*)?", "", value).strip("*?:/") == ""


def is_service(principal: str) -> bool:
    """Whether a principal is a service, in any partition: `ec2.amazonaws.com.cn`; accounts and ARNs are none."""
    return "." in principal and ":" not in principal


def service_name(principal: str) -> str:
    """A service's name without the domain of its partition: `pods.eks` of `pods.eks.amazonaws.com`."""
    return principal.partition(".amazonaws.")[0]


def is_whole_kind(resource: str, service: str) -> bool:
    """Whether a pattern covers all of a kind in an account, such as `arn:aws:iam::111122223333:role/*`."""
    parts = resource.split(":", 5)
    return len(parts) == _ARN_PARTS and parts[2] == service and bool(parts[4]) and _is_blank(_within_kind(parts[5]))


def _within_kind(name: str) -> str:
    """What follows the kind in the last part of an ARN: `*` of `role/*` and of `secret:*`."""
    return re.split("[/:]", name, maxsplit=1)[-1]


def _is_blank(pattern: str) -> bool:
    """Whether a pattern says nothing but wildcards."""
    return "*" in pattern and not pattern.strip("*?/:")


def is_pattern(value: str) -> bool:
    """Whether a text has a wildcard."""
    return "*" in value or "?" in value


def takes_no_resource(action: str) -> bool:
    """Whether an action can only be allowed on `*`, by the Service Authorization Reference.

    Of wildcard actions those can that are a beginning, with which no action of the service begins that takes one.
    """
    service, _, name = action.lower().partition(":")
    known = unscoped_actions().get(service, frozenset())
    begins = name.removesuffix("*")
    return name in known or (
        name != begins
        and not is_pattern(begins)
        and any(begins.startswith(each.removesuffix("*")) for each in known if each.endswith("*"))
    )


@cache
def unscoped_actions() -> dict[str, frozenset[str]]:
    """Service prefix to the actions, in lower case, that take no resource, and beginnings of such; see
    `policies/tools/actions.py`."""
    table = json.loads(_TABLE.read_text(encoding="utf-8"))["unscoped"]
    return {service: frozenset(name.lower() for name in names) for service, names in table.items()}
