"""Whether live is what is wanted."""

from __future__ import annotations

import dataclasses
from typing import Any

from automation.operations import releases
from automation.operations.releases import By
from automation.operations.verification import Verdict, verify
from tests.automation.conftest import BAKING, Platform
from tests.local.emulator import conftest as stand_ins
from tests.local.processes import eventually

BY = By(who="user/ana", why="a test")


def differences(platform: Platform) -> tuple[str, ...]:
    return verify(platform.names, platform.clients).differences


def test_an_endpoint_is_followed_from_nothing_to_its_release(platform: Platform) -> None:
    found = verify(platform.names, platform.clients)
    assert found == Verdict(
        workload=platform.names.workload,
        endpoint="live",
        name=platform.names.prefix,
        wanted=None,
        live=None,
        status="is not there",
    )
    platform.register()
    first = releases.promote(platform.names, "1", by=BY, clients=platform.clients)
    assert differences(platform) == (f"release {first.wanted.id} is promoted and not deployed: run `up`",)
    platform.up(first)
    found = verify(platform.names, platform.clients)
    assert (found.wanted, found.live, found.status, found.differences) == (
        first.wanted.id,
        first.wanted.id,
        "InService",
        (),
    )


def test_what_was_promoted_and_not_rolled_out_differs(platform: Platform) -> None:
    platform.register()
    platform.register()
    first = releases.promote(platform.names, "1", by=BY, clients=platform.clients)
    platform.up(first)
    second = releases.promote(platform.names, "2", by=BY, clients=platform.clients)
    assert differences(platform) == (
        f"it serves release {first.wanted.id}; wanted is {second.wanted.id}: run `up`, or `rollback`",
    )
    platform.up(second, wait=False, **BAKING)
    assert differences(platform) == ("it is Updating: `follow` sees it through",)
    platform.settled()
    assert differences(platform) == ()


def test_a_configuration_of_somebody_elses_differs(platform: Platform) -> None:
    platform.register()
    record = releases.promote(platform.names, "1", by=BY, clients=platform.clients)
    platform.up(record)
    sagemaker, foreign = platform.client("sagemaker"), f"by-hand-{platform.names.workload}"
    variants = sagemaker.describe_endpoint_config(EndpointConfigName=platform.config(record.wanted.id))
    sagemaker.create_endpoint_config(EndpointConfigName=foreign, ProductionVariants=variants["ProductionVariants"])
    sagemaker.update_endpoint(EndpointName=platform.names.prefix, EndpointConfigName=foreign)
    platform.settled()
    assert differences(platform) == (
        f"it serves {foreign}, which is no release of the platform; wanted is {record.wanted.id}: run `up`, or "
        "`rollback`",
    )


def test_another_package_and_another_split_differ(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    record = releases.promote(platform.names, "1", by=BY, clients=platform.clients)
    platform.up(record)
    split = releases.split(platform.names, "2", 10, by=BY, clients=platform.clients)
    platform.up(split)
    assert differences(platform) == ()
    sagemaker, name = platform.client("sagemaker"), platform.names.prefix
    weights = [{"VariantName": "champion", "DesiredWeight": 50}, {"VariantName": "challenger", "DesiredWeight": 50}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=weights)
    platform.settled()
    assert differences(platform) == (
        "the traffic is split {'challenger': 50, 'champion': 50}; wanted is {'challenger': 10, 'champion': 90}: "
        f"`aws sagemaker update-endpoint-weights-and-capacities --endpoint-name {name} "
        "--desired-weights-and-capacities VariantName=champion,DesiredWeight=90 "
        "VariantName=challenger,DesiredWeight=10`",
    )
    config = platform.config(split.wanted.id)
    served = {variant["VariantName"]: variant for variant in _variants(platform, config)}
    sagemaker.delete_model(ModelName=served["champion"]["ModelName"])
    package = {"ModelPackageName": second}
    role = "arn:aws:iam::123456789012:role/emulator-tests"
    sagemaker.create_model(ModelName=served["champion"]["ModelName"], ExecutionRoleArn=role, PrimaryContainer=package)
    assert differences(platform)[0] == f"variant champion serves {second}; wanted is {first}: `refresh`, then `up`"


def test_another_package_behind_the_champion_differs(platform: Platform) -> None:
    first, second = platform.register(), platform.register()
    platform.up(releases.promote(platform.names, "1", by=BY, clients=platform.clients))
    shadowed = releases.shadow(platform.names, "2", 10, by=BY, clients=platform.clients)
    platform.up(shadowed)
    assert differences(platform) == ()
    sagemaker, model = platform.client("sagemaker"), f"{platform.config(shadowed.wanted.id)}-shadow"
    sagemaker.delete_model(ModelName=model)
    role = "arn:aws:iam::123456789012:role/emulator-tests"
    sagemaker.create_model(ModelName=model, ExecutionRoleArn=role, PrimaryContainer={"ModelPackageName": first})
    assert differences(platform) == (f"variant shadow serves {first}; wanted is {second}: `refresh`, then `up`",)


class Altered:
    """SageMaker with other variants of an endpoint than the emulator would ever have."""

    def __init__(self, sagemaker: Any, *variants: dict[str, Any]) -> None:
        self._sagemaker, self._variants = sagemaker, variants

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sagemaker, name)

    def describe_endpoint(self, **asked: Any) -> dict[str, Any]:
        found = self._sagemaker.describe_endpoint(**asked)
        (champion,) = found["ProductionVariants"]
        return found | {"ProductionVariants": [champion | each for each in self._variants]}


