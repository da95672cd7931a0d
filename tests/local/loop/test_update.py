"""A second `up` against a living emulator changes what changed, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path

import pytest
from pulumi import RunError

from automation.operations import capacity, feature_store
from contracts import loader, release, schema
from contracts.feature_store import feature_definitions, group_name
from contracts.kinds import REALTIME
from contracts.names import Names
from contracts.release.sagemaker import SageMaker
from contracts.schema import Contract
from local.adapter.errors import ApiRefused
from local.emulator import client
from local.emulator.client import Emulator
from local.loop.kept import cloud_of
from local.loop.platform import Platform
from local.runtime import Op, Stack
from local.runtime.stack import PROJECT_DIRECTORY
from tests.local.loop.deployed import Up, deploying, halting, register, upload, write
from tests.local.processes import eventually

WHEN = "2026-11-21T10:00:00+00:00"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Emulator, None, None]:
    running = client.start(tmp_path_factory.mktemp("emulator"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def up(emulator: Emulator, home: Path) -> Generator[Up, None, None]:
    with deploying(emulator, home) as deploy:
        yield deploy


@pytest.fixture(scope="module")
def contract() -> Contract:
    return loader.load(PROJECT_DIRECTORY / "contracts/churn.yaml")


@pytest.fixture(scope="module")
def platform(up: Up, emulator: Emulator, contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A stack with its images, two registered packages, and an A/B test of them live."""
    ground = Names(stack="staging", account=emulator.account, region=emulator.region)
    names = ground.of_workload("churn").of_endpoint("live")
    running = Platform(emulator, names, tmp_path_factory.mktemp("work") / "contract.json")
    up()
    images = [running.publish_image(image) for image in ("training", "inference")]
    upload(running, tmp_path_factory.mktemp("model"), contract)
    champion, challenger = (register(running, images[1]) for _ in range(2))
    record = release.promote(None, champion, who="test", why="first", when=WHEN)
    write(running, release.split_traffic(record, challenger, 10, who="test", why="A/B", when=WHEN))
    up()
    return running


def test_an_unchanged_program_changes_nothing(platform: Platform, up: Up) -> None:
    assert up() == {}


def test_a_new_release_record_makes_a_new_configuration_and_moves_the_endpoint(platform: Platform, up: Up) -> None:
    before = platform.record()
    assert before is not None
    assert before.wanted.challenger is not None
    after = release.split_traffic(before, before.wanted.challenger, 50, who="test", why="more", when=WHEN)
    write(platform, after)
    changed = dict(up())
    (created,) = changed.pop("create")
    assert created.startswith(f"churn-live-config-{after.wanted.id}-")
    share = [f"churn-live-challenger-{role}" for role in ("at-0600", "target")]
    assert changed == {"update": [*share, "churn-live-endpoint"]}
    assert limits(platform) == {"champion": (2, 10), "challenger": (2, 5)}
    variants = platform.endpoint()["ProductionVariants"]
    assert {v["VariantName"]: v["CurrentWeight"] for v in variants} == {"champion": 50.0, "challenger": 50.0}
    assert up() == {}


