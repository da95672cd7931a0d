from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any, Literal

import pulumi_aws as aws
import pytest

from components.models.permissions import Job, job_statements, pipeline_statements
from components.models.training import Training, TrainingArgs
from contracts import instances, loader, model_card, schema
from settings import Training as TrainingSettings
from tests.components.engine import CHURN as NAMES
from tests.components.engine import LIVE, Deployment, deploy, ground, is_unknown, permissions
from workloads.pipeline import harden, render
from workloads.pipeline.store import from_store

CHURN = loader.load("contracts/churn.yaml")
SHA = schema.contract_sha(schema.to_json(CHURN))
DIGEST = "0" * 64
IMAGES = {image: f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-{image}@sha256:{DIGEST}" for image in
          ("training", "inference", "inference-arm64")}  # fmt: skip
PIPELINE = "aws:sagemaker/pipeline:Pipeline"


@functools.cache
def training(
    *,
    built: tuple[str, ...] = ("inference", "training"),
    preview: bool = False,
    protect: bool = False,
    feature_group: str | None = None,
    instance_type: str = "ml.m5.2xlarge",
    tracking: Literal["experiments", "none"] = "experiments",
    referrers: tuple[tuple[str, str], ...] = (),
    takes: tuple[tuple[str, Any], ...] = (),
) -> Deployment:
    def program() -> None:
        base = ground(protect=protect)
        group = aws.sagemaker.ModelPackageGroup("packages", model_package_group_name=NAMES.package_group)
        Training(
            "training",
            TrainingArgs(
                ground=base,
                names=NAMES,
                champion=LIVE,
                contract=CHURN,
                images={i: IMAGES[i] for i in built},
                referrers=dict(referrers),
                package_group=group,
                owner="ml-team",
                feature_group=feature_group,
                instances=TrainingSettings(tracking=tracking, instance_type=instance_type, **dict(takes)),
            ),
        )

    return deploy(program, preview=preview)


def test_the_contract_lies_under_its_own_hash() -> None:
    contract = training().one(f"training-contract-{SHA}")
    assert contract.inputs["key"] == f"contracts/churn/{SHA}/contract.json"
    assert contract.inputs["bucket"] == "123456789012-staging-ai-artifacts"
    assert schema.from_json(contract.inputs["content"]) == CHURN
    assert contract.inputs["kmsKeyId"] == "arn:aws:kms:eu-west-1:123456789012:key/keys-models"
    assert contract.retain_on_delete is True
    other = dataclasses.replace(CHURN, threshold=0.5)
    assert schema.contract_sha(schema.to_json(other)) != SHA


def test_the_newest_contract_is_named_once_it_is_there_and_before_anything_goes_by_it() -> None:
    newest = training().one("training-newest-contract")
    assert (newest.inputs["name"], newest.inputs["value"]["value"]) == ("/mlplatform/staging/churn/contract", SHA)
    assert newest.dependencies == (f"training-contract-{SHA}",)
    assert "training-newest-contract" in training().one("training-pipeline").dependencies
    assert training(built=()).one("training-newest-contract").inputs["value"]["value"] == SHA


@pytest.mark.parametrize("built", [(), ("training",), ("inference",)])
def test_without_both_images_there_is_no_pipeline(built: tuple[str, ...]) -> None:
    deployment = training(built=built)
    assert deployment.names(PIPELINE) == []
    assert deployment.names("aws:sagemaker/modelPackageGroup:ModelPackageGroup") == ["packages"]


