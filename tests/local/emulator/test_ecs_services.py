"""Services of ECS in the emulator, looked at and moved as the release does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import urllib3

from contracts.release.ecs import PACKAGE_LABEL, Ecs
from contracts.release.live import Configured, Deployed, Live
from local.emulator import Emulator
from tests.contracts.release.records import package
from tests.local.emulator.conftest import IMAGE, ROLE, put_halt_alarm

pytestmark = pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
FIRST, SECOND = "0123456789", "abcdef0123"
CANARY = {
    "strategy": "CANARY",
    "bakeTimeInMinutes": 1,
    "canaryConfiguration": {"canaryPercent": 50.0, "canaryBakeTimeInMinutes": 10},
}


@dataclass(frozen=True)
class Service:
    """One service with a load balancer of its own."""

    emulator: Emulator
    name: str

    @property
    def ecs(self) -> Any:
        return self.emulator.client("ecs")

    @property
    def host(self) -> Ecs:
        return Ecs(self.name, self.ecs)

    def define(self, release: str, **behaviour: Any) -> str:
        family = f"{self.name}-{release}-0123abcd"
        container = {
            "name": "inference",
            "image": IMAGE,
            "memory": 512,
            "dockerLabels": {PACKAGE_LABEL: package(int(release == SECOND) + 1)},
            "environment": [{"name": "BEHAVIOUR", "value": json.dumps({"name": release, **behaviour})}],
        }
        self.ecs.register_task_definition(family=family, taskRoleArn=ROLE, containerDefinitions=[container])
        return family

    def create(self, **deployment: Any) -> None:
        ec2, balancing = self.emulator.client("ec2"), self.emulator.client("elbv2")
        subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
        vpc = ec2.describe_subnets(SubnetIds=subnets)["Subnets"][0]["VpcId"]
        balancer = balancing.create_load_balancer(Name=self.name, Subnets=subnets)["LoadBalancers"][0]
        blue, green = (
            balancing.create_target_group(Name=f"{self.name}-{colour}", Protocol="HTTPS", Port=8080, VpcId=vpc)[
                "TargetGroups"
            ][0]["TargetGroupArn"]
            for colour in ("blue", "green")
        )
        fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
        listener = balancing.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=443, DefaultActions=[fixed]
        )["Listeners"][0]["ListenerArn"]
        rule = balancing.create_rule(
            ListenerArn=listener,
            Priority=1,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/invocations"]}}],
            Actions=[{"Type": "forward", "TargetGroupArn": blue}],
        )["Rules"][0]["RuleArn"]
        self.ecs.create_cluster(clusterName=self.name)
        self.ecs.create_service(
            cluster=self.name,
            serviceName=self.name,
            taskDefinition=self.define(FIRST),
            desiredCount=2,
            launchType="FARGATE",
            networkConfiguration={"awsvpcConfiguration": {"subnets": subnets, "securityGroups": []}},
            loadBalancers=[
                {
                    "targetGroupArn": blue,
                    "containerName": "inference",
                    "containerPort": 8080,
                    "advancedConfiguration": {
                        "alternateTargetGroupArn": green,
                        "productionListenerRule": rule,
                        "roleArn": ROLE,
                    },
                }
            ],
            deploymentConfiguration=deployment or {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0},
        )

    @property
    def url(self) -> str:
        found = self.emulator.client("elbv2").describe_load_balancers(Names=[self.name])["LoadBalancers"][0]
        return f"https://{found['DNSName']}"

    def ask(self, path: str = "/invocations") -> tuple[int, str]:
        """Status, and which release answered."""
        pool = urllib3.PoolManager(cert_reqs="CERT_NONE", assert_hostname=False, retries=False)
        answer = pool.request("POST", f"{self.url}{path}", body=b"{}", timeout=600)
        return answer.status, json.loads(answer.data)["model"] if answer.status == 200 else ""

    @property
    def pids(self) -> list[int]:
        return [each["pid"] for each in self.emulator.model_servers() if each["endpoint"] == self.name]


@pytest.fixture
def service(emulator: Emulator, role: str, name: str) -> Service:
    del role
    return Service(emulator, f"{name}-live")


@pytest.fixture
def settled(eventually: Callable[..., Any]) -> Callable[[Service], Live]:
    def settled(service: Service) -> Live:
        def over() -> Live | None:
            found = service.host.observe()
            return None if found is None or found.in_progress else found

        return eventually(over)

    return settled


Settled = Callable[[Service], Live]


def test_a_service_that_is_not_there_is_none(service: Service) -> None:
    assert service.host.observe() is None
    assert service.host.configuration(FIRST) is None
    assert service.host.deployed() == {}


def test_a_service_answers_behind_its_load_balancer_and_tells_what_it_serves(
    service: Service, settled: Settled
) -> None:
    service.create()
    live = settled(service)
    assert (live.status, live.config, live.release) == ("InService", f"{service.name}-{FIRST}-0123abcd", FIRST)
    assert (live.counts, live.weights, live.failure) == ({"champion": 2}, {"champion": 100.0}, "")
    assert abs((live.changed - datetime.now(UTC)).total_seconds()) < 600
    assert service.ask() == (200, FIRST)
    assert service.ask("/metrics") == (404, "")  # no rule leads there
    assert service.host.configured(live) == {"champion": Configured(package=package(1), weight=100.0, instances=2)}
    assert service.host.deployed() == {"champion": Deployed(instances=2, desired=2, image=IMAGE)}
    assert service.host.configuration(FIRST) == live.config
    assert len(service.pids) == 2


def test_a_task_that_dies_is_replaced_and_the_others_answer(
    service: Service, settled: Settled, eventually: Callable[..., Any]
) -> None:
    service.create()
    settled(service)
    first, other = service.pids
    service.emulator.kill(first)
    assert service.ask() == (200, FIRST)
    eventually(lambda: len(service.pids) == 2 and first not in service.pids)
    assert other in service.pids


def test_a_canary_moves_by_parts_and_then_whole(service: Service, settled: Settled) -> None:
    service.create(**CANARY)
    settled(service)
    service.ecs.update_service(cluster=service.name, service=service.name, taskDefinition=service.define(SECOND))
    live = settled(service)
    assert (live.release, live.failure) == (SECOND, "")
    assert service.ask() == (200, SECOND)


def test_a_rollout_whose_alarm_goes_off_is_turned_back_and_says_so(
    service: Service, settled: Settled, cloudwatch: Any, eventually: Callable[..., Any]
) -> None:
    put_halt_alarm(cloudwatch, service.name)
    alarms = {"alarmNames": [f"{service.name}-halt"], "enable": True, "rollback": True}
    canary = {**CANARY["canaryConfiguration"], "canaryBakeTimeInMinutes": 1440}  # type: ignore[dict-item]
    service.create(**{**CANARY, "canaryConfiguration": canary}, alarms=alarms)
    settled(service)
    assert service.host.guards() == [f"{service.name}-halt"]
    service.ecs.update_service(cluster=service.name, service=service.name, taskDefinition=service.define(SECOND))
    eventually(lambda: len(service.pids) == 4)
    live = service.host.observe()
    assert live is not None
    assert live.status == "Updating"
    assert service.host.move(live.config, live, unguarded=lambda _: None) is False  # on its way: to be waited for
    dimensions = [{"Name": "EndpointName", "Value": service.name}]
    halt = {"MetricName": "Halt", "Value": 1.0, "Dimensions": dimensions}
    cloudwatch.put_metric_data(Namespace="MLPipeline/Rollout", MetricData=[halt])
    live = settled(service)
    assert (live.status, live.release) == ("InService", FIRST)
    assert live.failure == f"Service deployment rolled back because of CloudWatch alarms: {service.name}-halt"
    assert service.ask() == (200, FIRST)


def test_tasks_that_do_not_start_leave_what_serves(service: Service, settled: Settled) -> None:
    service.create()
    settled(service)
    broken = service.define(SECOND, exit=3)
    service.ecs.update_service(cluster=service.name, service=service.name, taskDefinition=broken)
    live = settled(service)
    assert (live.release, live.failure.partition(":")[0]) == (FIRST, "Service deployment rolled back")
    assert service.ask() == (200, FIRST)


def test_another_deployment_of_what_serves_ends_the_one_that_was_turned_back(
    service: Service, settled: Settled
) -> None:
    service.create()
    settled(service)
    broken = service.define(SECOND, exit=3)
    service.ecs.update_service(cluster=service.name, service=service.name, taskDefinition=broken)
    assert settled(service).failure
    serving, pids = service.host.configuration(FIRST), service.pids
    service.ecs.update_service(
        cluster=service.name, service=service.name, taskDefinition=serving, forceNewDeployment=True
    )
    live = settled(service)
    assert (live.status, live.release, live.failure, service.pids) == ("InService", FIRST, "", pids)


def test_in_an_emergency_all_traffic_moves_at_once(service: Service, settled: Settled) -> None:
    service.create(**CANARY)
    settled(service)
    service.ecs.update_service(cluster=service.name, service=service.name, taskDefinition=service.define(SECOND))
    live = settled(service)
    back = service.host.configuration(FIRST)
    assert back is not None
    assert service.host.move(back, live, unguarded=lambda _: None) is True
    assert settled(service).release == FIRST
    found = service.ecs.describe_services(cluster=service.name, services=[service.name])["services"][0]
    assert found["deploymentConfiguration"] == {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 0}
    assert service.ask() == (200, FIRST)


def test_a_service_that_is_deleted_answers_nobody(
    service: Service, settled: Settled, eventually: Callable[..., Any]
) -> None:
    service.create()
    settled(service)
    url = service.url
    service.ecs.delete_service(cluster=service.name, service=service.name, force=True)
    assert service.host.observe() is None
    assert service.pids == []
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        urllib3.PoolManager(retries=False).request("GET", url, timeout=5.0)
