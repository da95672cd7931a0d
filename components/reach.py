"""Which AWS services the platform's code calls, and which job calls them: from this the interface endpoints follow.

Every component says it in a constant `CALLS` beside the code whose role it declares: job -> services, named by the last
part of their endpoint's service name (`sagemaker.api`). Not in it: S3, which has a gateway endpoint; what runs with
network isolation and calls nothing; and what AWS does for the code from outside the VPC, such as pulling a job's image,
writing its logs or decrypting its volumes. In the local run a call that is missing here fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

#: Job, as its role is named -> the services that its code calls.
Calls = Mapping[str, frozenset[str]]

#: Who calls a service that only the stack config names.
OUTSIDERS: Final = "also_reach"


def callers(declared: Iterable[Calls], also_reach: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """Service -> the jobs that call it, both in order; `also_reach` are services that the stack names itself."""
    found: dict[str, set[str]] = {service: {OUTSIDERS} for service in also_reach}
    for calls in declared:
        for job, services in calls.items():
            for service in services:
                found.setdefault(service, set()).add(job)
    return {service: tuple(sorted(found[service])) for service in sorted(found)}
