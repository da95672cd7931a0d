"""The committed pipeline with the real workloads: every contract between them, and between them and SageMaker."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from types import SimpleNamespace
from typing import Any

import pytest

from contracts import release
from contracts.machine_runs import MachineRuns
from contracts.names import Names
from local.emulator.client import run_job
from local.emulator.jobs import Job, can_be_forked
from local.executor import ExecutionResult, Runner, container
from local.loop import searched
from tests.local.executor.committed import ARN, ARTIFACTS, CONTRACT, NAME, PROCESSED, ROOT, SHA, Aws, accepted
from tests.local.processes import eventually
from workloads.pipeline import render
from workloads.pipeline.disks import for_type
from workloads.pipeline.tracking import machine_with_experiment
from workloads.tracking import record

#: A type with disks of its own and without a GPU, which a job would look for.
ON_DISKS = "ml.r5d.large"
TRAINED = {"DatasetVersion": "data-1", "NumRound": "41"}
#: What the others say where one of the hosts of a job is lost (`workloads.training.hosts`).
LOST = "of 3 hosts one was lost, or cannot be reached from algo-2 (Poll timeout)"


@pytest.fixture(scope="module")
def aws(endpoint: str, tmp_path_factory: pytest.TempPathFactory) -> Aws:
    workdir = tmp_path_factory.mktemp("pipeline")
    aws = Aws(endpoint, workdir)
    for bucket in (ARTIFACTS, PROCESSED):
        aws.s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    aws.s3.put_object(Bucket=ARTIFACTS, Key=f"contracts/churn/{SHA}/contract.json", Body=CONTRACT.encode())
    strong, weak = workdir / "strong.parquet", workdir / "weak.parquet"
    aws.s3.upload_file(str(accepted(strong, rows=3000, signal=1.0)), PROCESSED, "accepted/churn/strong.parquet")
    aws.s3.upload_file(str(accepted(weak, rows=1500, signal=0.02)), PROCESSED, "weak/weak.parquet")
    aws.sagemaker.create_model_package_group(ModelPackageGroupName=NAME)
    return aws


@pytest.fixture(scope="module")
def asked() -> list[Job]:
    """The jobs of the first execution."""
    return []


@pytest.fixture(scope="module")
def first(aws: Aws, asked: list[Job]) -> ExecutionResult:
    """The first execution, on data with a signal."""

    def noted(url: str, argv: list[str], **job: Any) -> int | None:
        asked.append(Job(argv=argv, **job))
        return run_job(url, argv, **job)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(container, "run_job", noted)
        return aws.run(DatasetVersion="data-1")


@pytest.fixture(scope="module")
def package(aws: Aws, first: ExecutionResult) -> dict[str, Any]:
    assert first.failure_reason is None
    arn = first.step("Register").metadata["RegisterModel"]["Arn"]
    return aws.sagemaker.describe_model_package(ModelPackageName=arn)


def test_a_good_model_is_registered_and_waits_for_a_person(first: ExecutionResult, package: dict[str, Any]) -> None:
    names = ["Prepare", "Baseline", "Train", "Evaluate", "Gate", "Register"]
    assert [(s.name, s.status) for s in first.steps] == [(name, "Succeeded") for name in names]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"


def test_every_job_can_be_forked_from_loaded_libraries(first: ExecutionResult, asked: list[Job]) -> None:
    assert first.failure_reason is None
    assert [can_be_forked(job) for job in asked] == [True] * 4


def test_the_package_says_what_it_is(aws: Aws, first: ExecutionResult, package: dict[str, Any]) -> None:
    said = package["CustomerMetadataProperties"]
    manifest = json.loads(read(aws, f"s3://{ARTIFACTS}/runs/churn/execution1/Prepare/manifest/manifest.json"))
    assert said["dataset_version"] == manifest["dataset_version"]
    assert (said["requested_version"], said["contract_sha"]) == ("data-1", SHA)
    assert (said["pipeline_execution"], said["dataset_uri"]) == ("execution1", f"s3://{PROCESSED}/accepted/churn/")
    assert first.step("Train").metadata["TrainingJob"]["Arn"].endswith(f"/{said['training_job']}")
    evaluation = json.loads(read(aws, said["evaluation"]))
    auc = evaluation["metrics"]["auc"]
    assert said["metric"] == f"auc {auc['value']:.4f} from {auc['low']:.4f} to {auc['high']:.4f}"
    assert evaluation["gate"]["decision"] == "register"


def test_every_file_that_the_package_names_is_there(aws: Aws, package: dict[str, Any]) -> None:
    sources = [
        s for k in ("ModelMetrics", "DriftCheckBaselines") for kind in package[k].values() for s in kind.values()
    ]
    assert len(sources) == 5
    for source in sources:
        assert json.loads(read(aws, source["S3Uri"]))
    baseline = json.loads(read(aws, package["CustomerMetadataProperties"]["drift_baseline"]))
    script = read(aws, package["CustomerMetadataProperties"]["record_preprocessor"])
    assert b"def preprocess_handler(" in script
    constraints = json.loads(read(aws, package["DriftCheckBaselines"]["ModelDataQuality"]["Constraints"]["S3Uri"]))
    names = [feature["name"] for feature in constraints["features"]]
    assert names == ["churn_label", "support_tickets", "transaction_volume", "user_tenure_months"]
    assert baseline["score"]  # the distribution of the scores is part of what drift is measured against


def test_the_same_data_again_is_only_judged_again(aws: Aws, package: dict[str, Any]) -> None:
    """Against the champion of the moment, which the job looks up itself: the release record, the package, its model."""
    champion = package["ModelPackageArn"]
    record = release.promote(None, champion, who="test", why="first", when="2026-01-01T00:00:00Z")
    parameter = str(render.EXAMPLES["release_parameter"])
    aws.client("ssm").put_parameter(Name=parameter, Value=release.to_json(record), Type="String")
    again = aws.run(DatasetVersion="data-1")
    assert again.failure_reason is None
    assert {s.name for s in again.steps if s.cache_hit} == {"Prepare", "Baseline", "Train"}
    evaluation = json.loads(read(aws, f"s3://{ARTIFACTS}/runs/churn/execution2/Evaluate/evaluation/evaluation.json"))
    assert evaluation["champion"]["package_arn"] == champion
    assert evaluation["champion"]["difference"]["value"] == 0


def test_a_weak_model_is_rejected_with_the_reason(aws: Aws) -> None:
    weak = aws.run(DatasetVersion="data-2", InputDataUri=f"s3://{PROCESSED}/weak/")
    assert weak.status == "Failed"
    assert weak.steps[-1].name == "Reject"
    assert weak.failure_reason is not None
    assert "auc" in weak.failure_reason
    assert "Register" not in [s.name for s in weak.steps]


def read(aws: Aws, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def imported(aws: Aws, name: str) -> ExecutionResult:
    """An execution that is given a model of `tests/workloads/inference/exports`, as `register --artefact` starts it."""
    key = f"runs/churn/imported/{name}/{name}.onnx"
    aws.s3.upload_file(str(ROOT / "tests/workloads/inference/exports" / f"{name}.onnx"), ARTIFACTS, key)
    return aws.run(DatasetVersion="data-1", ImportedModelUri=f"s3://{ARTIFACTS}/{key}")


def test_a_model_that_others_made_is_judged_and_registered_as_a_trained_one(aws: Aws, package: dict[str, Any]) -> None:
    found = imported(aws, "candidate")
    assert found.failure_reason is None
    made = aws.sagemaker.describe_model_package(
        ModelPackageName=found.step("Register").metadata["RegisterModel"]["Arn"]
    )
    said, before = made["CustomerMetadataProperties"], package["CustomerMetadataProperties"]
    content = (ROOT / "tests/workloads/inference/exports/candidate.onnx").read_bytes()
    assert said["origin"] == f"imported: sha256 {hashlib.sha256(content).hexdigest()}"
    assert before["origin"] == "trained here"
    assert {key: said[key] for key in ("dataset_version", "contract_sha", "inference_image")} == {
        key: before[key] for key in ("dataset_version", "contract_sha", "inference_image")
    }
    evaluation = json.loads(read(aws, said["evaluation"]))
    checks = {check["name"] for check in evaluation["gate"]["checks"]}
    trained = {check["name"] for check in json.loads(read(aws, before["evaluation"]))["gate"]["checks"]}
    assert (evaluation["gate"]["decision"], checks - {"auc against the champion"}) == ("register", trained)


def test_one_that_is_not_good_enough_is_rejected(aws: Aws, first: ExecutionResult) -> None:
    assert first.failure_reason is None
    found = imported(aws, "net")
    assert (found.step("Train").status, found.step("Reject").status) == ("Succeeded", "Failed")
    assert "(quality.f1.min of the contract)" in str(found.failure_reason)


def test_one_that_cannot_be_asked_fails_with_the_reason(aws: Aws, first: ExecutionResult) -> None:
    assert first.failure_reason is None
    found = imported(aws, "fixed")
    assert found.step("Train").status == "Failed"
    assert "fixed.onnx: inputs features tensor(float) [2, 6] are found; allowed is one matrix" in str(
        found.step("Train").failure_reason
    )


def test_a_search_registers_the_best_of_its_trials(aws: Aws, first: ExecutionResult) -> None:
    assert first.failure_reason is None
    found = aws.run(tune=True, DatasetVersion="data-1")
    assert found.failure_reason is None
    assert {step.name for step in found.steps if step.cache_hit} == {"Prepare", "Baseline"}
    search = found.step("Tune").metadata["TuningJob"]["Arn"].rpartition("/")[2]
    said = aws.sagemaker.describe_model_package(
        ModelPackageName=found.step("Register").metadata["RegisterModel"]["Arn"]
    )["CustomerMetadataProperties"]
    place = f"runs/churn/{said['pipeline_execution']}/Tune/output/{search}-"
    keys = [each["Key"] for each in aws.s3.list_objects_v2(Bucket=ARTIFACTS, Prefix=place)["Contents"]]
    models = [key for key in keys if key.endswith("/model.tar.gz")]
    losses = {key.split("/")[5]: metadata(aws, key)["validation_loss"] for key in models}
    assert len(losses) == 2
    for key in (key for key in keys if key not in models):  # what each trial tells of itself beside its model
        told_of = record.read(ARTIFACTS, key, read(aws, f"s3://{ARTIFACTS}/{key}"), at_ms=1)
        assert min(each.value for each in told_of.metrics if each.key == "validation_loss") == losses[told_of.name]
        assert told_of.tags["model_uri"] == f"s3://{ARTIFACTS}/{key.replace('output.tar.gz', 'model.tar.gz')}"
    assert len(keys) == 2 * len(models)
    assert said["training_job"] == min(losses, key=lambda name: losses[name])
    told = searched.read(
        Names(stack="staging", account="123456789012", region="eu-west-1").of_workload("churn"),
        f"s3://{ARTIFACTS}/runs/churn/{said['pipeline_execution']}",
        s3=aws.s3,
        sagemaker=SimpleNamespace(describe_pipeline=lambda **_: {"PipelineDefinition": json.dumps(aws.search)}),
    )
    assert {trial.job: trial.loss for trial in told.trials} == losses
    assert told.limits == "2 trials of at most 2, in at most 11000 s, by its budget"
    told.check({"CustomerMetadataProperties": said})
    # Trials share the place of their checkpoints, and none finds another's.
    prefix = "checkpoints/churn/"
    kept = [each["Key"] for each in aws.s3.list_objects_v2(Bucket=ARTIFACTS, Prefix=prefix)["Contents"]]
    assert len({key.split("/")[4] for key in kept if key.split("/")[3] == "tuning"}) == 2


def metadata(aws: Aws, key: str) -> dict[str, Any]:
    """What a model says of itself in its archive."""
    with tarfile.open(fileobj=io.BytesIO(read(aws, f"s3://{ARTIFACTS}/{key}"))) as archive:
        member = archive.extractfile("metadata.json")
        assert member is not None
        return json.loads(member.read())


def ended(aws: Aws, definition: str, name: str, given: Any) -> dict[str, Any]:
    """An execution of a machine of this definition, once it has ended."""
    states = aws.client("stepfunctions")
    made = states.create_state_machine(
        name=f"{NAME}-training-{name}",
        roleArn="arn:aws:iam::123456789012:role/churn-staging-training-machine",
        definition=definition,
    )
    arn = states.start_execution(stateMachineArn=made["stateMachineArn"], name=name, input=json.dumps(given))
    return eventually(
        lambda: (
            found
            if (found := states.describe_execution(executionArn=arn["executionArn"]))["status"] != "RUNNING"
            else None
        ),
        seconds=600,
    )


@pytest.fixture(scope="module")
def machine() -> dict[str, Any]:
    values = {**render.MACHINE_EXAMPLES, "contract_sha": SHA, "num_round": 40}
    return json.loads(render.render(render.read("machine"), values))


@pytest.fixture(scope="module")
def machine_run(aws: Aws, machine: dict[str, Any]) -> dict[str, Any]:
    definition = machine_with_experiment(json.dumps(machine), NAME)
    return ended(aws, definition, "machine1", {"parameters": {"DatasetVersion": "data-1"}})


def test_the_state_machine_registers_the_same_model(
    aws: Aws, package: dict[str, Any], machine_run: dict[str, Any]
) -> None:
    run = machine_run
    assert run["status"] == "SUCCEEDED", run.get("cause")
    registered = json.loads(run["output"])["registered"]["ModelPackageArn"]
    made = aws.sagemaker.describe_model_package(ModelPackageName=registered)
    models = [each["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] for each in (package, made)]
    assert members(aws, models[0]) == members(aws, models[1])
    said, before = made["CustomerMetadataProperties"], package["CustomerMetadataProperties"]
    assert said["training_job"].startswith("churn-staging-Train-")
    assert said["pipeline_execution"] == "machine1"
    its_own = {"training_job", "pipeline_execution"}
    assert {key: value.replace("/machine1/", "/execution1/") for key, value in said.items() if key not in its_own} == {
        key: value for key, value in before.items() if key not in its_own
    }
    assert made["ModelApprovalStatus"] == "PendingManualApproval"
    assert made["MetadataProperties"]["GeneratedBy"] == run["executionArn"]
    kept = {"InferenceSpecification", "ModelMetrics", "DriftCheckBaselines", "ModelCard"}
    assert kept <= made.keys()
    measured = [json.loads(read(aws, each["evaluation"]))["metrics"] for each in (said, before)]
    assert measured[0] == measured[1]


def test_the_run_of_the_machine_is_a_trial_of_the_experiment_and_so_is_the_next(
    aws: Aws, machine: dict[str, Any], machine_run: dict[str, Any]
) -> None:
    first = hashlib.md5(machine_run["executionArn"].encode(), usedforsecurity=False).hexdigest()
    assert aws.sagemaker.describe_trial(TrialName=f"{NAME}-{first}")["ExperimentName"] == NAME
    brief = {**machine, "States": machine["States"] | {"Prepare": {"Type": "Succeed"}}}
    run = ended(
        aws, machine_with_experiment(json.dumps(brief), NAME), "machine2", {"parameters": {"DatasetVersion": "data-1"}}
    )
    assert run["status"] == "SUCCEEDED", run.get("cause")  # the experiment is there already
    second = hashlib.md5(run["executionArn"].encode(), usedforsecurity=False).hexdigest()
    assert aws.sagemaker.describe_trial(TrialName=f"{NAME}-{second}")["ExperimentName"] == NAME


def test_the_steps_of_the_machine_are_told_as_those_of_a_pipeline(aws: Aws, machine_run: dict[str, Any]) -> None:
    assert machine_run["status"] == "SUCCEEDED"
    states = aws.client("stepfunctions")
    arn = f"arn:aws:states:eu-west-1:123456789012:stateMachine:{NAME}-training-machine1"
    runs = MachineRuns(states, aws.sagemaker, pipeline=NAME, arn=arn)
    (execution,) = runs.list_pipeline_executions(PipelineName=NAME)["PipelineExecutionSummaries"]
    pages = runs.get_paginator("list_pipeline_execution_steps").paginate(
        PipelineExecutionArn=execution["PipelineExecutionArn"]
    )
    steps = {step["StepName"]: step for page in pages for step in page["PipelineExecutionSteps"]}
    assert list(steps) in (
        ["Prepare", "Baseline", "Train", "Evaluate", "Register"],
        ["Prepare", "Train", "Baseline", "Evaluate", "Register"],
    )
    assert {step["StepStatus"] for step in steps.values()} == {"Succeeded"}
    kinds = {name: step["Metadata"][kind]["Arn"] for name, step in steps.items() for kind in step["Metadata"]}
    assert kinds["Train"].startswith("arn:aws:sagemaker:eu-west-1:123456789012:training-job/churn-staging-Train-")
    assert kinds["Evaluate"].startswith("arn:aws:sagemaker:eu-west-1:123456789012:processing-job/churn-staging-Eval")
    assert kinds["Register"].startswith(f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/{NAME}/")
    assert all(step["EndTime"] >= step["StartTime"] for step in steps.values())


def members(aws: Aws, uri: str) -> dict[str, bytes]:
    """The files of a model's archive."""
    with tarfile.open(fileobj=io.BytesIO(read(aws, uri))) as archive:
        return {each.name: found.read() for each in archive if (found := archive.extractfile(each))}