@pytest.mark.full
def test_a_scaled_endpoint_gets_another_instance_type_in_one_update(platform: Platform, up: Up) -> None:
    ((name, workload),) = Stack("staging").workloads.items()
    live = workload["endpoints"]["live"]
    more = {
        "latency_ms": 200,
        "steps": {"metric": "cpu_percent", "scale_out": [{"above": 60, "add": 1}, {"above": 85, "add": 3}]},
        "schedules": [
            {"at": "22:00", "minimum": 1, "maximum": 3},
            {"at": "06:00", "minimum": 2, "maximum": 10},
            {"once": "2199-11-26T08:00", "minimum": 2, "maximum": 4},
        ],
    }
    endpoints = {"live": live | {"instance_type": "ml.m5.xlarge", "autoscaling": more}}
    larger, scaling = {"workloads": {name: workload | {"endpoints": endpoints}}}, _scaling(platform)
    before = platform.endpoint()["EndpointConfigName"]
    changed = up(**larger)
    both, scaled = ("champion", "challenger"), ("at-0600", "at-2200", "invocations", "target")
    assert set(changed["replace"]) == {f"churn-live-{variant}-{role}" for variant in both for role in scaled}
    assert "churn-live-endpoint" in changed["update"]
    new = {"latency", "once-21991126T0800", "step-out", "step-out-alarm"}
    made = {each for each in changed["create"] if not each.startswith("churn-live-config-")}
    assert made == {f"churn-live-{variant}-{role}" for variant in both for role in new}
    config = platform.endpoint()["EndpointConfigName"]
    assert config != before
    found = platform.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    assert {variant["InstanceType"] for variant in found} == {"ml.m5.xlarge"}
    targets, policies, schedules = _scaling(platform)
    prefixes = [f"{platform.names.prefix}-{variant}" for variant in sorted(both)]
    assert targets == scaling[0]
    held = ("invocations", "latency", "step-out")
    assert policies == [f"{prefix}-{name}" for prefix in prefixes for name in held]
    assert schedules == sorted([*scaling[2], *(f"{prefix}-once-21991126T0800" for prefix in prefixes)])
    assert up(**larger) == {}
    back = up()
    assert "churn-live-endpoint" in back["update"]
    assert set(back["delete"]) >= {f"churn-live-{variant}-{role}" for variant in both for role in new}
    assert _scaling(platform) == scaling


def limits(platform: Platform) -> dict[str, tuple[int, int]]:
    """Of each variant that scales, the fewest and the most."""
    client = platform.client("application-autoscaling")
    return {
        each["ResourceId"].rpartition("/")[2]: (each["MinCapacity"], each["MaxCapacity"])
        for each in client.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    }


def _scaling(platform: Platform) -> tuple[list[str], list[str], list[str]]:
    """What scales: targets, policies and schedules by name."""
    client, every = platform.client("application-autoscaling"), {"ServiceNamespace": "sagemaker"}
    return (
        sorted(each["ResourceId"] for each in client.describe_scalable_targets(**every)["ScalableTargets"]),
        sorted(each["PolicyName"] for each in client.describe_scaling_policies(**every)["ScalingPolicies"]),
        sorted(each["ScheduledActionName"] for each in client.describe_scheduled_actions(**every)["ScheduledActions"]),
    )


def test_a_resource_that_is_gone_from_the_program_is_deleted(platform: Platform, up: Up) -> None:
    stack = Stack("staging")
    ((name, workload),) = stack.workloads.items()
    live = workload["endpoints"]["live"]
    live["autoscaling"] = live.get("autoscaling", {}) | {"schedules": []}
    scaling = platform.client("application-autoscaling")
    assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"]
    gone = [f"churn-live-{variant}-{at}" for variant in ("challenger", "champion") for at in ("at-0600", "at-2200")]
    assert up(workloads={name: workload}) == {"delete": gone}
    assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []


