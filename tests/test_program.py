"""Both stacks composed, on the SDK's test runtime, with the limits that `tests.components.engine` tells."""

from __future__ import annotations

import dataclasses
import functools
import json
import runpy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from components.ground import judged
from components.models.signs import sign
from contracts import loader, release, schema
from contracts.schema import ColumnType, Contract
from tests.components.engine import ACCOUNT, IDENTITY, OFFERS, REGION, STACK, Deployment, deploy, is_unknown

ROOT = Path(__file__).parents[1]
STACKS = ("staging", "prod")
SCHEDULE = "aws:scheduler/schedule:Schedule"
PARAMETERS = "aws:ssm/getParametersByPath:getParametersByPath"


def _stack_config(stack: str) -> dict[str, str]:
    written: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))["config"]
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in written.items()}


def _record(stack: str, *, split: bool) -> str:
    group = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/churn-{stack}"
    record = release.promote(None, f"{group}/1", who="t", why="t", when="2025-01-06T09:00:00+00:00")
    if split:
        record = release.split_traffic(record, f"{group}/2", 10, who="t", why="t", when="2025-01-13T09:00:00+00:00")
    return release.to_json(record)


def _parameters(stack: str, *, bootstrap: bool, split: bool, images: bool, lost: str, deployed: Contract | None) -> Any:
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/image@sha256:" + "0" * 64
    values = {
        **({f"/mlplatform/{stack}/images/{i}": image for i in ("training", "inference")} if images else {}),
        f"/mlplatform/{stack}/churn/live/release": _record(stack, split=split),
    }

    def answer(args: dict[str, Any]) -> dict[str, Any]:
        assert args["path"] == f"/mlplatform/{stack}"
        found = {} if bootstrap else values | {sign(name): "x" for name in values}
        found.pop(lost, None)
        if deployed:
            found[f"/mlplatform/{stack}/churn/contract"] = schema.contract_sha(schema.to_json(deployed))
        return {"names": list(found), "values": list(found.values())}

    return answer


