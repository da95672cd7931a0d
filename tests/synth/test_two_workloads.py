"""A second workload changes nothing of what there was: neither of the first nor of the ground."""

from __future__ import annotations

from typing import Any

import pytest

from local.runtime import Stack

CHURN = {"contract": "contracts/churn.yaml", "endpoints": {"live": {"kind": "realtime"}}}
BIOPSY = {"contract": "examples/two-workloads/biopsy.yaml", "endpoints": {"live": {"kind": "realtime"}}}


def declared(bootstrap: bool, **workloads: Any) -> dict[str, Any]:
    """What a stack with these workloads declares, by URN, without what may differ: the stack's own outputs."""
    document = Stack("staging", config_overrides={"workloads": workloads}).synth(bootstrap=bootstrap)
    return {resource["urn"]: resource for resource in document["resources"]}


@pytest.mark.parametrize("bootstrap", [False, True])
def test_all_that_one_workload_declares_stands_unchanged_beside_another(bootstrap: bool) -> None:
    alone, both = declared(bootstrap, churn=CHURN), declared(bootstrap, churn=CHURN, biopsy=BIOPSY)
    assert {urn: both.get(urn) for urn in alone} == alone
    added = [both[urn]["name"] for urn in both if urn not in alone]
    assert added
    assert {name.split("-")[0] for name in added} == {"biopsy"}
    assert len(added) == sum(name.split("-")[0] == "churn" for name in (r["name"] for r in alone.values()))
