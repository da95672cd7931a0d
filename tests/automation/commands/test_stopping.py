"""Stop and wake, with the CLI played and the account emulated."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from automation.commands import main, target
from automation.commands import output as outputs
from automation.operations import releases
from automation.operations.releases import By
from contracts.names import Names
from contracts.release import Status
from tests.automation.conftest import Platform
from tests.automation.stacks.conftest import RESOURCES, Engine
from tests.local.processes import eventually
from tests.settings.test_legal_combinations import REQUIRED

LINE = "          state: stopped\n"


def platform(emulator: Any, stack: str) -> Platform:
    names = Names(stack=stack, account=emulator.account, region=emulator.region)
    return Platform(emulator=emulator, names=names.of_workload("churn").of_endpoint("live"))


@pytest.fixture(scope="module")
def serving(emulator: Any) -> Platform:
    """Staging's endpoint, which serves what nobody has written down yet."""
    churn = platform(emulator, "staging")
    churn.register()
    churn.up(releases.promote(churn.names, "1", by=By(who="user/ana", why="first"), clients=churn.clients))
    return churn


@pytest.fixture
def run(serving: Platform, engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    for name, value in serving.emulator.environment().items():
        monkeypatch.setenv(name, value)

    def command(*arguments: str, stack: str = "staging") -> tuple[int, str, str]:
        code = main([*arguments, "--stack", stack])
        said = capsys.readouterr()
        return int(code), said.out.strip(), said.err.strip()

    return command


def stopped(text: str) -> bool:
    live = yaml.safe_load(text)["config"]["ml-platform:workloads"]["churn"]["endpoints"]["live"]
    return live.get("state") == "stopped"


def test_stop_and_wake_write_one_line_and_run_up(run: Any, engine: Engine, serving: Platform) -> None:
    file = engine.project / "Pulumi.staging.yaml"
    before = file.read_text()
    code, out, _ = run("stop", "--yes", "--json")
    facts = json.loads(out)
    assert (code, facts["endpoint"], facts["state"]) == (0, "churn-staging-live", "stopped")
    assert file.read_text() == f"{before}{LINE}"
    assert engine.asked == ["preview", "up"]
    noted = releases.read(serving.names, serving.clients)
    assert noted is not None
    assert (noted.wanted.status, noted.counts) == (Status.LIVE, {"champion": 3})
    assert run("verify")[1].startswith("endpoint churn-staging-live: its state is stopped, and it is InService")
    serving.client("sagemaker").delete_endpoint(EndpointName=serving.names.prefix)  # what the engine does
    eventually(lambda: run("verify")[0] == 0)
    assert run("verify")[1].startswith(f"endpoint churn-staging-live: is stopped, on release {noted.wanted.id}\n")
    assert " stopped " in run("status")[1]
    assert run("follow") == (
        1,
        "",
        "error: endpoint churn-staging-live is stopped: there is nothing to follow until `wake`",
    )
    second = serving.register()
    code, out, _ = run("promote", "2", "--why", "better", "--yes")
    assert code == 0
    assert out.endswith("is promoted; the endpoint is stopped, and serves it after `wake`")
    promoted = releases.read(serving.names, serving.clients)
    assert promoted is not None
    assert (promoted.wanted.champion, promoted.wanted.instances) == (second, {"champion": 3})
    code, out, _ = run("rollback", "--why", "worse", "--yes")
    assert (code, out.splitlines()[-1]) == (
        0,
        f"endpoint churn-staging-live: recorded, release {noted.wanted.id} is what it will serve",
    )
    code, out, _ = run("wake", "--yes")
    assert (code, out.splitlines()[-1]) == (
        0,
        "endpoint churn-staging-live is running; keep the line in Pulumi.staging.yaml",
    )
    assert file.read_text() == f"{before}{LINE.replace('stopped', 'running')}"


def test_nobody_to_ask_leaves_the_file_and_the_stack_as_they_are(run: Any, engine: Engine) -> None:
    before = (engine.project / "Pulumi.staging.yaml").read_text()
    for command, question in (("stop", "Stop"), ("wake", "Wake")):
        code, _, err = run(command)
        assert (code, err) == (
            1,
            f"error: {question} endpoint churn-staging-live (3 create, 0 stay as they are)? "
            "Nobody can answer here: give --yes",
        )
    assert (engine.project / "Pulumi.staging.yaml").read_text() == before
    assert engine.asked == ["preview", "preview"]


def test_a_protected_endpoint_is_named_to_be_stopped_and_protected_again_without_consent(
    run: Any, engine: Engine, emulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {"LocationConstraint": emulator.region}
    artifacts = platform(emulator, "prod").names.artifacts_bucket
    emulator.client("s3").create_bucket(Bucket=artifacts, CreateBucketConfiguration=where)  # with the record's lock
    endpoint = {**RESOURCES[2], "protect": True, "inputs": {"name": "churn-prod-live"}}
    bucket = {**RESOURCES[0], "protect": True}
    engine.put("prod", resources=[bucket, endpoint])
    code, _, err = run("stop", stack="prod")
    asked = "Endpoint churn-prod-live of a protected stack will answer nobody."
    assert (code, err) == (1, f"error: {asked} Nobody can answer here: give --yes")
    assert engine.asked == []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(outputs.typer, "prompt", lambda *_, **__: "churn-prod-live")
    monkeypatch.setattr(outputs.typer, "confirm", lambda *_, **__: False)
    before = (engine.project / "Pulumi.prod.yaml").read_text()
    assert run("stop", stack="prod")[2].endswith("error: nothing was done")
    assert engine.asked == ["state", "preview", "state"]
    assert engine.state("prod")["resources"][1]["protect"] is True
    assert (engine.project / "Pulumi.prod.yaml").read_text() == before
    monkeypatch.setattr(outputs.typer, "confirm", lambda *_, **__: True)
    assert run("stop", stack="prod")[0] == 0
    assert [each.get("protect") for each in engine.state("prod")["resources"][:2]] == [True, False]
    assert stopped((engine.project / "Pulumi.prod.yaml").read_text())


def on_fargate(engine: Engine, stack: str) -> None:
    """The stack's endpoint is a service behind a load balancer."""
    file = engine.project / f"Pulumi.{stack}.yaml"
    written = yaml.safe_load(file.read_text())
    written["config"]["ml-platform:workloads"]["churn"]["endpoints"]["live"] = {
        "kind": "fargate",
        **REQUIRED["fargate"],
    }
    file.write_text(yaml.safe_dump(written))


def protected_balancer(emulator: Any, name: str) -> str:
    ec2, balancing = emulator.client("ec2"), emulator.client("elbv2")
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    made = balancing.create_load_balancer(Name=name, Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    protection = {"Key": "deletion_protection.enabled", "Value": "true"}
    balancing.modify_load_balancer_attributes(LoadBalancerArn=made, Attributes=[protection])
    return made


def test_the_load_balancer_of_a_protected_endpoint_can_be_deleted_once_it_is_agreed(
    run: Any, engine: Engine, serving: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator = serving.emulator
    artifacts, balancing = platform(emulator, "prod").names.artifacts_bucket, emulator.client("elbv2")
    if artifacts not in [each["Name"] for each in emulator.client("s3").list_buckets()["Buckets"]]:
        where = {"LocationConstraint": emulator.region}
        emulator.client("s3").create_bucket(Bucket=artifacts, CreateBucketConfiguration=where)
    on_fargate(engine, "prod")
    engine.put("prod")
    balancer = protected_balancer(emulator, "churn-prod-live")

    def protection() -> str:
        found = balancing.describe_load_balancer_attributes(LoadBalancerArn=balancer)["Attributes"]
        return next(each["Value"] for each in found if each["Key"] == "deletion_protection.enabled")

    seen: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(outputs.typer, "prompt", lambda *_, **__: "churn-prod-live")
    monkeypatch.setattr(outputs.typer, "confirm", lambda *_, **__: seen.append(protection()))
    assert run("stop", stack="prod")[2].endswith("error: nothing was done")
    assert (seen, protection()) == (["false"], "true")
    monkeypatch.setattr(outputs.typer, "confirm", lambda *_, **__: True)
    assert run("stop", stack="prod")[0] == 0
    assert protection() == "false"
    balancing.delete_load_balancer(LoadBalancerArn=balancer)  # what the engine does
    assert run("stop", stack="prod")[0] == 0  # there is none any more


@pytest.mark.parametrize("command", ["stop", "wake"])
def test_what_fails_half_way_keeps_the_line_and_up_goes_on(run: Any, engine: Engine, command: str) -> None:
    engine.set(fails={"alerts-topic": "no permission"})
    code, _, err = run(command, "--yes")
    assert (code, err) == (
        5,
        "failed: no permission\ndone: 1 create; `python -m automation up --stack staging` goes on from there",
    )
    assert stopped((engine.project / "Pulumi.staging.yaml").read_text()) is (command == "stop")
    engine.set(fails={})
    assert run("up", "--yes", "--json")[0] == 0
    assert engine.names("staging") == [resource["name"] for resource in RESOURCES]


def test_an_endpoint_on_its_way_is_not_stopped(run: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any) -> None:
        raise releases.BusyError("endpoint churn-staging-live is Updating; wait until it is done, then try again")

    monkeypatch.setattr(releases, "refuse_in_progress", busy)
    assert run("stop", "--yes")[0] == 3
    assert engine.asked == []
    assert not stopped((target.PROJECT / "Pulumi.staging.yaml").read_text())