def test_a_challenger_that_scales_ends_its_test_and_takes_over_what_it_had(platform: Platform, up: Up) -> None:
    up()
    for variant, count in (("champion", 3), ("challenger", 5)):
        capacity.scale(platform.names, REALTIME, variant, count, client=platform.client)
        eventually(lambda: platform.endpoint()["EndpointStatus"] == "InService")
    test = platform.record()
    assert test is not None
    assert test.wanted.challenger is not None
    wanted = platform.promote(test.wanted.challenger, who="ana", why="the challenger won").wanted
    assert wanted.instances == {"champion": 6}  # for all of the traffic twice what half of it had
    changed = up()
    ended = {f"churn-live-challenger-{role}" for role in ("at-0600", "at-2200", "invocations", "target")}
    assert set(changed["delete"]) >= ended
    assert not [each for each in changed.get("replace", []) if "-target" in each]
    assert limits(platform) == {"champion": (2, 10)}
    assert [each["DesiredInstanceCount"] for each in platform.endpoint()["ProductionVariants"]] == [6]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("support_tickets:    {type: integer", "support_tickets:    {type: number"), "columns.support_tickets.type"),
        (("support_tickets", "open_tickets"), "columns.open_tickets"),
        (("customer_id", "account_id"), "entity"),
    ],
)
def test_a_contract_that_what_is_live_cannot_take_is_refused_and_nothing_changes(
    platform: Platform, up: Up, emulator: Emulator, home: Path, contract: Contract, tmp_path: Path,
    change: tuple[str, str], field: str,
) -> None:  # fmt: skip
    other = tmp_path / "other.yaml"
    text = (PROJECT_DIRECTORY / "contracts/churn.yaml").read_text(encoding="utf-8")
    assert change[0] in text
    other.write_text(text.replace(*change), encoding="utf-8")
    ((name, workload),) = Stack("staging").workloads.items()
    stack = {name: workload | {"contract": str(other)}}
    sha = schema.contract_sha(schema.to_json(contract))
    refusal = rf"contract churn: what is deployed \(contract {sha}\) cannot take it\n  {field}: found "
    group = group_name(platform.names.of_its_workload.prefix, contract)
    up()
    with pytest.raises(RunError, match=refusal):
        Stack("staging", home=home, config_overrides={"workloads": stack}).preview(cloud_of(emulator))
    with pytest.raises(RunError, match=refusal):
        up(workloads=stack)
    assert up() == {}
    named = platform.client("ssm").get_parameter(Name=platform.names.contract_parameter)["Parameter"]["Value"]
    assert named == sha
    found = platform.client("sagemaker").describe_feature_group(FeatureGroupName=group)
    assert {each["FeatureName"]: each["FeatureType"] for each in found["FeatureDefinitions"]} == feature_definitions(
        contract
    )


