"""The state machine in the place of the training pipeline: what it runs, as whom, and what its role may do."""

from __future__ import annotations

import functools
import json
from typing import Literal

import pulumi_aws as aws

from components.models import machine
from components.models.permissions import Job
from components.models.training import Training, TrainingArgs, watch
from settings import Training as TrainingSettings
from settings import Tuning
from tests.components.engine import CHURN as NAMES
from tests.components.engine import LIVE, Deployment, deploy, ground, permissions
from tests.components.models.test_training import CHURN, IMAGES, SHA
from workloads.pipeline import render
from workloads.pipeline.graph import walk

_SPECIFICATIONS = "AdditionalInferenceSpecifications"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:churn-staging-training"


@functools.cache
def training(*, tuned: bool = False, tracking: Literal["experiments", "none"] = "experiments") -> Deployment:
    def program() -> None:
        made = Training(
            "training",
            TrainingArgs(
                ground=ground(),
                names=NAMES,
                champion=LIVE,
                contract=CHURN,
                images=IMAGES,
                package_group=aws.sagemaker.ModelPackageGroup("packages", model_package_group_name=NAMES.package_group),
                owner="ml-team",
                tuning=Tuning() if tuned else None,
                by_machine=True,
                instances=TrainingSettings(tracking=tracking),
            ),
        )
        assert isinstance(made.runs, aws.sfn.StateMachine)

    return deploy(program)


def test_it_runs_the_committed_definition_with_the_stacks_values() -> None:
    made = training().one("training-machine").inputs
    assert (made["name"], made["type"]) == ("churn-staging-training", "STANDARD")
    assert made["tracingConfiguration"] == {"enabled": True}
    assert made["loggingConfiguration"]["includeExecutionData"] is False
    states = json.loads(made["definition"])["States"]
    assert states.keys() == json.loads(render.read("machine"))["States"].keys() | {"Experiment", "Trial"}
    roles = {name: states[name]["Parameters"]["RoleArn"].rpartition("/")[2] for name in ("Prepare", "Evaluate")}
    assert roles == {"Prepare": "churn-staging-processing", "Evaluate": "churn-staging-evaluation"}
    contract, _ = states["Prepare"]["Parameters"]["ProcessingInputs"]
    assert contract["S3Input"]["S3Uri"] == f"s3://{NAMES.artifacts_bucket}/contracts/churn/{SHA}/contract.json"


def test_its_packages_name_the_image_for_graviton_too() -> None:
    """Which image a run judged is known to the run alone, and said by the member's name there; this one is known."""
    text = training().one("training-machine").inputs["definition"]
    (register,) = [node for _, node in walk(json.loads(text)) if isinstance(node, dict) and _SPECIFICATIONS in node]
    (found,) = register[_SPECIFICATIONS]
    (own,) = register["InferenceSpecification"]["Containers"]
    assert found["Containers"] == [{"ModelDataUrl.$": own["ModelDataUrl.$"], "Image": IMAGES["inference-arm64"]}]


def test_there_is_no_pipeline_but_that_of_a_search() -> None:
    kind = "aws:sagemaker/pipeline:Pipeline"
    assert [each.name for each in training().resources if each.type == kind] == []
    assert [each.name for each in training(tuned=True).resources if each.type == kind] == ["training-tuning-pipeline"]


def test_its_role_runs_its_own_jobs_with_their_roles_and_registers_in_its_group() -> None:
    found = permissions(training(), "training-machine-role")
    of_job = "arn:aws:sagemaker:eu-west-1:123456789012"
    assert found["RunJobs"]["Resource"] == [
        f"{of_job}:processing-job/churn-staging-Prepare-*",
        f"{of_job}:processing-job/churn-staging-Baseline-*",
        f"{of_job}:processing-job/churn-staging-Evaluate-*",
        f"{of_job}:training-job/churn-staging-Train-*",
    ]
    assert found["HandRolesToJobs"]["Resource"] == [NAMES.role_arn(job) for job in Job]
    assert found["RegisterModels"]["Resource"] == [
        f"{of_job}:model-package-group/churn-staging",
        f"{of_job}:model-package/churn-staging/*",
    ]
    assert found["LearnOfEnds"]["Resource"] == [
        f"arn:aws:events:eu-west-1:123456789012:rule/StepFunctionsGetEventsForSageMaker{kind}JobsRule"
        for kind in ("Processing", "Training")
    ]


def test_its_runs_are_in_an_experiment_unless_the_setting_says_none() -> None:
    kept, none = training(), training(tracking="none")
    found, without = (json.loads(each.one("training-machine").inputs["definition"]) for each in (kept, none))
    assert found["States"]["Experiment"]["Parameters"] == {"ExperimentName": NAMES.pipeline}
    assert without["States"].keys() == json.loads(render.read("machine"))["States"].keys()
    may, may_not = (permissions(each, "training-machine-role") for each in (kept, none))
    assert may.keys() - may_not.keys() == {"RecordExperiments"}
    of_job = "arn:aws:sagemaker:eu-west-1:123456789012"
    assert may["RecordExperiments"]["Resource"] == [
        f"{of_job}:experiment/churn-staging",
        f"{of_job}:experiment-trial/*",
        f"{of_job}:experiment-trial-component/churn-staging-*",
    ]
    assert {"sagemaker:CreateExperiment", "sagemaker:CreateTrial"} <= set(may["RecordExperiments"]["Action"])


def test_its_steps_are_those_of_the_definition() -> None:
    calls = {"createProcessingJob": "Processing", "createTrainingJob": "Training"}
    definition = json.loads(render.read("machine"))
    states = dict(definition["States"])
    for state in definition["States"].values():
        for branch in state.get("Branches", []):
            states |= branch["States"]
    found: dict[str, set[str]] = {}
    for name, state in states.items():
        call = str(state.get("Resource")).rpartition("sagemaker:")[2].partition(".")[0]
        if call in calls:
            found.setdefault(calls[call], set()).add(name)
    assert found == {kind: set(steps) for kind, steps in machine.STEPS.items()}


def test_people_hear_of_its_failed_runs_and_see_its_runs() -> None:
    found = watch(NAMES, tuned=False, by_machine=True)
    assert [event.name for event in found.events] == ["churn-staging-training-failed", "churn-staging-package-decided"]
    assert found.events[0].pattern["detail"]["stateMachineArn"] == [MACHINE]
    assert [series.dimensions for widget in found.widgets for series in widget.series] == [
        {"StateMachineArn": MACHINE}
    ] * 3
    of_search = watch(NAMES, tuned=True, by_machine=True)
    assert [event.name for event in of_search.events] == [
        "churn-staging-pipeline-failed",
        "churn-staging-training-failed",
        "churn-staging-package-decided",
    ]
