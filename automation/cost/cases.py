"""The cases that docs/cost.md shows: the stacks of this project, and what their endpoints could be instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from automation.advisor import Alternative, advise
from automation.cost.document import Document
from automation.cost.estimate import Estimate, estimate
from automation.cost.traffic import Traffic
from contracts.advice import Needs

#: Hours a month in which a stack for people who test is needed: 22 days of 10.
OFFICE_HOURS: Final = 220
STOPPED: Final = "staging, stopped"
ADVISED: Final = "prod, advised"
NAIVE: Final = "naive"
ENDPOINT: Final = "aws:sagemaker/endpoint:Endpoint"
_USUAL: Final = Traffic()
#: Two instances of the type that guides name, over two zones, by day and by night.
_FIXED: Final[Mapping[str, Any]] = {
    "instance_type": "ml.m5.xlarge",
    "instance_count": 2,
    "autoscaling": {"enabled": False},
    "rollout": {"kind": "all_at_once"},
}
#: What prod asks of what serves: the requests of its busiest hours, its alarm of latency, its network and rollout.
NEEDS: Final = Needs(rps=_USUAL.rate(12) / 60, p99_ms=500, isolated=True, gradual=True)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A month of a document (one of `DOCUMENTS`); where `only` names a type, what resources of that type cost."""

    document: str
    traffic: Traffic = _USUAL
    only: str = ""

    def estimate(self, documents: Mapping[str, Document]) -> Estimate:
        """What it costs."""
        found = estimate(documents[self.document], self.traffic)
        return replace(found, lines=tuple(line for line in found.lines if line.type == self.only or not self.only))


#: Title -> what is priced.
CASES: Final[Mapping[str, Case]] = {
    "prod": Case(document="prod"),
    ADVISED: Case(document=ADVISED),
    NAIVE: Case(document=NAIVE, only=ENDPOINT),
    "staging": Case(document="staging"),
    f"staging, {OFFICE_HOURS} hours": Case(document="staging", traffic=Traffic(endpoint_hours=OFFICE_HOURS)),
    STOPPED: Case(document=STOPPED),
}
#: Document -> the stack that it is of.
DOCUMENTS: Final[Mapping[str, str]] = {
    "prod": "prod",
    ADVISED: "prod",
    NAIVE: "prod",
    "staging": "staging",
    STOPPED: "staging",
}


def advised() -> Alternative:
    """What `advise` ranks first for prod."""
    return advise(NEEDS)[0]


def endpoint_settings(document: str) -> Mapping[str, Any]:
    """The settings that every endpoint of a document has in place of its stack's own."""
    if document == STOPPED:
        return {"state": "stopped"}
    if document == ADVISED:
        first = advised()
        return {"kind": first.target, "instance_type": first.instance_type}
    return _FIXED if document == NAIVE else {}


def workloads(document: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """The workloads of a document, given the config of its stack file."""
    return with_endpoints(config["ml-platform:workloads"], **endpoint_settings(document))


def with_endpoints(found: Mapping[str, Any], **settings: object) -> dict[str, Any]:
    """The workloads of a stack's config with these settings of every endpoint."""
    return {
        name: {
            **workload,
            "endpoints": {each: {**endpoint, **settings} for each, endpoint in workload["endpoints"].items()},
        }
        for name, workload in found.items()
    }
