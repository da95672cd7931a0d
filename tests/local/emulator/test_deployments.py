from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator
from tests.local.processes import eventually


def traffic(kind: str = "ALL_AT_ONCE", wait: int = 0, **more: Any) -> dict[str, Any]:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait} | more
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


def canary(wait: int) -> dict[str, Any]:
    return traffic("CANARY", wait, CanarySize={"Type": "CAPACITY_PERCENT", "Value": 50})


def guarded(config: dict[str, Any], alarm: str) -> dict[str, Any]:
    return config | {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]}}


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as error:
        call()
    assert error.value.response["Error"]["Code"] == "ValidationException"
    return error.value.response["Error"]["Message"]


@pytest.fixture
def ask(runtime: Any, name: str) -> Callable[[], str]:
    """One request; the name of the model that answered."""

    def request() -> str:
        return json.loads(runtime.invoke_endpoint(EndpointName=name, Body=b"1")["Body"].read())["model"]

    return request


@pytest.fixture
def endpoint(serving: Any, name: str) -> str:
    """An endpoint that serves model `<name>-old`, and a configuration `<name>-new` with model `<name>-new`."""
    for version in ("old", "new"):
        serving.config(f"{name}-{version}", {"champion": (serving.model(f"{name}-{version}"), 1)})
    return serving.endpoint(name, f"{name}-old")


@pytest.fixture
def error_alarm(cloudwatch: Any, name: str) -> str:
    """More than 1 error of the champion in each of 2 x 5 minutes."""
    dimensions = [{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "champion"}]
    cloudwatch.put_metric_alarm(
        AlarmName=f"{name}-5xx",
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=dimensions,
        Statistic="Sum",
        Period=300,
        EvaluationPeriods=2,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
    )
    return f"{name}-5xx"


@pytest.fixture
def update(sagemaker: Any, endpoint: str) -> Callable[..., None]:
    def start(config: str = "new", **more: Any) -> None:
        name = f"{endpoint}-{config}" if config in ("old", "new") else config
        sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=name, **more)

    return start


def test_all_at_once(emulator: Emulator, serving: Any, endpoint: str, update: Any, ask: Any) -> None:
    assert ask() == f"{endpoint}-old"
    before = [s["pid"] for s in emulator.model_servers() if s["endpoint"] == endpoint]
    update()
    found = serving.settled(endpoint)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", f"{endpoint}-new")
    assert "FailureReason" not in found
    assert ask() == f"{endpoint}-new"
    after = [s["pid"] for s in emulator.model_servers() if s["endpoint"] == endpoint]
    assert len(after) == 1
    assert set(after).isdisjoint(before)


def test_a_canary_shares_the_traffic_while_it_bakes(
    sagemaker: Any, serving: Any, endpoint: str, update: Any, ask: Any, eventually: Any
) -> None:
    config = canary(600)
    update(DeploymentConfig=config)

    def baking() -> Any:
        found = sagemaker.describe_endpoint(EndpointName=endpoint)
        stages = [
            status["Status"]
            for variant in found.get("PendingDeploymentSummary", {}).get("ProductionVariants", [])
            for status in variant["VariantStatus"]
        ]
        return found if stages == ["Baking"] else None

    during = eventually(baking)
    assert (during["EndpointStatus"], during["EndpointConfigName"]) == ("Updating", f"{endpoint}-old")
    assert during["PendingDeploymentSummary"]["EndpointConfigName"] == f"{endpoint}-new"
    seen = Counter(ask() for _ in range(60))
    assert set(seen) == {f"{endpoint}-old", f"{endpoint}-new"}
    found = serving.settled(endpoint)
    assert found["EndpointConfigName"] == f"{endpoint}-new"
    assert found["LastDeploymentConfig"] == config
    assert "PendingDeploymentSummary" not in found
    assert {ask() for _ in range(10)} == {f"{endpoint}-new"}


def test_no_request_is_lost(serving: Any, endpoint: str, update: Any, ask: Any) -> None:
    failures: list[str] = []
    over = threading.Event()

    def load() -> None:
        while not over.is_set():
            try:
                ask()
            except ClientError as error:
                failures.append(str(error))

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    for config in ("new", "old", "new"):
        update(config, DeploymentConfig=traffic("LINEAR", 60, LinearStepSize={"Type": "CAPACITY_PERCENT", "Value": 50}))
        serving.settled(endpoint)
    over.set()
    for thread in threads:
        thread.join()
    assert failures == []


def test_an_alarm_during_the_bake_rolls_back(
    cloudwatch: Any, serving: Any, endpoint: str, update: Any, ask: Any, error_alarm: str
) -> None:
    update(DeploymentConfig=guarded(canary(3600), error_alarm))
    time.sleep(0.5)
    cloudwatch.set_alarm_state(AlarmName=error_alarm, StateValue="ALARM", StateReason="by hand")
    found = serving.settled(endpoint)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", f"{endpoint}-old")
    assert found["FailureReason"] == (
        f"The deployment of {endpoint}-new was rolled back: alarm(s) {error_alarm} went to ALARM during the deployment."
    )
    assert {ask() for _ in range(10)} == {f"{endpoint}-old"}


