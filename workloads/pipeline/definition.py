"""The training pipeline. Read `build` beside the picture in the package's docstring.

Caching (AWS "Default cache key attributes by pipeline step type"): a step is reused when its image, arguments,
environment, inputs and, for training, hyper-parameters and checkpoint place are the same. So
- Prepare carries DatasetVersion in its environment: InputDataUri is a prefix that grows, its text says nothing of its
  content. That parameter has no default, because a default would silently train on old data.
- Baseline and Train follow: their inputs are Prepare's outputs.
- Train's checkpoints lie under Prepare's job name and the hyper-parameters, not under the execution: so the key is the
  same for the same work, and a job can never resume from another one's checkpoints.
- Evaluate is never cached: it compares with the champion of the moment.
"""

from __future__ import annotations

from typing import Any

from workloads.pipeline import finish, steps  # isort: skip  (sets the SDK's environment: first)
from sagemaker.core.workflow.conditions import ConditionEquals
from sagemaker.core.workflow.execution_variables import ExecutionVariables
from sagemaker.core.workflow.functions import Join, JsonGet
from sagemaker.core.workflow.parameters import ParameterFloat, ParameterInteger, ParameterString
from sagemaker.mlops.workflow.condition_step import ConditionStep
from sagemaker.mlops.workflow.fail_step import FailStep
from sagemaker.mlops.workflow.pipeline import Pipeline
from sagemaker.mlops.workflow.pipeline_experiment_config import PipelineExperimentConfig
from sagemaker.mlops.workflow.steps import PropertyFile

from contracts.instances import trained_on, with_volumes
from workloads.pipeline.steps import input_path, output_path, output_uri, token

#: What whoever starts an execution may choose. Roles, keys, networks, images and buckets are never among it.
DATA_URI = ParameterString(
    "InputDataUri", default_value=f"s3://{token('processed_bucket')}/accepted/{token('workload')}/"
)
DATA_VERSION = ParameterString("DatasetVersion")
#: The steps name a key for their volumes, whatever type a run asks for, and SageMaker refuses a key on types with disks
#: of their own: such a type (ml.g5.xlarge) is refused when the run is started, not when its third job is.
PROCESSING_TYPE = ParameterString(
    "ProcessingInstanceType", default_value="ml.m5.xlarge", enum_values=with_volumes("processing")
)
TRAINING_TYPE = ParameterString("TrainingInstanceType", default_value="ml.m5.2xlarge", enum_values=trained_on())
APPROVAL = ParameterString(
    "ModelApprovalStatus",
    default_value="PendingManualApproval",
    enum_values=["PendingManualApproval", "Approved", "Rejected"],
)
CONTRACT = f"s3://{token('artifacts_bucket')}/contracts/{token('workload')}/{token('contract_sha')}/contract.json"
#: A model that others made, which Train packages instead of training one. A channel must hold something: without such a
#: model it is the contract once more.
IMPORTED = ParameterString("ImportedModelUri", default_value=CONTRACT)
#: The archive of the champion, which Train goes on from; without one it is the contract too.
FORMER = ParameterString("FormerModelUri", default_value=CONTRACT)
NUM_ROUND, ETA, MAX_DEPTH = ParameterInteger("NumRound"), ParameterFloat("Eta"), ParameterInteger("MaxDepth")
PARAMETERS = [DATA_URI, DATA_VERSION, PROCESSING_TYPE, TRAINING_TYPE, APPROVAL]
PARAMETERS += [NUM_ROUND, ETA, MAX_DEPTH, IMPORTED, FORMER]

#: Parameters whose default is known at deployment: numbers of the contract, a type among those that it may be. The SDK
#: takes no token for either: `finish` puts it in.
DEFAULTS = {
    "NumRound": "num_round",
    "Eta": "eta",
    "MaxDepth": "max_depth",
    "TrainingInstanceType": "training_instance_type",
}
#: What a training image runs. The SDK states an entry point only for code that it uploads: `finish` puts it in.
ENTRYPOINTS = {"Train": ["python3", "-m", "workloads.training"]}
#: Jobs that call AWS while they run, and why. Every other job is isolated from the network: `harden` sees to it.
CONNECTED = {
    "Evaluate": "reads the release record (SSM), the champion's package (SageMaker) and its model (S3), and asks an "
    "image of others by a transform job (SageMaker)"
}

CONTRACT_PATH = f"{input_path('contract')}/contract.json"
#: What the gate and the package read. The manifest, which lists every object of a data set, may be too long for that.
REPORT = PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")
#: Metrics that SageMaker reads out of the training log, for CloudWatch and the experiment.
METRICS = {"validation:loss": r'"validation-loss": ([-+0-9.e]+)'}


def build() -> Pipeline:
    """The pipeline `train`, with tokens for all that is known at deployment only."""
    session = steps.new_session()

    prepare = _prepare(session)
    baseline = _baseline(session, prepare)
    train = _train(session, prepare)
    evaluate = _evaluate(session, prepare, baseline, train)
    gate = ConditionStep(
        "Gate",
        conditions=[ConditionEquals(left=_judged("gate.decision"), right="register")],
        if_steps=[_register(session, train, evaluate)],
        else_steps=[FailStep("Reject", error_message=_judged("gate.reason"))],
    )

    return Pipeline(
        name=token("experiment"),
        parameters=PARAMETERS,
        steps=[prepare, baseline, train, evaluate, gate],
        pipeline_experiment_config=PipelineExperimentConfig(
            token("experiment"), ExecutionVariables.PIPELINE_EXECUTION_ID
        ),
        sagemaker_session=session,
    )


