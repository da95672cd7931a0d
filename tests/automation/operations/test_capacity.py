"""Scaling by hand: variants on the emulator, what else there is by what AWS is asked."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime

import pytest

from automation.operations import capacity
from automation.operations.capacity import Scaled
from automation.operations.errors import RefusedError
from contracts.kinds import BATCH, FARGATE, INFERENCE_COMPONENT, LAMBDA, REALTIME, SERVERLESS
from contracts.kinds.kind import Kind
from contracts.release.lock import BusyError
from tests.automation.conftest import Platform
from tests.automation.operations.test_releases import deployed
from tests.components.engine import LIVE
from tests.workloads.stubs import StubbedClients

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:"
CONFIG = f"{LIVE.prefix}-0123456789-0123abcd"


def scale(platform: Platform, to: int, variant: str = "champion") -> Scaled:
    return capacity.scale(platform.names, REALTIME, variant, to, client=platform.client)


def test_a_variant_gets_as_many_instances_as_a_person_says_between_its_limits(platform: Platform) -> None:
    deployed(platform, platform.register())
    assert scale(platform, 8) == Scaled(variant="champion", unit="instances", before=3, after=8, limits=None)
    target = {
        "ServiceNamespace": "sagemaker",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        "ResourceId": f"endpoint/{platform.names.prefix}/variant/champion",
    }
    platform.client("application-autoscaling").register_scalable_target(**target, MinCapacity=2, MaxCapacity=9)
    assert scale(platform, 9) == Scaled(variant="champion", unit="instances", before=8, after=9, limits=(2, 9))
    assert scale(platform, 9).before == 9
    for beyond in (1, 10):
        with pytest.raises(RefusedError) as refused:
            scale(platform, beyond)
        assert str(refused.value) == (
            f"--to: found {beyond}; allowed: 2 to 9, between which champion of {platform.names.prefix} scales now; "
            "choose such a number, or change autoscaling and its schedules in the stack's file"
        )
    (variant,) = platform.settled()["ProductionVariants"]
    assert variant["DesiredInstanceCount"] == 9
    with pytest.raises(RefusedError, match=r"^--variant: found shadow; allowed: champion; name a variant that serves$"):
        scale(platform, 4, "shadow")


def test_without_an_endpoint_there_is_nothing_to_scale(platform: Platform) -> None:
    with pytest.raises(RefusedError, match=r"is not there: it has no release yet, or is stopped \(`wake`\)$"):
        scale(platform, 4)


def test_an_endpoint_on_its_way_is_left_alone(cloud: Cloud) -> None:
    cloud.has_copies(3, status="Updating")
    with pytest.raises(BusyError, match=r"^endpoint churn-staging-live is Updating; wait until it is done"):
        cloud.scale(INFERENCE_COMPONENT, 4)


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (
            SERVERLESS,
            "is of kind serverless: SageMaker starts what its requests need; set `max_concurrency`, or what is kept "
            "warm, `provisioned_concurrency`, in the stack's file and run `up`",
        ),
        (
            BATCH,
            "is of kind batch: nothing of it runs between its runs; set the instances of a run, `instance_count`, in "
            "the stack's file and run `up`",
        ),
    ],
)
def test_where_nothing_scales_it_says_what_to_do_instead(kind: Kind, says: str) -> None:
    with pytest.raises(RefusedError) as refused:
        capacity.scale(LIVE, kind, "champion", 4, client=lambda _: None)
    assert str(refused.value) == f"endpoint churn-staging-live {says}"


class Cloud(StubbedClients):
    """Endpoints beside those of SageMaker's variants, as their services tell of them."""

    def __init__(self) -> None:
        super().__init__("application-autoscaling", "codedeploy", "ecs", "lambda", "sagemaker")

    def scale(self, kind: Kind, to: int, variant: str = "champion") -> Scaled:
        return capacity.scale(LIVE, kind, variant, to, client=self.clients.__getitem__)

    def has_limits(self, namespace: str, resource: str, dimension: str, limits: tuple[int, int] | None) -> None:
        named = {"ServiceNamespace": namespace, "ScalableDimension": dimension}
        least, most = limits or (0, 0)
        target = {"MinCapacity": least, "MaxCapacity": most, "RoleARN": f"{ARN}role", "CreationTime": NOW}
        found = [{**named, **target, "ResourceId": resource}] if limits else []
        asked = {**named, "ResourceIds": [resource]}
        self.expect("application-autoscaling", "describe_scalable_targets", {"ScalableTargets": found}, asked)

    def has_copies(self, copies: int, *, status: str = "InService") -> None:
        answer = {
            "InferenceComponentName": LIVE.prefix,
            "InferenceComponentArn": f"{ARN}inference-component/{LIVE.prefix}",
            "EndpointName": LIVE.prefix,
            "EndpointArn": f"{ARN}endpoint/{LIVE.prefix}",
            "InferenceComponentStatus": status,
            "Specification": {"ModelName": CONFIG},
            "RuntimeConfig": {"DesiredCopyCount": copies, "CurrentCopyCount": copies},
            "CreationTime": NOW,
            "LastModifiedTime": NOW,
        }
        asked = {"InferenceComponentName": LIVE.prefix}
        self.expect("sagemaker", "describe_inference_component", answer, asked)

    def has_tasks(self, tasks: int) -> None:
        """Two looks, between which nothing changes."""
        service = {
            "status": "ACTIVE",
            "desiredCount": tasks,
            "taskDefinition": f"arn:aws:ecs:eu-west-1:123456789012:task-definition/{CONFIG}:1",
        }
        deployment = {"serviceDeploymentArn": "one", "status": "SUCCESSFUL", "createdAt": NOW, "finishedAt": NOW}
        for _ in range(2):
            asked = {"cluster": LIVE.prefix, "services": [LIVE.prefix]}
            self.expect("ecs", "describe_services", {"services": [service]}, asked)
            named = {"cluster": LIVE.prefix, "service": LIVE.prefix}
            self.expect("ecs", "list_service_deployments", {"serviceDeployments": [deployment]}, named)

    def has_alias(self) -> None:
        """Of a function that runs, and no deployment of it."""
        alias = {"FunctionName": LIVE.prefix, "Name": "live"}
        version = {"Description": f"{CONFIG} of {ARN}model-package/churn-staging/1", "Version": "1"}
        self.expect("lambda", "get_alias", {"FunctionVersion": "1"}, alias)
        self.expect("lambda", "get_function_concurrency", {}, {"FunctionName": LIVE.prefix})
        group = {"applicationName": LIVE.prefix, "deploymentGroupName": LIVE.prefix}
        self.expect("codedeploy", "list_deployments", {"deployments": []}, group)
        self.expect("lambda", "get_alias", {"FunctionVersion": "1"}, alias)
        described = {**version, "LastModified": "2026-11-30T00:00:00.000+0000"}
        asked = {"FunctionName": LIVE.prefix, "Qualifier": "1"}
        self.expect("lambda", "get_function_configuration", described, asked)


