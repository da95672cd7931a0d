"""Functions that are images, in the emulator: versions behind an alias, moved as the release and the program do it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from automation.operations import shifting
from contracts.names import EndpointNames
from contracts.release.lambda_ import ALIAS, Function, description
from contracts.release.live import Configured, Deployed
from local.emulator import Emulator
from tests.contracts.release.records import package
from tests.local.emulator.conftest import IMAGE, ROLE
from tests.local.processes import eventually

FIRST, SECOND = "0123456789", "abcdef0123"


@dataclass(frozen=True)
class Endpoint:
    """One function with an alias and what moves it."""

    emulator: Emulator
    names: EndpointNames

    @property
    def name(self) -> str:
        return self.names.prefix

    @property
    def functions(self) -> Any:
        return self.emulator.client("lambda")

    @property
    def codedeploy(self) -> Any:
        return self.emulator.client("codedeploy")

    @property
    def host(self) -> Function:
        return Function(self.name, self.functions, self.codedeploy)

    def says(self, release: str) -> str:
        return description(f"{self.name}-{release}-0123abcd", package(int(release == SECOND) + 1))

    def create(
        self,
        command: str = "tests.local.emulator.stand_in_function.handle",
        variables: Mapping[str, str] = MappingProxyType({"RELEASE": FIRST, "SCRATCH": "/tmp/model"}),
        **more: Any,
    ) -> None:
        self.functions.create_function(
            FunctionName=self.name,
            Description=self.says(FIRST),
            PackageType="Image",
            Code={"ImageUri": IMAGE},
            ImageConfig={
                "EntryPoint": ["python", "-m", "awslambdaric"],
                "Command": [command],
            },
            Publish=True,
            Environment={"Variables": dict(variables)},
            **{"Role": ROLE, "Timeout": 20, **more},
        )
        self.functions.create_alias(FunctionName=self.name, Name=ALIAS, FunctionVersion="1")

    def publish(self, release: str = SECOND, **variables: str) -> str:
        self.functions.update_function_configuration(
            FunctionName=self.name,
            Description=self.says(release),
            Environment={"Variables": {"RELEASE": release, "SCRATCH": "/tmp/model", **variables}},
        )
        return self.functions.publish_version(FunctionName=self.name)["Version"]

    def deployable(self, config: str, *alarms: str) -> None:
        self.codedeploy.create_application(applicationName=self.name, computePlatform="Lambda")
        self.codedeploy.create_deployment_group(
            applicationName=self.name,
            deploymentGroupName=self.name,
            deploymentConfigName=config,
            serviceRoleArn=ROLE,
            alarmConfiguration={"enabled": bool(alarms), "alarms": [{"name": alarm} for alarm in alarms]},
        )

    def ask(self, event: Any = "x", qualifier: str = ALIAS) -> dict[str, Any]:
        answer = self.functions.invoke(FunctionName=self.name, Qualifier=qualifier, Payload=json.dumps(event))
        return {"error": answer.get("FunctionError"), "found": json.loads(answer["Payload"].read())}

    def release(self) -> str:
        return self.ask()["found"]["release"]

    def move(self, version: str) -> bool:
        return shifting.move(self.names, version, function=self.functions, codedeploy=self.codedeploy)

    @property
    def deployments(self) -> list[str]:
        named = {"applicationName": self.name, "deploymentGroupName": self.name}
        return self.codedeploy.list_deployments(**named)["deployments"]

    @property
    def pids(self) -> list[int]:
        return [each["pid"] for each in self.emulator.model_servers() if each["endpoint"] == self.name]


@pytest.fixture
def endpoint(emulator: Emulator, role: str, name: str) -> Endpoint:
    del role
    names = EndpointNames(
        stack="prod", account=emulator.account, region=emulator.region, workload=name, endpoint="live"
    )
    return Endpoint(emulator, names)


def test_an_environment_stays_for_the_next_request_and_another_one_takes_its_place(endpoint: Endpoint) -> None:
    endpoint.create()
    first, second = (endpoint.ask({"a": 1})["found"] for _ in range(2))
    assert (first["release"], first["asked"], first["pid"]) == (FIRST, {"a": 1}, second["pid"])
    assert first["request"] != second["request"]
    assert first["scratch"].endswith("/model")
    assert not first["scratch"].startswith("/tmp/model")
    assert endpoint.pids == [first["pid"]]
    endpoint.emulator.kill(first["pid"])
    assert endpoint.ask()["found"]["pid"] != first["pid"]


def test_an_environment_that_is_busy_when_the_alias_moves_ends_with_its_answer(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    endpoint.create()
    version = endpoint.publish()
    begun, until = tmp_path / "begun", tmp_path / "until"
    with ThreadPoolExecutor(1) as one:
        asked = one.submit(endpoint.ask, {"begun": str(begun), "until": str(until)})
        eventually(begun.exists)
        endpoint.functions.update_alias(FunctionName=endpoint.name, Name=ALIAS, FunctionVersion=version)
        (old,) = endpoint.pids
        assert endpoint.release() == SECOND
        until.touch()
        assert asked.result()["found"]["release"] == FIRST
    eventually(lambda: old not in endpoint.pids)
    endpoint.functions.delete_function(FunctionName=endpoint.name)
    assert endpoint.pids == []


def test_what_a_function_raises_or_does_not_live_to_say_is_its_error(endpoint: Endpoint) -> None:
    endpoint.create()
    assert endpoint.ask("fail")["error"] == "Unhandled"
    assert endpoint.ask("fail")["found"]["errorMessage"] == "cannot answer"
    died = endpoint.ask("die")
    assert (died["error"], died["found"]["errorType"]) == ("Unhandled", "Runtime.ExitError")
    endpoint.functions.update_function_configuration(FunctionName=endpoint.name, Timeout=1)
    version = endpoint.functions.publish_version(FunctionName=endpoint.name)["Version"]
    slow = endpoint.ask("sleep", version)
    assert (slow["error"], slow["found"]["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    assert endpoint.release() == FIRST
    lines = [
        event["message"]
        for stream in endpoint.emulator.client("logs").describe_log_streams(
            logGroupName=f"/aws/lambda/{endpoint.name}"
        )["logStreams"]
        for event in endpoint.emulator.client("logs").get_log_events(
            logGroupName=f"/aws/lambda/{endpoint.name}", logStreamName=stream["logStreamName"]
        )["events"]
    ]
    assert any("answers x" in line for line in lines)


def test_no_more_requests_run_at_once_than_are_reserved_and_none_of_a_stopped_one(endpoint: Endpoint) -> None:
    endpoint.create()
    endpoint.functions.put_function_concurrency(FunctionName=endpoint.name, ReservedConcurrentExecutions=0)
    with pytest.raises(ClientError, match="TooManyRequestsException"):
        endpoint.ask()
    assert endpoint.host.observe() is None
    endpoint.functions.put_function_concurrency(FunctionName=endpoint.name, ReservedConcurrentExecutions=1)
    assert endpoint.release() == FIRST
    assert endpoint.host.observe() is not None


def test_the_host_tells_what_the_alias_leads_to(endpoint: Endpoint) -> None:
    assert endpoint.host.observe() is None
    before = datetime.now(UTC)
    endpoint.create()
    endpoint.deployable("CodeDeployDefault.LambdaAllAtOnce", "an-alarm")
    live = endpoint.host.observe()
    assert live is not None
    assert (live.status, live.release, live.config) == ("InService", FIRST, f"{endpoint.name}-{FIRST}-0123abcd")
    assert (live.counts, live.weights, live.failure, live.guarded) == ({}, {"champion": 100.0}, "", True)
    assert before < live.changed < datetime.now(UTC)
    assert endpoint.host.configured(live) == {"champion": Configured(package=package(1), weight=100.0, instances=None)}
    assert endpoint.host.deployed() == {"champion": Deployed(instances=None, desired=None, image=IMAGE)}
    assert endpoint.host.configuration(FIRST) == live.config
    assert endpoint.host.configuration(SECOND) is None
    assert endpoint.host.guards() == ["an-alarm"]


def test_an_emergency_moves_the_alias_at_once_and_versions_that_nobody_reaches_end(endpoint: Endpoint) -> None:
    endpoint.create()
    old = endpoint.ask()["found"]["pid"]
    endpoint.publish()
    assert endpoint.release() == FIRST  # published is not live
    live = endpoint.host.observe()
    assert live is not None
    assert endpoint.host.move(f"{endpoint.name}-{SECOND}-0123abcd", live, lambda _: None)
    assert endpoint.release() == SECOND
    assert old not in endpoint.pids


def test_a_rollout_goes_in_steps_to_its_end(endpoint: Endpoint) -> None:
    endpoint.create()
    endpoint.deployable("CodeDeployDefault.LambdaLinear10PercentEvery1Minute")
    version = endpoint.publish()
    assert endpoint.move(version)
    live = endpoint.host.observe()
    assert live is not None
    assert (live.status, live.release, live.failure) == ("InService", SECOND, "")
    assert endpoint.release() == SECOND
    assert endpoint.move(version)  # there already: no second deployment
    assert len(endpoint.deployments) == 1


def test_the_same_content_moves_without_a_deployment(endpoint: Endpoint) -> None:
    endpoint.create()
    endpoint.deployable("CodeDeployDefault.LambdaAllAtOnce")
    assert endpoint.move(endpoint.publish(FIRST))
    assert endpoint.deployments == []


def test_a_rollout_whose_alarm_goes_off_is_turned_back_and_told(endpoint: Endpoint) -> None:
    alarm, cloudwatch = f"{endpoint.name}-errors", endpoint.emulator.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=alarm,
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": f"{endpoint.name}-quiet"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=10,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="ignore",
    )
    cloudwatch.set_alarm_state(AlarmName=alarm, StateValue="ALARM", StateReason="errors")
    endpoint.create()
    endpoint.deployable("CodeDeployDefault.LambdaCanary10Percent30Minutes", alarm)
    assert endpoint.move(endpoint.publish(FAULTY="yes")) is False
    live = endpoint.host.observe()
    assert live is not None
    assert (live.status, live.release) == ("InService", FIRST)
    assert f"Activated alarms: <{alarm}>" in live.failure
    assert endpoint.release() == FIRST


def test_while_two_versions_share_the_alias_it_is_on_its_way_and_nobody_moves_it(endpoint: Endpoint) -> None:
    endpoint.create()
    version = endpoint.publish()
    shared = {"AdditionalVersionWeights": {version: 0.5}}
    endpoint.functions.update_alias(FunctionName=endpoint.name, Name=ALIAS, FunctionVersion="1", RoutingConfig=shared)
    live = endpoint.host.observe()
    assert live is not None
    assert (live.status, live.release) == ("Updating", FIRST)
    assert endpoint.host.move(f"{endpoint.name}-{SECOND}-0123abcd", live, lambda _: None) is False
    assert {endpoint.release() for _ in range(60)} == {FIRST, SECOND}


def test_requests_of_an_alias_are_counted_by_it(endpoint: Endpoint) -> None:
    endpoint.create()
    endpoint.ask()
    endpoint.ask("fail")
    found = endpoint.emulator.client("cloudwatch").list_metrics(
        Namespace="AWS/Lambda", Dimensions=[{"Name": "FunctionName", "Value": endpoint.name}]
    )["Metrics"]
    told = {(each["MetricName"], *(d["Value"] for d in each["Dimensions"][1:])) for each in found}
    assert told == {
        *((metric,) for metric in ("Duration", "Errors", "Invocations")),
        *((metric, f"{endpoint.name}:{ALIAS}") for metric in ("Duration", "Errors", "Invocations")),
    }