def test_the_pipeline_is_the_compiled_definition_with_this_stacks_values() -> None:
    pipeline = training().one("training-pipeline")
    assert pipeline.inputs["pipelineName"] == pipeline.inputs["pipelineDisplayName"] == "churn-staging"
    assert pipeline.inputs["roleArn"] == "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-pipeline"
    assert {f"training-contract-{SHA}", "packages"} <= set(pipeline.dependencies)
    text = pipeline.inputs["pipelineDefinition"]
    definition: dict[str, Any] = json.loads(text)
    assert text == json.dumps(definition, sort_keys=True, separators=(",", ":"))
    steps = {step["Name"]: step["Arguments"] for step in definition["Steps"]}
    assert set(steps) == {"Prepare", "Baseline", "Train", "Evaluate", "Gate"}
    assert steps["Train"]["RoleArn"] == "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-training"
    assert steps["Evaluate"]["RoleArn"] == "arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-evaluation"
    assert steps["Train"]["AlgorithmSpecification"]["TrainingImage"] == IMAGES["training"]
    (register,) = steps["Gate"]["IfSteps"]
    card = model_card.content(CHURN, owner="ml-team", workload="churn", contract_sha=SHA)
    assert json.loads(register["Arguments"]["ModelCard"]["ModelCardContent"]) == card
    assert steps["Train"]["VpcConfig"] == {
        "SecurityGroupIds": ["sg-networkworkloadsgroup"],
        "Subnets": ["subnet-private0", "subnet-private1", "subnet-private2"],
    }


def test_the_jobs_have_the_disk_the_time_and_the_capacity_of_the_settings() -> None:
    takes = (("volume_gb", 200), ("max_runtime_hours", 8), ("spot", False))
    pipeline = training(takes=takes).one("training-pipeline")
    steps = {step["Name"]: step["Arguments"] for step in json.loads(pipeline.inputs["pipelineDefinition"])["Steps"]}
    train = steps["Train"]
    assert train["ResourceConfig"]["VolumeSizeInGB"] == 200
    assert steps["Prepare"]["ProcessingResources"]["ClusterConfig"]["VolumeSizeInGB"] == 200
    assert (train["EnableManagedSpotTraining"], train["StoppingCondition"]) == (False, {"MaxRuntimeInSeconds": 28_800})
    assert steps["Baseline"]["StoppingCondition"] == {"MaxRuntimeInSeconds": 7200}


def test_a_package_names_what_refers_to_its_images() -> None:
    said = ("training", f"sha256:{'0' * 64} signature=sha256:{'1' * 64}")
    for referrers in ((said,), ()):
        definition = json.loads(training(referrers=referrers).one("training-pipeline").inputs["pipelineDefinition"])
        (gate,) = (step for step in definition["Steps"] if step["Name"] == "Gate")
        (register,) = gate["Arguments"]["IfSteps"]
        metadata = register["Arguments"]["CustomerMetadataProperties"]
        found = {name: value for name, value in metadata.items() if name.endswith("_referrers")}
        assert found == {f"{image}_image_referrers": text for image, text in referrers}


def test_packages_name_the_image_for_graviton_where_there_is_one() -> None:
    """The same model and media types; nothing else of the definition changes."""
    plain, both = (
        json.loads(training(built=built).one("training-pipeline").inputs["pipelineDefinition"])
        for built in (("inference", "training"), ("inference", "inference-arm64", "training"))
    )
    (register,) = next(step for step in both["Steps"] if step["Name"] == "Gate")["Arguments"]["IfSteps"]
    (found,) = register["Arguments"].pop("AdditionalInferenceSpecifications")
    own = register["Arguments"]["InferenceSpecification"]
    assert both == plain
    assert found["Name"] == "arm64"
    assert found["Containers"] == [{**own["Containers"][0], "Image": IMAGES["inference-arm64"]}]
    for name in ("SupportedContentTypes", "SupportedResponseMIMETypes"):
        assert found[name] == own[name]
    types = found["SupportedRealtimeInferenceInstanceTypes"]
    assert {instances.instance(each).architecture for each in types} == {"arm64"}
    assert all("endpoint" in instances.instance(each).used_for for each in types)


def test_every_token_of_the_definition_gets_a_value() -> None:
    """The names are the interface; `render` refuses one too many and one too few, here they are compared at once."""
    values: dict[str, Any] = {}

    def program() -> None:
        group = aws.sagemaker.ModelPackageGroup("packages", model_package_group_name=NAMES.package_group)
        made = Training(
            "training",
            TrainingArgs(
                ground=ground(),
                names=NAMES,
                champion=LIVE,
                contract=CHURN,
                images=IMAGES,
                package_group=group,
                owner="ml",
            ),
        )
        values.update(made._values({}))

    deploy(program)
    assert set(values) == set(render.EXAMPLES) - {f"{job}_role" for job in Job}