def test_a_run_of_the_machine_that_asks_for_what_no_step_may_have_starts_no_job(
    aws: Aws, machine: dict[str, Any]
) -> None:
    given = {"DatasetVersion": "data-1", "TrainingInstanceType": "ml.g5.xlarge"}
    run = ended(aws, json.dumps(machine), "refused", {"parameters": given})
    assert (run["status"], run["error"], run["cause"]) == (
        "FAILED",
        "Parameters",
        "parameters: needed are DatasetVersion; ProcessingInstanceType and TrainingInstanceType are among the "
        "types listed in Take",
    )


def test_a_machine_for_disks_of_its_own_starts_no_job_on_another_type(aws: Aws, machine: dict[str, Any]) -> None:
    on_disks = for_type(json.dumps(machine), ON_DISKS)
    for asked in ("ml.m5.xlarge", "ml.g5.xlarge"):
        given = {"DatasetVersion": "data-1", "TrainingInstanceType": asked}
        run = ended(aws, on_disks, asked.replace(".", "-"), {"parameters": given})
        assert (run["status"], run["error"]) == ("FAILED", "Parameters")


def test_a_training_job_on_disks_of_its_own_is_taken_without_the_key_alone(aws: Aws, first: ExecutionResult) -> None:
    """As the API does. The rounds are not those of other runs, or the step came from the cache."""
    assert first.failure_reason is None
    plain = json.dumps(aws.definition).replace("ml.m5.2xlarge", ON_DISKS)  # with the key, and the type as default
    for definition, reason in (
        (json.loads(plain), f"VolumeKmsKeyId is given with {ON_DISKS}"),
        (json.loads(for_type(plain, ON_DISKS)), None),
    ):
        run = Runner(definition, TRAINED, aws.endpoint, aws.workdir, NAME, ARN, f"disks{bool(reason)}".lower()).run()
        train = run.step("Train")
        assert train.status == ("Failed" if reason else "Succeeded")
        assert (reason or "") in (run.failure_reason or "")