def _run(stack: str, *, judged_by_pack: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, path in judged.variables(stack).items():
            if judged_by_pack:
                patch.setenv(name, str(path))
            else:
                patch.delenv(name, raising=False)
        runpy.run_path(str(ROOT / "__main__.py"))


@functools.cache
def platform(
    stack: str,
    *,
    bootstrap: bool = False,
    split: bool = False,
    preview: bool = False,
    baseline: bool = True,
    images: bool = True,
    judged_by_pack: bool = True,
    lost: str = "",
    deployed: Contract | None = None,
    changes: tuple[tuple[str, str], ...] = (),
) -> Deployment:
    part = {"S3Uri": "s3://b/file.json"}
    properties = {
        "CustomerMetadataProperties": {"contract_sha": "0123456789abcdef", "drift_baseline": part["S3Uri"]},
        "DriftCheckBaselines": {"ModelDataQuality": {"Statistics": part, "Constraints": part}},
    }
    return deploy(
        functools.partial(_run, stack, judged_by_pack=judged_by_pack),
        stack=stack,
        preview=preview,
        values=_stack_config(stack) | dict(changes),
        invokes={
            **IDENTITY,
            **OFFERS,
            "aws:ec2/getSubnet:getSubnet": {"availabilityZone": "eu-west-1a"},
            PARAMETERS: _parameters(
                stack, bootstrap=bootstrap, split=split, images=images, lost=lost, deployed=deployed
            ),
            # The contract of the live model came from elsewhere; that of the last deployment is there.
            "aws:s3/getObjects:getObjects": lambda args: {"keys": [args["prefix"]] if deployed else []},
            "aws:s3/getObject:getObject": {"body": schema.to_json(deployed) if deployed else ""},
            "aws:cloudcontrol/getResource:getResource": {"properties": json.dumps(properties if baseline else {})},
            "aws:sagemaker/getPrebuiltEcrImage:getPrebuiltEcrImage": {"registryPath": "registry/analyzer:1"},
        },
    )


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("preview", [False, True])
@pytest.mark.parametrize("bootstrap", [False, True])
def test_every_resource_is_tagged_placed_and_named_once(stack: str, preview: bool, bootstrap: bool) -> None:
    resources = platform(stack, preview=preview, bootstrap=bootstrap).resources
    doubles = [key for key, count in Counter((r.type, r.name) for r in resources).items() if count > 1]
    assert doubles == []
    for resource in resources:
        if resource.type.startswith("aws:"):
            assert resource.provider == "aws", f"{resource.name} would be created without the default tags"
            assert not resource.parent.startswith("ml-platform-"), f"{resource.name} has no component"


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("bootstrap", [False, True])
def test_every_graph_of_the_dashboard_shows_something_under_a_name_of_its_own(stack: str, bootstrap: bool) -> None:
    (dashboard,) = platform(stack, bootstrap=bootstrap).all("aws:cloudwatch/dashboard:Dashboard")
    shown = [widget["properties"] for widget in json.loads(dashboard.inputs["dashboardBody"])["widgets"]]
    assert [widget["title"] for widget in shown if not widget["metrics"]] == []
    titles = [widget["title"] for widget in shown]
    assert sorted(set(titles)) == sorted(titles)


@pytest.mark.parametrize("stack", STACKS)
def test_the_provider_tags_everything(stack: str) -> None:
    provider = platform(stack).one("aws", "aws")
    tags = json.loads(provider.inputs["defaultTags"])["tags"]
    assert tags == {
        "Project": "ml-platform",
        "Environment": stack,
        "ManagedBy": "pulumi",
        "Owner": "ml-platform-team",
        "CostCenter": "ml-1000",
        "DataClassification": "confidential",
    }
    assert provider.inputs["region"] == "eu-west-1"


@pytest.mark.parametrize("stack", STACKS)
def test_a_first_deployment_leaves_out_what_waits_and_says_so(stack: str) -> None:
    first, full = platform(stack, bootstrap=True), platform(stack)
    left_out = {r.type for r in full.resources} - {r.type for r in first.resources}
    assert {
        "aws:sagemaker/pipeline:Pipeline",
        "aws:sagemaker/endpoint:Endpoint",
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        "aws:sagemaker/model:Model",
        "aws:appautoscaling/target:Target",
    } <= left_out
    outputs = first.outputs[STACK]
    assert [wait.partition(":")[0] for wait in outputs["waiting_for"]] == [
        "the training image",
        "the inference image",
        f"a release of churn-{stack}-live",
    ]
    assert outputs["workloads"]["churn"]["endpoints"] == {}
    assert full.outputs[STACK]["waiting_for"] == []
    serving = full.outputs[STACK]["workloads"]["churn"]["endpoints"]
    assert {name: found["name"] for name, found in serving.items()} == {"live": f"churn-{stack}-live"}


@pytest.mark.parametrize("lost", ["churn/live/release", "images/training", "images/inference"])
def test_a_lost_parameter_stops_the_program_before_any_resource(lost: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        platform("prod", lost=f"/mlplatform/prod/{lost}")
    assert f"  /mlplatform/prod/{lost}: bring it back with `.venv/bin/python -m automation " in str(caught.value)


def test_each_parameter_that_was_found_has_a_sign() -> None:
    assert platform("staging").names("aws:ssm/parameter:Parameter") == [
        "churn-live-release-sign",
        "churn-training-newest-contract",
        "images-inference-sign",
        "images-training-sign",
    ]
    assert platform("staging", bootstrap=True).names("aws:ssm/parameter:Parameter") == [
        "churn-training-newest-contract"
    ]


@pytest.mark.parametrize("preview", [False, True])
def test_a_contract_that_what_is_deployed_cannot_take_stops_the_program_before_any_resource(preview: bool) -> None:
    churn = loader.load(ROOT / "contracts" / "churn.yaml")
    texts = {"transaction_volume": ColumnType.STRING}
    other = dataclasses.replace(
        churn, columns=tuple(dataclasses.replace(c, type=texts.get(c.name, c.type)) for c in churn.columns)
    )
    with pytest.raises(pulumi.RunError) as caught:
        platform("prod", deployed=other, preview=preview)
    sha = schema.contract_sha(schema.to_json(other))
    first, fault, last = str(caught.value).splitlines()
    assert first == f"contract churn: what is deployed (contract {sha}) cannot take it"
    assert fault.startswith("  columns.transaction_volume.type: found number; live: string: ")
    assert last == "nothing was changed; docs/automation.md: A contract grows"


def test_a_contract_that_has_grown_is_taken() -> None:
    churn = loader.load(ROOT / "contracts" / "churn.yaml")
    less = dataclasses.replace(churn, columns=tuple(c for c in churn.columns if c.name != "support_tickets"))
    assert platform("prod", deployed=less).outputs[STACK]["waiting_for"] == []


def test_a_package_without_baseline_has_no_monitor() -> None:
    deployment = platform("staging", baseline=False)
    assert deployment.names("aws:sagemaker/monitoringSchedule:MonitoringSchedule") == []
    assert deployment.names(SCHEDULE) == ["churn-retraining-schedule"]
    assert deployment.names("aws:sagemaker/endpoint:Endpoint") == ["churn-live-endpoint"]


def test_the_drift_job_of_the_live_champion_waits_for_the_image() -> None:
    assert platform("staging").names(SCHEDULE) == ["churn-live-drift-schedule", "churn-retraining-schedule"]
    assert platform("staging", images=False).names(SCHEDULE) == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_drift_job_is_tagged_and_publishes_what_the_alarm_watches(stack: str) -> None:
    deployment = platform(stack)
    request = json.loads(deployment.one("churn-live-drift-schedule").inputs["target"]["input"])
    provider = json.loads(deployment.one("aws", "aws").inputs["defaultTags"])
    mine = {"Workload": "churn", "Endpoint": "live"}
    assert {tag["Key"]: tag["Value"] for tag in request["Tags"]} == provider["tags"] | mine
    alarm = deployment.one("churn-monitoring-live-drift").inputs
    arguments = request["AppSpecification"]["ContainerArguments"]
    assert alarm["dimensions"] == {"Endpoint": arguments[arguments.index("--endpoint") + 1]}
    allowed = {s["Sid"]: s for s in _statements(deployment)["churn-live-drift-role-policy"]}
    assert alarm["namespace"] in allowed["PublishMetrics"]["Condition"]["StringEquals"]["cloudwatch:namespace"]


def test_prod_refuses_to_delete_what_holds_data_and_staging_does_not() -> None:
    stateful = (
        "aws:s3/bucket:Bucket",
        "aws:kms/key:Key",
        "aws:sagemaker/featureGroup:FeatureGroup",
        "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
        "awsx:ecr:Repository",
    )
    for kind in stateful:
        assert {r.protect for r in platform("prod").all(kind)} == {True}, kind
        assert {r.protect for r in platform("staging").all(kind)} == {False}, kind


def test_an_ab_test_is_turned_back_by_either_variant() -> None:
    deployment = platform("staging", split=True)
    alarms = deployment.one("churn-live-endpoint").inputs["deploymentConfig"]["autoRollbackConfiguration"]["alarms"]
    by_variant = [
        f"churn-staging-live-{variant}-{role}"
        for variant in ("champion", "challenger")
        for role in ("server-errors", "latency", "server-error-rate")
    ]
    assert [alarm["alarmName"] for alarm in alarms] == [*by_variant, "churn-staging-live-halt"]


def _statements(deployment: Deployment) -> dict[str, list[dict[str, Any]]]:
    policies = deployment.all("aws:iam/rolePolicy:RolePolicy")
    return {p.name: json.loads(p.inputs["policy"])["Statement"] for p in policies}


@pytest.mark.parametrize("stack", STACKS)
def test_every_role_is_bounded_and_trusted_for_this_account_only(stack: str) -> None:
    roles = platform(stack).all("aws:iam/role:Role")
    ingesting = {"ingestion", "ingestion-rule", "preparation", "validation"}
    jobs = {role.inputs["name"].removeprefix(f"churn-{stack}-").removeprefix("live-"): role for role in roles}
    assert len(jobs) == len(roles) == 16
    assert ingesting < set(jobs)
    for job, role in jobs.items():
        boundary = "ingestion-boundary" if job in ingesting else "boundary"
        assert role.inputs["permissionsBoundary"].endswith(f":policy/mlplatform-{stack}-{boundary}"), job
        promised = job not in ("feature-store", "ingestion-rule", "retraining", "rollback")
        operator = "StringEquals" if promised else "StringEqualsIfExists"
        for statement in json.loads(role.inputs["assumeRolePolicy"])["Statement"]:
            assert statement["Condition"] == {operator: {"aws:SourceAccount": ACCOUNT}}, job


@pytest.mark.parametrize("bootstrap", [False, True])
def test_the_first_preview_knows_every_policy_of_a_role_but_those_of_keys(bootstrap: bool) -> None:
    """Of other documents, the boundary names keys too, and each bucket's policy the one key that it takes."""
    found = platform("prod", preview=True, bootstrap=bootstrap)
    written = [
        (r, r.inputs[name]) for r in found.resources for name in ("policy", "assumeRolePolicy") if name in r.inputs
    ]
    unknown = {r.name for r, document in written if is_unknown(document)}
    keys = {r.name for r in found.all("aws:iam/rolePolicy:RolePolicy") if r.name.endswith("-keys")}
    assert unknown == keys | {
        "access-boundary", "access-ingestion-boundary",
        "lake-artifacts-policy", "lake-processed-policy", "lake-raw-policy",
    }  # fmt: skip
    updated = _statements(platform("prod", bootstrap=bootstrap))
    assert {a.partition(":")[0] for name in keys for s in updated[name] for a in s["Action"]} == {"kms"}


def test_raw_data_is_read_by_the_jobs_of_ingestion_alone_and_written_by_no_role() -> None:
    reading = [
        (name, each["Action"], each["Resource"])
        for name, statements in _statements(platform("prod")).items()
        for each in statements
        if "raw-data" in json.dumps(each)
    ]
    delivered = f"arn:aws:s3:::{ACCOUNT}-prod-ai-raw-data/incoming/churn/*"
    assert reading == [("churn-ingestion-job-role-policy", ["s3:GetObject", "s3:GetObjectVersion"], [delivered])]


def test_the_drift_threshold_is_the_contracts_unless_the_stack_has_its_own() -> None:
    assert platform("staging").one("churn-monitoring-live-drift").inputs["threshold"] == 0.15
    changed = platform("staging", changes=(("ml-platform:monitoring", '{"drift_score": 0.3}'),))
    assert changed.one("churn-monitoring-live-drift").inputs["threshold"] == 0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("ml-platform:workloads", json.dumps({"churn": {"contract": "contracts/none.yaml"}})),
            "ml-platform:workloads.churn.contract: [Errno 2] No such file or directory: ",
        ),
        (("ml-platform:protect", '"maybe"'), "the config of stack staging (Pulumi.staging.yaml) has faults:\n"),
    ],
)
def test_a_fault_of_the_config_stops_the_program_before_any_resource(change: tuple[str, str], message: str) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        platform("staging", changes=(change,))
    assert str(caught.value).startswith(message)