def test_at_preview_the_definition_is_not_known_yet() -> None:
    deployment = training(preview=True)
    assert is_unknown(deployment.one("training-pipeline").inputs["pipelineDefinition"])


def test_runs_train_on_the_type_of_the_setting_unless_they_say_otherwise() -> None:
    plain, large = (
        json.loads(training(instance_type=each).one("training-pipeline").inputs["pipelineDefinition"])
        for each in ("ml.m5.2xlarge", "ml.r5.4xlarge")
    )
    (declared,) = [each for each in large["Parameters"] if each["Name"] == "TrainingInstanceType"]
    assert declared["DefaultValue"] == "ml.r5.4xlarge"
    assert "ml.m5.2xlarge" in declared["EnumValues"]
    declared["DefaultValue"] = "ml.m5.2xlarge"
    assert large == plain


def test_runs_are_in_an_experiment_unless_the_setting_says_none() -> None:
    kept, none = training(), training(tracking="none")
    whole, without = (json.loads(each.one("training-pipeline").inputs["pipelineDefinition"]) for each in (kept, none))
    assert whole.pop("PipelineExperimentConfig")["ExperimentName"] == NAMES.pipeline
    assert without == whole
    may, may_not = (permissions(each, "training-pipeline-role") for each in (kept, none))
    assert may.keys() - may_not.keys() == {"RecordExperiments"}
    assert not any("experiment" in each for each in may_not["TagWhatItMakes"]["Resource"])


def test_on_a_type_with_disks_of_its_own_the_training_step_names_no_key() -> None:
    local = training(instance_type="ml.g5.xlarge").one("training-pipeline").inputs["pipelineDefinition"]
    steps = {step["Name"]: step["Arguments"] for step in json.loads(local)["Steps"]}
    assert "VolumeKmsKeyId" not in steps["Train"]["ResourceConfig"]
    assert steps["Train"]["OutputDataConfig"]["KmsKeyId"] == "arn:aws:kms:eu-west-1:123456789012:key/keys-models"
    assert steps["Prepare"]["ProcessingResources"]["ClusterConfig"]["VolumeKmsKeyId"]
    assert harden.gaps(json.loads(local), connected={"Evaluate": "asks AWS"}) == []


GROUP = "churn-staging-features-0123abcd"


def test_a_set_that_is_joined_with_the_offline_store_is_the_same_pipeline_with_the_group_in_it() -> None:
    plain, joined = (
        training(feature_group=group).one("training-pipeline").inputs["pipelineDefinition"] for group in (None, GROUP)
    )
    assert joined == from_store(plain, GROUP, "eu-west-1")


def test_only_processing_reads_the_offline_store_and_only_where_sets_are_joined_with_it() -> None:
    for job in Job:
        added = _documents(job, GROUP).keys() - _documents(job).keys()
        assert added == ({"FindStore", "FindSnapshot", "ReadStore"} if job is Job.PROCESSING else set())
    found = _documents(Job.PROCESSING, GROUP)
    assert [(found[sid]["Action"], found[sid]["Resource"]) for sid in ("FindStore", "FindSnapshot", "ReadStore")] == [
        (
            ["sagemaker:DescribeFeatureGroup"],
            [f"arn:aws:sagemaker:eu-west-1:123456789012:feature-group/{GROUP}"],
        ),
        (
            ["glue:GetTable"],
            [
                f"arn:aws:glue:eu-west-1:123456789012:{each}"
                for each in (
                    "catalog",
                    "database/sagemaker_featurestore",
                    "table/sagemaker_featurestore/churn_staging_features_0123abcd_*",
                )
            ],
        ),
        (["s3:GetObject"], ["arn:aws:s3:::123456789012-staging-ai-processed-data/offline-store/churn/*"]),
    ]


def _documents(job: Job, feature_group: str | None = None) -> dict[str, dict[str, Any]]:
    statements = job_statements(
        job, LIVE, models_key="arn:models", processed_key="arn:processed", feature_group=feature_group
    )
    return {statement.sid: statement.to_dict() for statement in statements}


