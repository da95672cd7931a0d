"""An inference component as the release sees it, where no emulator is needed to say so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contracts.release.component import AT_ONCE, Component
from contracts.release.live import Configured, Deployed, Live

NAME, RELEASE = "churn-prod-live", "0123456789"
MODEL, OTHER = f"{NAME}-{RELEASE}-0123abcd", f"{NAME}-abcdef0123-0123abcd"
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-prod/1"
CHANGED = datetime(2026, 11, 29, tzinfo=UTC)
ASKED = {"NumberOfCpuCoresRequired": 1.0, "MinMemoryRequiredInMb": 1024}


class Exceptions:
    ClientError = ClientError


class SageMaker:
    """A client of one component, or none."""

    exceptions = Exceptions

    def __init__(self, found: dict[str, Any] | None) -> None:
        self.found = found
        self.updates: list[dict[str, Any]] = []

    def describe_inference_component(self, InferenceComponentName: str) -> dict[str, Any]:  # noqa: N803 - the API's
        assert InferenceComponentName == NAME
        if self.found is None:
            message = f'Could not find inference component "{NAME}".'
            raise ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "Describe")
        return self.found

    def describe_model(self, ModelName: str) -> dict[str, Any]:  # noqa: N803
        assert ModelName == MODEL
        return {"PrimaryContainer": {"ModelPackageName": PACKAGE}}

    def list_models(self, **asked: Any) -> dict[str, Any]:
        assert (asked["SortBy"], asked["SortOrder"], asked["MaxResults"]) == ("CreationTime", "Descending", 1)
        return {"Models": [{"ModelName": MODEL}] if asked["NameContains"] == f"{NAME}-{RELEASE}" else []}

    def update_inference_component(self, **asked: Any) -> None:
        self.updates.append(asked)


def described(**more: Any) -> dict[str, Any]:
    return {
        "InferenceComponentStatus": "InService",
        "Specification": {"ModelName": MODEL, "ComputeResourceRequirements": ASKED, "Container": {}},
        "RuntimeConfig": {"DesiredCopyCount": 3, "CurrentCopyCount": 2},
        "LastModifiedTime": CHANGED,
        **more,
    }


def component(found: dict[str, Any] | None) -> Component:
    return Component(NAME, SageMaker(found))


def seen(**more: Any) -> Live:
    live = component(described(**more)).observe()
    assert live is not None
    return live


def test_what_serves_is_the_release_of_its_model_in_as_many_copies() -> None:
    live = seen()
    assert (live.release, live.config, live.status) == (RELEASE, MODEL, "InService")
    assert (live.counts, live.weights, live.changed) == ({"champion": 3}, {"champion": 100.0}, CHANGED)
    assert (live.guarded, live.in_progress, live.failed, live.failure) == (True, False, False, "")


def test_it_is_on_its_way_while_another_model_takes_over_and_says_why_it_failed() -> None:
    assert seen(InferenceComponentStatus="Updating").in_progress
    failed = seen(InferenceComponentStatus="Failed", FailureReason="no room")
    assert (failed.failed, failed.failure) == (True, "no room")


def test_one_that_is_not_there_is_nothing() -> None:
    absent = component(None)
    assert (absent.observe(), absent.deployed(), absent.guards()) == (None, {}, [])


def test_another_error_is_nobodys_absence() -> None:
    class Denied(SageMaker):
        def describe_inference_component(self, InferenceComponentName: str) -> dict[str, Any]:  # noqa: N803
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "Describe")

    with pytest.raises(ClientError, match="AccessDenied"):
        Component(NAME, Denied(None)).observe()


def test_its_package_and_its_copies_are_told() -> None:
    there = component(described())
    assert there.configured(seen()) == {"champion": Configured(package=PACKAGE, weight=100.0, instances=3)}
    assert there.deployed() == {"champion": Deployed(instances=2, desired=3, image="")}
    assert there.configuration(RELEASE) == MODEL
    assert there.configuration("abcdef0123") is None


def test_its_guards_are_those_of_its_last_rollout() -> None:
    last = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "a"}, {"AlarmName": "b"}]}}
    assert component(described(LastDeploymentConfig=last)).guards() == ["a", "b"]


def test_an_emergency_moves_it_to_another_model_and_keeps_the_rest_without_alarms() -> None:
    there = SageMaker(described())
    assert Component(NAME, there).move(OTHER, seen(), lambda _: None)
    assert there.updates == [
        {
            "InferenceComponentName": NAME,
            "Specification": {"ModelName": OTHER, "ComputeResourceRequirements": ASKED},
            "DeploymentConfig": AT_ONCE,
        }
    ]
    assert "AutoRollbackConfiguration" not in AT_ONCE


@pytest.mark.parametrize("now", [described(InferenceComponentStatus="Updating"), None])
def test_where_somebody_was_faster_nothing_is_asked(now: dict[str, Any] | None) -> None:
    there = SageMaker(now)
    assert not Component(NAME, there).move(OTHER, seen(), lambda _: None)
    assert there.updates == []


@pytest.mark.parametrize(("status", "refused"), [("Updating", False), ("InService", True)])
def test_what_began_between_the_look_and_the_move_is_waited_for_and_another_error_is_raised(
    status: str, refused: bool
) -> None:
    class Faster(SageMaker):
        """Somebody else's update begins right before this one."""

        def update_inference_component(self, **asked: Any) -> None:
            del asked
            self.found = described(InferenceComponentStatus=status)
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "no"}}, "Update")

    there = Component(NAME, Faster(described()))
    if refused:
        with pytest.raises(ClientError, match="ValidationException"):
            there.move(OTHER, seen(), lambda _: None)
    else:
        assert not there.move(OTHER, seen(), lambda _: None)