def test_a_rollout_that_was_turned_back_fails_the_update_and_the_next_one_leaves_what_serves(
    platform: Platform, up: Up, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    image = platform.client("ssm").get_parameter(Name=platform.names.ground.image_parameter("inference"))
    first, package = (register(platform, image["Parameter"]["Value"]) for _ in range(2))
    before = platform.promote(first, who="ana", why="the A/B test is over")
    up()
    scale_by_hand(platform, 8)
    wanted = platform.promote(package, who="ana", why="better").wanted
    assert wanted.instances == {"champion": 8}
    with (
        halting(platform, SageMaker(platform.names.prefix, platform.client("sagemaker"))),
        pytest.raises(ApiRefused, match=r"^aws:sagemaker/endpoint:Endpoint \S+ sagemaker wait answered RollingBack: "),
    ):
        up()
    assert f"release {wanted.id} ({package}) failed: The deployment of " in caplog.text
    assert f"endpoint {platform.names.prefix} serves {before.wanted.champion}" in caplog.text
    after = platform.record()
    assert after is not None
    assert after.wanted.id == before.wanted.id
    assert [(r.id, str(r.status)) for r in after.releases[:2]] == [(before.wanted.id, "live"), (wanted.id, "failed")]
    assert "was rolled back: alarm(s)" in after.releases[1].reason
    (failed,) = platform.client("sagemaker").list_endpoint_configs(NameContains=wanted.id)["EndpointConfigs"]
    (began,) = platform.client("sagemaker").describe_endpoint_config(EndpointConfigName=failed["EndpointConfigName"])[
        "ProductionVariants"
    ]
    (champion,) = platform.endpoint()["ProductionVariants"]
    assert (began["InitialInstanceCount"], champion["CurrentInstanceCount"], after.counts) == (8, 8, {"champion": 8})
    emulator.advance(600)  # the alarm of a rollout that begins now would still go off
    assert set(up()) <= {"delete"}  # what left the record before the update ended
    assert up() == {}
    endpoint = platform.endpoint()
    assert endpoint["EndpointConfigName"].startswith(f"{platform.names.prefix}-{before.wanted.id}-")
    assert [each["CurrentInstanceCount"] for each in endpoint["ProductionVariants"]] == [8]

    again = platform.promote(package, who="ana", why="the alarm was of the network").wanted
    assert "churn-live-endpoint" in up()["update"]  # also where the state has named this configuration since it failed
    endpoint = platform.endpoint()
    assert endpoint["EndpointConfigName"].startswith(f"{platform.names.prefix}-{again.id}-")
    assert [each["CurrentInstanceCount"] for each in endpoint["ProductionVariants"]] == [8]
    assert up() == {}


def test_an_update_of_settings_alone_keeps_the_instances_that_live(platform: Platform, up: Up) -> None:
    ((name, workload),) = Stack("staging").workloads.items()

    def on(instance_type: str) -> dict[str, object]:
        endpoints = {"live": workload["endpoints"]["live"] | {"instance_type": instance_type}}
        return {"workloads": {name: workload | {"endpoints": endpoints}}}

    def serves() -> tuple[str, list[int], list[int]]:
        """The configuration, the instances that its variants start with, and those that they have."""
        found = platform.endpoint()
        config = platform.client("sagemaker").describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
        starts = [each["InitialInstanceCount"] for each in config["ProductionVariants"]]
        return found["EndpointConfigName"], starts, [e["CurrentInstanceCount"] for e in found["ProductionVariants"]]

    image = platform.client("ssm").get_parameter(Name=platform.names.ground.image_parameter("inference"))
    first, second = (register(platform, image["Parameter"]["Value"]) for _ in range(2))
    platform.promote(first, who="ana", why="alone")
    up()
    scale_by_hand(platform, 8)
    before = serves()[0]
    assert "churn-live-endpoint" in up(**on("ml.m5.xlarge"))["update"]
    larger = serves()
    assert (larger[0] == before, larger[1:]) == (False, ([8], [8]))
    assert up(**on("ml.m5.xlarge")) == {}
    scale_by_hand(platform, 6)
    assert up(**on("ml.m5.xlarge")) == {}  # the configuration stays with what it began with
    assert serves() == (larger[0], [8], [6])
    up(**on("ml.m5.2xlarge"))
    assert serves()[1:] == ([6], [6])

    platform.promote(second, who="ana", why="better")
    scale_by_hand(platform, 9)  # after the promotion, which saw 6
    up(**on("ml.m5.2xlarge"))
    assert serves()[1:] == ([9], [9])
    assert up(**on("ml.m5.2xlarge")) == {}  # the release before it is declared as it was rolled out
    up()
    assert serves()[1:] == ([9], [9])


def test_a_stopped_endpoint_wakes_on_what_was_wanted_meanwhile(platform: Platform, up: Up) -> None:
    ((name, workload),) = Stack("staging").workloads.items()
    endpoints = {"live": workload["endpoints"]["live"] | {"state": "stopped"}}
    stopped = {"workloads": {name: workload | {"endpoints": endpoints}}}
    before, scaling = platform.record(), platform.client("application-autoscaling")
    assert before is not None
    gone = up(**stopped)
    assert gone["update"] == ["churn-live-rollback-function"]
    assert set(gone["delete"]) >= {"churn-live-endpoint", "churn-live-champion-target", "churn-live-champion-at-0600"}
    assert not any(word in each for each in gone["delete"] for word in ("config", "model", "logs", "alarm", "package"))
    assert platform.client("sagemaker").list_endpoints(NameContains=platform.names.prefix)["Endpoints"] == []
    assert scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert up(**stopped) == {}
    woken = up()
    assert set(woken["create"]) == set(gone["delete"])
    assert platform.endpoint()["EndpointConfigName"].startswith(f"{platform.names.prefix}-{before.wanted.id}-")
    counts = {each["VariantName"]: each["CurrentInstanceCount"] for each in platform.endpoint()["ProductionVariants"]}
    assert counts == {"champion": before.wanted.instances.get("champion", 3)}
    assert up() == {}
    up(**stopped)
    image = platform.client("ssm").get_parameter(Name=platform.names.ground.image_parameter("inference"))
    wanted = platform.promote(register(platform, image["Parameter"]["Value"]), who="ana", why="better").wanted
    (created,) = [each for each in up(**stopped)["create"] if "config" in each]
    assert created.startswith(f"churn-live-config-{wanted.id}-")
    up()
    assert platform.endpoint()["EndpointConfigName"].startswith(f"{platform.names.prefix}-{wanted.id}-")


def scale_by_hand(platform: Platform, to: int) -> None:
    """With what scales by itself out of the way, so that its time of acting decides nothing."""
    scaling = platform.client("application-autoscaling")
    for target in scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]:
        named = {key: target[key] for key in ("ServiceNamespace", "ResourceId", "ScalableDimension")}
        scaling.deregister_scalable_target(**named)
    capacity.scale(platform.names, REALTIME, "champion", to, client=platform.client)


