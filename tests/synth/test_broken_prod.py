"""Breaking the prod config on purpose: the policy pack stops `up` before anything is created."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local.runtime import PolicyViolationError, Stack
from local.runtime.packs import policy_factory
from local.runtime.sample import SampleCloud

#: Where the config of the one endpoint stands.
LIVE = "workloads/churn/endpoints/live"


class UntouchedCloud(SampleCloud):
    """An account in its steady state that must not be written to."""

    def create(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a resource was created though a policy forbids the deployment")


def violations(tmp_path: Path, section: str, **changes: Any) -> dict[tuple[str, str], str]:
    """(policy, logical name) -> message, for `up` of prod with changes in one section of its config."""
    plain = Stack("prod", home=tmp_path / "plain")
    key = section.partition("/")[0]
    stack = Stack("prod", home=tmp_path / "broken", config_overrides={key: merged(plain, section, changes)})
    with pytest.raises(PolicyViolationError) as refused:
        stack.up(UntouchedCloud(stack.name, stack.region), policy_factory(stack))
    assert not stack.state_path.exists() or '"resources": {}' in stack.state_path.read_text()
    return {
        (v.policy, v.urn.rpartition("::")[2]): v.message for v in refused.value.violations if v.level == "mandatory"
    }


def merged(stack: Stack, section: str, changes: dict[str, Any]) -> dict[str, Any]:
    """The config key of a section with the changes in it; None takes a key out."""
    key, *below = section.split("/")
    present = place = json.loads(stack.config[f"ml-platform:{key}"])
    for part in below:
        place = place[part]
    for name, value in changes.items():
        place.pop(name, None)
        place |= {} if value is None else {name: value}
    return present


@pytest.mark.parametrize(
    ("section", "changes", "policy", "resource", "message"),
    [
        (
            "lake",
            {"block_public_access": False},
            "s3-public-access-block-complete",
            "lake-raw-public-access-block",
            "restrictPublicBuckets is false; it must be true. Set all four settings to True.",
        ),
        (
            "tags",
            {"CostCenter": None},
            "required-tags",
            "",  # said once of all that lack it
            " more): tagsAll.CostCenter is not set; it must be set. Set the tag in the provider's default tags",
        ),
        (
            LIVE,
            {"capture_percent": 0},
            "endpoint-data-capture",
            "churn-live-config-",
            "dataCaptureConfig.initialSamplingPercentage is 0; it must be at least 100 %.",
        ),
        (
            LIVE,
            {"rollback_alarms": []},
            "endpoint-rollback-alarms-exist",  # the halt alarm is there always, and watches nothing by itself
            "churn-live-endpoint",
            "Name alarms of this stack, one on Invocation5XXErrors and one on ModelLatency.",
        ),
        (
            "network",
            {"create": {"workload_subnets": "public"}},
            "workload-in-private-subnets",
            "churn-live-model-",
            "leads to an internet gateway. Name subnets whose route table has no route to an internet gateway.",
        ),
    ],
)
def test_a_broken_config_stops_before_anything_is_created(
    tmp_path: Path, section: str, changes: dict[str, Any], policy: str, resource: str, message: str
) -> None:
    found = violations(tmp_path, section, **changes)
    texts = [text for (name, urn), text in found.items() if name == policy and urn.startswith(resource)]
    assert texts, found
    assert message in texts[0]