def test_instances_that_lack_another_image_and_a_variant_too_many_differ(platform: Platform) -> None:
    package = platform.register()
    record = releases.promote(platform.names, "1", by=BY, clients=platform.clients)
    platform.up(record)

    def found(*variants: dict[str, Any]) -> tuple[str, ...]:
        sagemaker = Altered(platform.client("sagemaker"), *variants)
        return verify(platform.names, dataclasses.replace(platform.clients, sagemaker=sagemaker)).differences

    assert found({}) == ()
    assert found({"DesiredInstanceCount": 8}) == (
        "variant champion has 3 instances; wanted are 8: `logs`, and the quota of the type",
    )
    image = {"SpecifiedImage": stand_ins.IMAGE, "ResolvedImage": f"other@sha256:{'1' * 64}"}
    assert found({"DeployedImages": [image]}) == (
        f"variant champion runs other@sha256:{'1' * 64}; the image of its package is {stand_ins.IMAGE}: `rollback`, "
        "and promote it anew",
    )
    release = record.wanted.id
    assert found({}, {"VariantName": "canary", "CurrentWeight": 0.0, "DesiredWeight": 0.0}) == (
        f"variant canary serves, which release {release} has not: `refresh`, then `up`",
        "the traffic is split {'canary': 0, 'champion': 100}; wanted is {'champion': 100}: `aws sagemaker "
        f"update-endpoint-weights-and-capacities --endpoint-name {platform.names.prefix} "
        "--desired-weights-and-capacities VariantName=champion,DesiredWeight=100`",
    )
    assert found() == (
        f"variant champion is not deployed; wanted is {package}: `refresh`, then `up`",
        "the traffic is split {}; wanted is {'champion': 100}: `aws sagemaker "
        f"update-endpoint-weights-and-capacities --endpoint-name {platform.names.prefix} "
        "--desired-weights-and-capacities VariantName=champion,DesiredWeight=100`",
    )


def _variants(platform: Platform, config: str) -> list[dict[str, str]]:
    return platform.client("sagemaker").describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]


def test_a_lost_record_of_an_endpoint_that_serves_differs(platform: Platform) -> None:
    platform.register()
    platform.up(releases.promote(platform.names, "1", by=BY, clients=platform.clients))
    platform.client("ssm").delete_parameter(Name=platform.names.release_parameter)
    assert differences(platform) == ("it serves, and there is no release record: `follow` rebuilds it",)


def test_a_stopped_endpoint_is_as_wanted_once_it_is_gone(platform: Platform) -> None:
    platform.register()
    record = releases.promote(platform.names, "1", by=BY, clients=platform.clients)
    platform.up(record)
    found = verify(platform.names, platform.clients, stopped=True)
    assert found.differences == ("its state is stopped, and it is InService: run `up`",)
    noted = releases.note(platform.names, who="user/ana", clients=platform.clients)
    assert noted is not None
    assert (noted.live, noted.counts) == (noted.wanted, {"champion": 3})
    platform.client("sagemaker").delete_endpoint(EndpointName=platform.names.prefix)
    eventually(lambda: verify(platform.names, platform.clients, stopped=True).status == "stopped")
    found = verify(platform.names, platform.clients, stopped=True)
    assert (found.wanted, found.live, found.differences) == (record.wanted.id, None, ())
    assert differences(platform) == (f"release {record.wanted.id} is promoted and not deployed: run `up`",)