@pytest.mark.full
def test_an_instance_type_that_was_turned_back_can_be_taken_out_again(
    platform: Platform, up: Up, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    ((name, workload),) = Stack("staging").workloads.items()
    endpoints = {"live": workload["endpoints"]["live"] | {"instance_type": "ml.m5.xlarge"}}
    before = platform.endpoint()["EndpointConfigName"]
    with (
        halting(platform, SageMaker(platform.names.prefix, platform.client("sagemaker"))),
        pytest.raises(ApiRefused, match="sagemaker wait answered RollingBack: "),
    ):
        up(workloads={name: workload | {"endpoints": endpoints}})
    assert re.search(f"serves {before} and not .*: the rollout was turned back", caplog.text)
    emulator.advance(600)
    left = up()
    assert set(left) == {"update", "delete"}
    assert {each.rpartition("-")[2] for each in left["update"]} == {"cpu", "endpoint"}  # alarms, by the cores
    assert {each[: len("churn-live-config-")] for each in left["delete"]} == {"churn-live-config-"}
    assert platform.endpoint()["EndpointConfigName"] == before


def test_a_contract_that_grows_replaces_nothing_and_evolve_adds_its_column(
    platform: Platform, up: Up, emulator: Emulator, home: Path, contract: Contract, tmp_path: Path
) -> None:
    grown = tmp_path / "grown.yaml"
    text = (PROJECT_DIRECTORY / "contracts/churn.yaml").read_text(encoding="utf-8")
    text = text.replace("columns:\n", "columns:\n  logins: {type: integer, nullable: true}\n", 1)
    grown.write_text(text.replace("features:\n", "features:\n  logins: logins\n", 1), encoding="utf-8")
    wider = loader.load(grown)
    ((name, workload),) = Stack("staging").workloads.items()
    stack = {name: workload | {"contract": str(grown)}}
    group = group_name(platform.names.of_its_workload.prefix, contract)
    store = platform.client("sagemaker-featurestore-runtime")

    def put(customer: str, **values: str) -> None:
        features = {"customer_id": customer, "event_time": "2026-11-21T10:00:00Z", **values}
        record = [{"FeatureName": name, "ValueAsString": value} for name, value in features.items()]
        store.put_record(FeatureGroupName=group, Record=record)

    def kept(customer: str) -> dict[str, str]:
        found = store.get_record(FeatureGroupName=group, RecordIdentifierValueAsString=customer)["Record"]
        return {each["FeatureName"]: each["ValueAsString"] for each in found}

    up()
    put("old", support_tickets="3")
    changes = Stack("staging", home=home, config_overrides={"workloads": stack}).preview(cloud_of(emulator)).changes
    former = (
        f"churn-training-contract-{schema.contract_sha(schema.to_json(contract))}"  # its object stays in the bucket
    )
    assert [urn.rpartition("::")[2] for op in (Op.REPLACE, Op.DELETE) for urn in changes.get(op, ())] == [former]

    sagemaker = platform.client("sagemaker")
    planned = feature_store.plan(platform.names.of_its_workload, wider, sagemaker=sagemaker)
    assert planned.additions == {"logins": "Integral"}
    feature_store.evolve(planned, sagemaker=sagemaker)
    changed = up(workloads=stack)
    assert changed["delete"] == [former]
    assert not [each for names in changed.values() for each in names if "features" in each or "endpoint" in each]
    put("new", logins="5")
    assert kept("old") == {"customer_id": "old", "event_time": "2026-11-21T10:00:00Z", "support_tickets": "3"}
    assert kept("new")["logins"] == "5"
    pipeline = sagemaker.describe_pipeline(PipelineName=platform.names.pipeline)["PipelineDefinition"]
    assert schema.contract_sha(schema.to_json(wider)) in pipeline
    with pytest.raises(RunError, match=r"\n  columns.logins: found nothing; live: integer; "):
        up()