def test_jobs_never_touch_raw_data() -> None:
    for job in Job:
        assert "raw-data" not in json.dumps(_documents(job))


@pytest.mark.parametrize(
    ("job", "writes"),
    [
        (Job.PROCESSING, ["runs/churn/*"]),
        (Job.TRAINING, ["checkpoints/churn/*", "runs/churn/*"]),
        (Job.EVALUATION, ["runs/churn/*"]),
    ],
)
def test_jobs_write_artifacts_only(job: Job, writes: list[str]) -> None:
    puts = [s for s in _documents(job).values() if "s3:PutObject" in s["Action"]]
    assert [s["Resource"] for s in puts] == [
        [f"arn:aws:s3:::123456789012-staging-ai-artifacts/{prefix}" for prefix in writes]
    ]


def test_only_processing_reads_accepted_data_and_only_evaluation_the_release() -> None:
    readers = {job: "accepted/churn/" in json.dumps(_documents(job)) for job in Job}
    assert readers == {Job.PROCESSING: True, Job.TRAINING: False, Job.EVALUATION: False}
    release = {job: "ReadRelease" in _documents(job) for job in Job}
    assert release == {Job.PROCESSING: False, Job.TRAINING: False, Job.EVALUATION: True}
    assert _documents(Job.EVALUATION)["ReadChampion"]["Resource"] == [
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/*"
    ]


def test_the_evaluation_asks_images_of_others_where_the_stack_has_any() -> None:
    """By models and jobs of its own names, as itself, and none of that by default."""
    known: dict[str, Any] = {"models_key": "arn:models", "processed_key": "arn:processed"}
    asking = {each.sid: each.to_dict() for each in job_statements(Job.EVALUATION, LIVE, **known, asks_images=True)}
    more = {sid: each for sid, each in asking.items() if sid not in _documents(Job.EVALUATION)}
    assert _documents(Job.EVALUATION).items() <= asking.items()
    assert {sid: (each["Action"], each["Resource"]) for sid, each in more.items() if "Transform" not in sid} == {
        "MakeModels": (
            ["sagemaker:CreateModel", "sagemaker:DeleteModel"],
            ["arn:aws:sagemaker:eu-west-1:123456789012:model/churn-staging-asked-*"],
        ),
        "AskModels": (
            ["sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob"],
            ["arn:aws:sagemaker:eu-west-1:123456789012:transform-job/churn-staging-asked-*"],
        ),
        "HandRoleToModels": (["iam:PassRole"], [NAMES.role_arn("evaluation")]),
    }
    assert more["HandRoleToModels"]["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert sorted(sid for sid in more if "Transform" in sid) == ["PublishTransformMetrics", "WriteTransformLogs"]
    for job in (Job.PROCESSING, Job.TRAINING):
        assert job_statements(job, LIVE, **known, asks_images=True) == job_statements(job, LIVE, **known)


def test_the_pipeline_hands_on_its_own_job_roles_only() -> None:
    statements = pipeline_statements(NAMES, models_key="arn:models")
    by_sid = {s.sid: s.to_dict() for s in statements}
    jobs = [f"arn:aws:sagemaker:eu-west-1:123456789012:{kind}-job/pipelines-*" for kind in ("processing", "training")]
    mine = {"StringEquals": {"aws:ResourceTag/Workload": "churn"}}
    asked = {"StringEquals": {"aws:RequestTag/Workload": "churn"}}
    found = {sid: (by_sid[sid]["Resource"], by_sid[sid]["Condition"]) for sid in ("StartJobs", "FollowJobs", "TagJobs")}
    assert found == {
        "StartJobs": (jobs, asked),
        "FollowJobs": (jobs, mine),
        "TagJobs": (jobs, asked | {"Null": {"aws:ResourceTag/Workload": "true"}}),
    }
    deployed = permissions(training(), "training-pipeline-role")
    assert deployed["HandRolesToJobs"]["Resource"] == [
        f"arn:aws:iam::123456789012:role/mlplatform/staging/churn-staging-{job}"
        for job in ("processing", "training", "evaluation")
    ]