def _prepare(session: Any) -> Any:
    """Accepted data -> features, split by entity; and the manifest of what went in."""
    return steps.processing(
        "Prepare",
        session=session,
        role=token("processing_role"),
        module=["workloads.etl"],
        inputs={"contract": CONTRACT, "accepted": DATA_URI},
        outputs=["train", "validation", "test", "manifest"],
        arguments=["--contract", CONTRACT_PATH, "--input", input_path("accepted"), "--output", output_path()],
        environment={"DATASET_VERSION": DATA_VERSION},
        instance_type=PROCESSING_TYPE,
        hours=2,
        isolated=True,
        cache=steps.cached(days=30),
    )


def _baseline(session: Any, prepare: Any) -> Any:
    """What the training data looks like: what live data is compared with later."""
    return steps.processing(
        "Baseline",
        session=session,
        role=token("processing_role"),
        module=["workloads.drift", "baseline"],
        inputs={"contract": CONTRACT, "train": output_uri(prepare, "train")},
        outputs=["baseline"],
        arguments=[
            *("--contract", CONTRACT_PATH),
            *("--data", input_path("train")),
            *("--output", output_path("baseline")),
        ],
        instance_type=PROCESSING_TYPE,
        hours=1,
        isolated=True,
        cache=steps.cached(days=30),
    )


def _train(session: Any, prepare: Any) -> Any:
    """The model. Rounds, rate and depth come from the contract unless the execution says otherwise; so does the model
    itself where the execution brings one."""
    return steps.training(
        "Train",
        session=session,
        channels={
            "train": output_uri(prepare, "train"),
            "validation": output_uri(prepare, "validation"),
            "contract": CONTRACT,
            "manifest": output_uri(prepare, "manifest"),
            "imported": IMPORTED,
            "former": FORMER,
        },
        # A number parameter must be made a text, or the definition has a number where the API takes texts only.
        hyperparameters={
            "num_round": NUM_ROUND.to_string(),
            "eta": ETA.to_string(),
            "max_depth": MAX_DEPTH.to_string(),
        },
        checkpoints=Join(
            on="/",
            values=[
                f"s3://{token('artifacts_bucket')}/checkpoints/{token('workload')}",
                prepare.properties.ProcessingJobName,
                Join(on="-", values=[NUM_ROUND, ETA, MAX_DEPTH]),
            ],
        ),
        metrics=METRICS,
        instance_type=TRAINING_TYPE,
        hours=4,
        wait_hours=8,
        cache=steps.cached(days=30),
    )


def _evaluate(session: Any, prepare: Any, baseline: Any, train: Any) -> Any:
    """The candidate against the thresholds and against the live champion, on the same test rows."""
    return steps.processing(
        "Evaluate",
        session=session,
        role=token("evaluation_role"),
        module=["workloads.evaluation"],
        inputs={
            "contract": CONTRACT,
            "model": _model_data(train),
            "test": output_uri(prepare, "test"),
            "manifest": output_uri(prepare, "manifest"),
            "baseline": output_uri(baseline, "baseline"),
        },
        outputs=["evaluation"],
        arguments=[
            *("--contract", CONTRACT_PATH),
            *("--model", input_path("model")),
            *("--test", input_path("test")),
            *("--manifest", f"{input_path('manifest')}/manifest.json"),
            *("--baseline", f"{input_path('baseline')}/baseline.json"),
            *("--release-parameter", token("release_parameter")),
            *("--output", output_path("evaluation")),
            # A model in an image of others is asked by a job beside this one, as this one's role.
            *("--image", token("inference_image")),
            *("--name", token("package_group")),
            *("--role", token("evaluation_role")),
            *("--key", token("kms_key")),
            *("--subnets", token("subnets")),
            *("--security-groups", token("security_groups")),
        ],
        environment={
            "AWS_DEFAULT_REGION": token("region"),  # a job is given AWS_REGION, which boto3 does not read
            "MODEL_DATA_URI": _model_data(train),
            "ASKED_URI": steps.run_uri("Evaluate", "asked"),
        },
        instance_type=PROCESSING_TYPE,
        hours=2,
        isolated=False,  # see CONNECTED; its calls go through the VPC's endpoints
        property_files=[REPORT],
    )


def _register(session: Any, train: Any, evaluate: Any) -> Any:
    """The package: enough to tell what the model is, what it came from, and what to watch it against."""
    evaluation = output_uri(evaluate, "evaluation")
    evaluation_file = Join(on="/", values=[evaluation, "evaluation.json"])
    return steps.register(
        "Register",
        session=session,
        model_data=_model_data(train),
        evaluation=evaluation_file,
        statistics=Join(on="/", values=[evaluation, "statistics.json"]),
        constraints=Join(on="/", values=[evaluation, "constraints.json"]),
        approval=APPROVAL,
        commit=_judged("code_version"),
        metadata={
            "metric": _judged("headline.text"),
            "contract_sha": token("contract_sha"),
            "dataset_uri": DATA_URI,
            "dataset_version": _judged("dataset_version"),
            "requested_version": DATA_VERSION,
            "drift_baseline": Join(on="/", values=[evaluation, "baseline.json"]),
            "record_preprocessor": Join(on="/", values=[evaluation, "record_preprocessor.py"]),
            "evaluation": evaluation_file,
            finish.IMAGE: _judged("inference_image"),
            "pipeline_execution": ExecutionVariables.PIPELINE_EXECUTION_ID,
            "training_image": token("training_image"),
            "origin": _judged("origin"),
            "training_job": train.properties.TrainingJobName,
        },
    )


def _judged(path: str) -> JsonGet:
    """A value of evaluation.json, which says what data and code really were, whatever the execution was asked for."""
    return JsonGet(step_name="Evaluate", property_file=REPORT, json_path=path)


def _model_data(train: Any) -> Any:
    return train.properties.ModelArtifacts.S3ModelArtifacts