def test_a_protected_stack_runs_judged_or_where_its_config_says_so() -> None:
    with pytest.raises(pulumi.RunError, match=r"^stack prod has ml-platform:protect, and no policy pack would judge"):
        platform("prod", judged_by_pack=False)
    exempt = (("ml-platform:require_policies", "false"),)
    assert platform("prod", judged_by_pack=False, changes=exempt).resources
    assert platform("staging", judged_by_pack=False).resources


def _files(value: object) -> Iterator[str]:
    """The files of assets, of what holds them in an archive, and of archives that are files."""
    if isinstance(value, pulumi.AssetArchive):
        for each in value.assets.values():
            yield from _files(each)
    elif isinstance(value, pulumi.FileAsset | pulumi.FileArchive):
        yield str(value.path)


def test_the_program_declares_the_same_from_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An inline program of the Automation API runs where its caller is. A job on Spark has files too."""
    workload = {
        "contract": "contracts/churn.yaml",
        "endpoints": {"live": {"kind": "realtime"}},
        "ingestion": {"glue": {}},
    }
    spark = (("ml-platform:workloads", json.dumps({"churn": workload})),)
    here = platform("staging", changes=spark)
    monkeypatch.chdir(tmp_path)
    elsewhere = platform.__wrapped__("staging", changes=spark)
    assert {resource.name for resource in elsewhere.resources} == {resource.name for resource in here.resources}
    found = [
        (each.type, file) for each in elsewhere.resources for value in each.inputs.values() for file in _files(value)
    ]
    assert {kind for kind, _ in found} == {"aws:lambda/function:Function", "aws:s3/bucketObjectv2:BucketObjectv2"}
    assert [(kind, file) for kind, file in found if not (Path(file).is_absolute() and Path(file).is_file())] == []