def test_a_bad_model_is_rolled_back_by_its_own_errors(
    runtime: Any, serving: Any, endpoint: str, update: Any, ask: Any, error_alarm: str
) -> None:
    """Nothing is set by hand: live traffic meets a broken model, two 5-minute periods pass, the alarm rolls back."""
    bad = serving.config(f"{endpoint}-bad", {"champion": (serving.model(f"{endpoint}-bad", status=500), 1)})
    over = threading.Event()

    def load() -> None:
        while not over.is_set():
            try:
                ask()
            except ClientError:
                time.sleep(0.002)

    thread = threading.Thread(target=load)
    thread.start()
    update(bad, DeploymentConfig=guarded(canary(1200), error_alarm))
    found = serving.settled(endpoint)
    over.set()
    thread.join()
    assert found["EndpointConfigName"] == f"{endpoint}-old"
    assert f"alarm(s) {error_alarm} went to ALARM" in found["FailureReason"]
    assert ask() == f"{endpoint}-old"


def test_a_fleet_that_does_not_start_is_rolled_back(serving: Any, endpoint: str, update: Any, ask: Any) -> None:
    bad = serving.config(f"{endpoint}-bad", {"champion": (serving.model(f"{endpoint}-bad", exit=1), 1)})
    update(bad)
    found = serving.settled(endpoint)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", f"{endpoint}-old")
    assert found["FailureReason"].startswith(
        f"The deployment of {bad} was rolled back: The primary container for production variant champion did not pass"
    )
    assert ask() == f"{endpoint}-old"


def test_requests_under_way_are_answered_by_the_old_fleet(
    runtime: Any, serving: Any, name: str, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    slow = serving.config(f"{name}-slow", {"champion": (serving.model(f"{name}-slow", until=str(go)), 1)})
    serving.config(f"{name}-new", {"champion": (serving.model(f"{name}-new"), 1)})
    serving.endpoint(name, slow)
    answers: list[str] = []

    def request() -> None:
        answers.append(json.loads(runtime.invoke_endpoint(EndpointName=name, Body=b"1")["Body"].read())["model"])

    thread = threading.Thread(target=request)
    thread.start()
    eventually(go.with_suffix(".asked").exists)
    serving.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-new")
    assert serving.settled(name)["EndpointConfigName"] == f"{name}-new"
    assert answers == []
    go.touch()
    thread.join()
    assert answers == [f"{name}-slow"]


def test_live_weights_and_counts_can_be_kept(sagemaker: Any, serving: Any, endpoint: str, update: Any) -> None:
    changes = [{"VariantName": "champion", "DesiredWeight": 3, "DesiredInstanceCount": 7}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=changes)
    serving.settled(endpoint)

    def live() -> tuple[float, int]:
        champion = serving.settled(endpoint)["ProductionVariants"][0]
        return champion["CurrentWeight"], champion["DesiredInstanceCount"]

    update(RetainAllVariantProperties=True)
    assert live() == (3.0, 7)
    excluded = [{"VariantPropertyType": "DesiredWeight"}]
    update("old", RetainAllVariantProperties=True, ExcludeRetainedVariantProperties=excluded)
    assert live() == (1.0, 7)
    update("new")
    assert live() == (1.0, 2)


def test_a_deployment_configuration_can_be_kept(sagemaker: Any, serving: Any, endpoint: str, update: Any) -> None:
    config = traffic(wait=60)
    update(DeploymentConfig=config)
    serving.settled(endpoint)
    update("old", RetainDeploymentConfig=True)
    assert serving.settled(endpoint)["LastDeploymentConfig"] == config
    update("new")
    assert "LastDeploymentConfig" not in serving.settled(endpoint)


def test_one_change_at_a_time(sagemaker: Any, serving: Any, endpoint: str, update: Any) -> None:
    message = f'Cannot update in-progress endpoint "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/{endpoint}".'
    update(DeploymentConfig=traffic(wait=600))
    changes = [{"VariantName": "champion", "DesiredWeight": 1}]
    for call in (
        update,
        lambda: sagemaker.delete_endpoint(EndpointName=endpoint),
        lambda: sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=changes
        ),
    ):
        assert refusal(call) == message
    assert serving.settled(endpoint)["EndpointConfigName"] == f"{endpoint}-new"


def test_a_deployment_that_cannot_be_is_refused(sagemaker: Any, endpoint: str, update: Any) -> None:
    config = guarded(traffic("CANARY"), "nobody")
    assert refusal(lambda: update(DeploymentConfig=config)) == (
        "Invalid DeploymentConfig: CanarySize must be given with traffic routing type CANARY and no other, found "
        "CANARY; alarm nobody of AutoRollbackConfiguration does not exist."
    )
    assert sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"] == "InService"


def test_status_changes_are_announced(
    emulator: Emulator, serving: Any, endpoint: str, update: Any, open_queue: Any
) -> None:
    sqs, events = emulator.client("sqs"), emulator.client("events")
    url = open_queue(endpoint)
    pattern = {"detail-type": ["SageMaker Endpoint State Change"], "detail": {"EndpointName": [endpoint]}}
    events.put_rule(Name=endpoint, EventPattern=json.dumps(pattern))
    target = {"Id": "q", "Arn": f"arn:aws:sqs:eu-west-1:123456789012:{endpoint}"}
    events.put_targets(Rule=endpoint, Targets=[target])
    update()
    serving.settled(endpoint)
    found = [
        json.loads(m["Body"])["detail"] for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    ]
    assert [(d["EndpointStatus"], d["EndpointConfigName"]) for d in found] == [
        ("UPDATING", f"{endpoint}-old"),
        ("IN_SERVICE", f"{endpoint}-new"),
    ]