@pytest.fixture
def cloud() -> Generator[Cloud]:
    found = Cloud()
    yield found
    found.all_called()


COPIES = ("sagemaker", f"inference-component/{LIVE.prefix}", "sagemaker:inference-component:DesiredCopyCount")
TASKS = ("ecs", f"service/{LIVE.prefix}/{LIVE.prefix}", "ecs:service:DesiredCount")
WARM = ("lambda", f"function:{LIVE.prefix}:live", "lambda:function:ProvisionedConcurrency")


def test_copies_of_a_component_are_scaled_to_none_too(cloud: Cloud) -> None:
    cloud.has_copies(3)
    cloud.has_limits(*COPIES, (0, 4))
    arn = {"InferenceComponentArn": f"{ARN}inference-component/{LIVE.prefix}"}
    wanted = {"InferenceComponentName": LIVE.prefix, "DesiredRuntimeConfig": {"CopyCount": 0}}
    cloud.expect("sagemaker", "update_inference_component_runtime_config", arn, wanted)
    assert cloud.scale(INFERENCE_COMPONENT, 0) == Scaled(
        variant="champion", unit="copies", before=3, after=0, limits=(0, 4)
    )
    cloud.has_copies(3)
    cloud.has_limits(*COPIES, (0, 4))
    with pytest.raises(RefusedError, match=r"^--to: found 5; allowed: 0 to 4, between which champion of "):
        cloud.scale(INFERENCE_COMPONENT, 5)


def test_tasks_of_a_service_are_scaled_between_its_limits_and_never_to_none(cloud: Cloud) -> None:
    cloud.has_tasks(2)
    cloud.has_limits(*TASKS, (2, 10))
    wanted = {"cluster": LIVE.prefix, "service": LIVE.prefix, "desiredCount": 8}
    cloud.expect("ecs", "update_service", {}, wanted)
    assert cloud.scale(FARGATE, 8) == Scaled(variant="champion", unit="tasks", before=2, after=8, limits=(2, 10))
    cloud.has_tasks(8)
    cloud.has_limits(*TASKS, None)
    with pytest.raises(
        RefusedError, match=r"^--to: found 0; allowed: 1 or more tasks; choose such a number, or `stop`"
    ):
        cloud.scale(FARGATE, 0)
    cloud.has_tasks(8)
    with pytest.raises(RefusedError, match=r"^--variant: found challenger; allowed: champion; "):
        cloud.scale(FARGATE, 3, "challenger")


def test_a_function_has_more_environments_warm(cloud: Cloud) -> None:
    its = {"FunctionName": LIVE.prefix, "Qualifier": "live"}
    cloud.has_alias()
    cloud.expect("lambda", "get_provisioned_concurrency_config", {"RequestedProvisionedConcurrentExecutions": 2}, its)
    cloud.has_limits(*WARM, (2, 12))
    cloud.expect("lambda", "put_provisioned_concurrency_config", {}, {**its, "ProvisionedConcurrentExecutions": 9})
    assert cloud.scale(LAMBDA, 9) == Scaled(
        variant="champion", unit="warm environments", before=2, after=9, limits=(2, 12)
    )


def test_of_a_function_that_keeps_none_warm_nothing_scales(cloud: Cloud) -> None:
    cloud.has_alias()
    code = "ProvisionedConcurrencyConfigNotFoundException"
    cloud.stubs["lambda"].add_client_error("get_provisioned_concurrency_config", code)
    with pytest.raises(RefusedError) as refused:
        cloud.scale(LAMBDA, 9)
    assert str(refused.value) == (
        "endpoint churn-staging-live keeps no environment warm, so Lambda starts as many as there are requests at "
        "once, up to max_concurrency: name provisioned_concurrency in the stack's file and run `up`, then scale it"
    )
