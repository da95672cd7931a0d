"""What the roles of delivery may do with the resources of a component, said by the component itself.

A component names in a constant `SERVICES`, beside the code that makes them, the types of its resources and what the
provider calls for them. Its wing collects them, as it does `CALLS`. Names of actions are those of the Service
Authorization Reference. A type that no component names fails a test.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Service:
    """A service, named by the prefix of its actions: types without `aws:`, verbs that read configuration, verbs that
    change, and those of both that take no ARN.

    `handed_to` are the services that are handed a role with it, by the first word of their principal's name, `links`
    those that make a role of their own once in an account, by all words before `amazonaws.com`.
    `named` are patterns of resources, from the account on, with the stack's name in them: `{every}`, `{ending}`,
    `{prefix}`, `{parameters}` or `{databases}`. `unnamed` are the resources that no name tells from another stack's.
    """

    name: str
    types: str
    reads: str = ""
    changes: str = ""
    reads_anywhere: str = ""
    changes_anywhere: str = ""
    handed_to: str = ""
    links: str = ""
    named: str = ""
    unnamed: str = ""


def collected(declared: Iterable[Service]) -> dict[str, Service]:
    """By name, in order; what several components say of a service becomes one."""
    found: dict[str, Service] = {}
    for service in sorted(declared, key=lambda each: each.name):
        found[service.name] = _together(found.get(service.name), service)
    return found


def _together(one: Service | None, other: Service) -> Service:
    if one is None:
        return other
    said = {
        field.name: sorted({*getattr(one, field.name).split(), *getattr(other, field.name).split()})
        for field in fields(Service)
    }
    return Service(**{name: " ".join(words) for name, words in said.items()})