def test_the_machine_trains_on_disks_of_its_own(aws: Aws, machine: dict[str, Any]) -> None:
    on_disks = for_type(json.dumps(machine), ON_DISKS)
    on_disks = on_disks.replace('"TrainingInstanceType":"ml.m5.2xlarge"', f'"TrainingInstanceType":"{ON_DISKS}"')
    run = ended(aws, on_disks, "on-disks", {"parameters": {"DatasetVersion": "data-1"}})
    assert run["status"] == "SUCCEEDED", run.get("cause")


def test_the_gate_of_the_machine_rejects_with_its_reason(aws: Aws, machine: dict[str, Any]) -> None:
    judged = {"gate": {"decision": "reject", "reason": "auc is 0.51, at least 0.75 is asked"}}
    given = {"files": {"Evaluation": {"content": judged}}}
    run = ended(aws, json.dumps({**machine, "StartAt": "Gate"}), "rejected", given)
    assert (run["status"], run["error"], run["cause"]) == ("FAILED", "Rejected", judged["gate"]["reason"])


@pytest.mark.parametrize(
    ("reason", "waited", "status"),
    [
        ("CapacityError: no ml.m5.xlarge", 1, "SUCCEEDED"),
        ("InternalServerError: try again", 1, "SUCCEEDED"),
        (f"AlgorithmError: PlatformError: {LOST}, exit code: 75", 1, "SUCCEEDED"),
        ("AlgorithmError: PlatformError: channels not found", 1, "FAILED"),
        ("AlgorithmError: UserError: of 3 hosts", 1, "FAILED"),
        ("AlgorithmError: CapacityError of a column", 1, "FAILED"),
        ("CapacityError: no ml.m5.xlarge", 1920, "FAILED"),
    ],
)
def test_a_job_is_run_again_where_its_failure_is_not_of_what_it_runs(
    aws: Aws, machine: dict[str, Any], reason: str, waited: int, status: str
) -> None:
    of_step = {name: state for name, state in machine["States"].items() if name.startswith("Prepare")}
    definition = {"StartAt": "PrepareFailed", "States": {**of_step, "Prepare": {"Type": "Succeed"}}}
    cause = json.dumps({"ProcessingJobStatus": "Failed", "FailureReason": reason}, separators=(",", ":"))
    given = {"waits": {"Prepare": waited}, "error": {"Error": "States.TaskFailed", "Cause": cause}}
    run = ended(aws, json.dumps(definition), f"again-{hashlib.sha256(reason.encode()).hexdigest()[:8]}-{waited}", given)
    assert run["status"] == status
    if status == "SUCCEEDED":
        assert json.loads(run["output"])["waits"]["Prepare"] == 2 * waited
    else:
        assert (run["error"], run["cause"]) == ("JobFailed", cause)
