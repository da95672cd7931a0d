from __future__ import annotations

from components.operations.bootstrap import waiting_for
from contracts import release
from contracts.release import Record
from settings import Realtime, Workload
from tests.components.engine import NAMES

PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/1"
RECORD = release.promote(None, PACKAGE, who="test", why="first", when="2025-01-06T09:00:00+00:00")
WORKLOADS = {"churn": Workload(contract="contracts/churn.yaml")}


def waits(*images: str, releases: dict[str, Record]) -> list[str]:
    return waiting_for(NAMES, WORKLOADS, images=dict.fromkeys(images, "uri"), releases={"churn": releases})


def test_a_complete_stack_waits_for_nothing() -> None:
    assert waits("training", "inference", releases={"live": RECORD}) == []


UP = (
    "`PULUMI_OPTION_POLICY_PACK=policies PULUMI_OPTION_POLICY_PACK_CONFIG=policies/config/staging.json "
    "pulumi up --stack staging`"
)


def test_each_missing_image_and_how_it_comes() -> None:
    assert waits("training", releases={"live": RECORD}) == [
        "the inference image: build workloads/inference/Dockerfile for linux/amd64 and push it to "
        "mlplatform-staging-inference, then "
        f"`.venv/bin/python -m automation publish inference --stack staging --yes` and {UP} "
        "(brings the training pipelines)"
    ]


def test_the_image_for_graviton_is_waited_for_where_something_is_to_run_there() -> None:
    graviton = Workload(contract="contracts/churn.yaml", endpoints={"live": Realtime(instance_type="ml.c7g.large")})
    images = {"training": "uri", "inference": "uri"}
    found = waiting_for(NAMES, {"churn": graviton}, images=images, releases={"churn": {"live": RECORD}})
    assert found == [
        "the inference-arm64 image: build workloads/inference/Dockerfile for linux/arm64 and push it to "
        "mlplatform-staging-inference with a tag arm64-..., then "
        f"`.venv/bin/python -m automation publish inference-arm64 --stack staging --yes` and {UP} "
        "(brings it into packages that are registered from then on)"
    ]


def test_a_missing_release_and_how_it_comes() -> None:
    """That the commands work as they stand: tests/automation/commands/test_waiting_for.py."""
    assert waits("training", "inference", releases={}) == [
        "a release of churn-staging-live: train a model, then "
        '`.venv/bin/python -m automation approve --stack staging --workload churn --why "first release" --yes` and '
        "`.venv/bin/python -m automation promote --stack staging --workload churn --endpoint live "
        f'--why "first release" --yes` and {UP} (brings the endpoint, its alarms and its monitors)'
    ]
