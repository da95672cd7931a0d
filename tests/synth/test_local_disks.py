"""Training on instances with a GPU and disks of their own: no policy of the strict pack misses a key there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.judge.evidence import judge
from local.runtime import Stack
from tests.synth.test_delivery import PACK

G5 = {"instance_type": "ml.g5.xlarge"}


def synth(**workload: Any) -> dict[str, Any]:
    workloads = {"churn": {"contract": "contracts/churn.yaml", "training": G5, **workload}}
    return Stack("prod", config_overrides={"workloads": workloads}).synth()


@pytest.mark.parametrize(
    ("workload", "trains"),
    [
        ({"tuning": G5}, {"churn-training-pipeline", "churn-training-tuning-pipeline"}),
        ({"orchestrator": "step-functions"}, {"churn-training-machine"}),
    ],
)
def test_no_policy_fails_but_that_of_what_types_may_cost(workload: dict[str, Any], trains: set[str]) -> None:
    """Whose list is the stack's own (`policies/config`)."""
    document = synth(**workload)
    report = judge(document, PACK, PACK / "config" / "strict.json")
    assert {result.policy for result in report.failures} == {"sagemaker-instance-allow-list"}
    judged = {r.urn.rpartition("::")[2] for r in report.results if r.policy == "sagemaker-pipeline-step-hardening"}
    bodies = {each["name"]: _body(each["inputs"]) for each in document["resources"] if each["name"] in trains}
    assert set(bodies) == trains <= judged
    for body in bodies.values():
        (cluster,) = _clusters(body)
        assert "VolumeKmsKeyId" not in cluster


def _body(inputs: dict[str, Any]) -> Any:
    return json.loads(inputs.get("pipelineDefinition") or inputs["definition"])


def _clusters(node: Any) -> list[dict[str, Any]]:
    """What the training jobs below run on."""
    inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    own = [node["ResourceConfig"]] if isinstance(node, dict) and "ResourceConfig" in node else []
    return [*own, *(cluster for each in inside for cluster in _clusters(each))]
