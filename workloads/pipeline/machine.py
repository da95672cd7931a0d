"""The state machine `machine`: what the pipeline `train` does, in the Amazon States Language, of its compiled form.

    Take, Check       parameters of the run over the defaults; a type that no step may have is refused
    <step>            a job of Step Functions' own integration, which waits for its end; steps that need nothing of
                      each other at the same time
    <step>Failed ...  again after a wait that doubles, where the job's failure is none of the algorithm's
    Read<file>        what the gate and the package need of a file that a job left
    Gate, Register, Reject

What differs from the pipeline:
- Nothing is cached: every run does all its steps.
- A run chooses no approval: what it registers waits for a person.
- Jobs are called `<workload>-<stack>-<step>-<chance>`. What they are recorded in is said when the machine is rendered
  (`tracking`).

The input of a run is {"parameters": {...}}, by the names of the pipeline's parameters. Where its steps write goes by
the execution's name, as a pipeline's goes by the execution's id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.machine_runs import REJECTED
from workloads.pipeline.expressions import Expressions
from workloads.pipeline.graph import needs, steps_of
from workloads.pipeline.tokens import TOKENS

_JOBS = {"Processing": "createProcessingJob", "Training": "createTrainingJob"}
#: Parameters that are values here: who starts a run does not approve what comes of it.
_FIXED = frozenset({"ModelApprovalStatus"})
#: Retry policies of a pipeline by what they are for (SageMaker developer guide, "Retry policy for pipeline steps").
_OF_SERVICE, _OF_JOB = "Step.SERVICE_FAULT", "SageMaker.CAPACITY_ERROR"
#: How the reason of a job's failure begins that another attempt can cure, in what Step Functions tells of the job.
#: What a container says of itself SageMaker calls an AlgorithmError: also a lost host (`workloads.training.hosts`).
_CURABLE = (
    '*"FailureReason":"CapacityError*',
    '*"FailureReason":"InternalServerError*',
    '*"FailureReason":"AlgorithmError: PlatformError: of * hosts one was lost*',
)
#: Eight digits of chance: names of jobs are unique in an account, and each attempt has one of its own.
_CHANCE = "States.ArrayGetItem(States.StringSplit(States.UUID(), '-'), 0)"
_UNTIL_THERE = 1800  # seconds for an instance to come
_States = dict[str, dict[str, Any]]


def machine(train: Mapping[str, Any]) -> dict[str, Any]:
    """The machine of the compiled, hardened definition `train`, with tokens as that has, and `partition`."""
    parameters = {each["Name"]: each for each in train["Parameters"]}
    fixed = {name: each["DefaultValue"] for name, each in parameters.items() if name in _FIXED}
    expressions = Expressions({step["Name"]: step for step in steps_of(train["Steps"])}, fixed)
    asked = [each for name, each in parameters.items() if name not in _FIXED]
    levels = _levels(train["Steps"])
    states = _begin(asked, train["Steps"])
    done: list[str] = []
    for index, level in enumerate(levels):
        then = _first(levels[index + 1]) if index + 1 < len(levels) else None
        states |= _level(expressions, level, done, then)
        done += [step["Name"] for step in level]
    return {
        "Comment": f"From accepted data to a registered model of {_token('workload')}",
        "StartAt": "Take",
        "States": states,
    }


def _levels(steps: Sequence[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """The steps in order, those together that need nothing of each other; not those in branches."""
    waiting, levels = list(steps), list[list[Mapping[str, Any]]]()
    ended = set[str]()
    while waiting:
        level = [step for step in waiting if needs(step) <= ended]
        levels.append(level)
        ended |= {step["Name"] for step in level}
        waiting = [step for step in waiting if step["Name"] not in ended]
    return levels


def _first(level: Sequence[Mapping[str, Any]]) -> str:
    return "And".join(step["Name"] for step in level)


def _begin(parameters: Sequence[Mapping[str, Any]], steps: Sequence[Mapping[str, Any]]) -> _States:
    """What a run is asked, over the defaults; refused where a value is missing or is none of the allowed."""
    defaults = {each["Name"]: each["DefaultValue"] for each in parameters if "DefaultValue" in each}
    allowed = {each["Name"]: each["EnumValues"] for each in parameters if "EnumValues" in each}
    required = [each["Name"] for each in parameters if "DefaultValue" not in each]
    among = {f"{name}.$": f"States.ArrayContains($.allowed.{name}, $.parameters.{name})" for name in allowed}
    waits = {step["Name"]: _policy(step, _OF_JOB)["IntervalSeconds"] for step in steps if step["Type"] in _JOBS}
    cause = f"parameters: needed are {', '.join(required)}; {' and '.join(allowed)} are among the types listed in Take"
    return {
        "Take": {
            "Type": "Pass",
            "Parameters": {"given.$": "$.parameters", "defaults": defaults, "allowed": allowed},
            "Next": "Merge",
        },
        "Merge": {
            "Type": "Pass",
            "Parameters": {
                "allowed.$": "$.allowed",
                "parameters.$": "States.JsonMerge($.defaults, $.given, false)",
            },
            "Next": "Look",
        },
        "Look": {
            "Type": "Pass",
            "Parameters": {
                "parameters.$": "$.parameters",
                "legal": among,
                "waits": waits,
                "steps": {},
                "files": {},
            },
            "Next": "Check",
        },
        "Check": {
            "Type": "Choice",
            "Choices": [
                {
                    "And": [
                        *({"Variable": f"$.parameters.{name}", "IsPresent": True} for name in required),
                        *({"Variable": f"$.legal.{name}", "BooleanEquals": True} for name in allowed),
                    ],
                    "Next": _first(_levels(steps)[0]),
                }
            ],
            "Default": "Refuse",
        },
        "Refuse": {"Type": "Fail", "Error": "Parameters", "Cause": cause},
    }


def _level(
    expressions: Expressions, level: Sequence[Mapping[str, Any]], before: Sequence[str], then: str | None
) -> _States:
    """The states of steps that run at the same time."""
    if len(level) == 1:
        return _step(expressions, level[0], then)
    kept = {f"{name}.$": f"$[0].steps.{name}" for name in before if expressions.properties(name)}
    made = {
        f"{step['Name']}.$": f"$[{index}].steps.{step['Name']}"
        for index, step in enumerate(level)
        if expressions.properties(step["Name"])
    }
    together = {
        "Type": "Parallel",
        "Branches": [{"StartAt": each["Name"], "States": _step(expressions, each, None)} for each in level],
        "ResultSelector": {**kept, **made},
        "ResultPath": "$.steps",
        **_next(then),
    }
    return {_first(level): together}


def _next(then: str | None) -> dict[str, Any]:
    return {"Next": then} if then else {"End": True}


def _step(expressions: Expressions, step: Mapping[str, Any], then: str | None) -> _States:
    match step["Type"]:
        case "Processing" | "Training":
            return _job(expressions, step, then)
        case "Condition":
            return _condition(expressions, step)
        case "RegisterModel":
            return {step["Name"]: _registers(expressions, step, then)}
        case "Fail":
            cause = expressions.text(step["Arguments"]["ErrorMessage"])
            return {step["Name"]: {"Type": "Fail", "Error": REJECTED, "CausePath": cause}}
        case _:
            raise ValueError(f"{step['Name']}: a step of type {step['Type']} has no states yet; teach it")


def _job(expressions: Expressions, step: Mapping[str, Any], then: str | None) -> _States:
    """A job, again where another attempt can cure its failure, and what is read of the files that it leaves."""
    name, call = step["Name"], _JOBS[step["Type"]]
    answer = expressions.properties(name)
    result = {"ResultSelector": {f"{key}.$": path for key, path in answer.items()}, "ResultPath": f"$.steps.{name}"}
    stopping = step["Arguments"]["StoppingCondition"]
    seconds = stopping.get("MaxWaitTimeInSeconds", stopping["MaxRuntimeInSeconds"])
    task = {
        "Type": "Task",
        "Resource": f"arn:{_token('partition')}:states:::sagemaker:{call}.sync",
        "Parameters": {
            f"{call[6:]}Name.$": f"States.Format('{_token('experiment')}-{name}-{{}}', {_CHANCE})",
            **expressions.payload(step["Arguments"]),
        },
        **(result if answer else {"ResultPath": None}),
        "TimeoutSeconds": seconds + _UNTIL_THERE,
        "Retry": [_retry(step, ["SageMaker.AmazonSageMakerException"])],
        "Catch": [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.error", "Next": f"{name}Failed"}],
    }
    reads = {
        f"Read{file['PropertyFileName']}": _reads(expressions, step, file) for file in step.get("PropertyFiles", [])
    }
    for state, following in zip([task, *reads.values()], [*reads, then], strict=True):
        state |= _next(following)
    return {name: task, **_again(step), **reads}


def _again(step: Mapping[str, Any]) -> _States:
    """The job once more after waits that double, where its failure is not of what it runs."""
    name, policy = step["Name"], _policy(step, _OF_JOB)
    if policy["BackoffRate"] != 2:
        raise ValueError(f"{name}: waits grow by {policy['BackoffRate']:g}; a state machine doubles them")
    most = policy["IntervalSeconds"] * 2 ** policy["MaxAttempts"]
    wait = f"$.waits.{name}"
    curable = {"Or": [{"Variable": "$.error.Cause", "StringMatches": pattern} for pattern in _CURABLE]}
    return {
        f"{name}Failed": {
            "Type": "Choice",
            "Choices": [{"And": [{"Variable": wait, "NumericLessThan": most}, curable], "Next": f"{name}Waits"}],
            "Default": f"{name}Fails",
        },
        f"{name}Waits": {"Type": "Wait", "SecondsPath": wait, "Next": f"{name}Again"},
        f"{name}Again": {
            "Type": "Pass",
            "Parameters": {"doubled.$": f"States.MathAdd({wait}, {wait})"},
            "ResultPath": "$.next",
            "Next": f"{name}Doubled",
        },
        f"{name}Doubled": {"Type": "Pass", "InputPath": "$.next.doubled", "ResultPath": wait, "Next": name},
        # Its own name: a state may not fail by one of Step Functions' (States Language, "Errors"), as the job's end is.
        f"{name}Fails": {"Type": "Fail", "Error": "JobFailed", "CausePath": "$.error.Cause"},
    }


def _policy(step: Mapping[str, Any], of: str) -> Mapping[str, Any]:
    """The retry policy of a step that covers an exception."""
    return next(policy for policy in step["RetryPolicies"] if of in policy["ExceptionType"])


def _retry(step: Mapping[str, Any], errors: list[str]) -> dict[str, Any]:
    policy = _policy(step, _OF_SERVICE)
    members = ("BackoffRate", "IntervalSeconds", "MaxAttempts")
    return {"ErrorEquals": errors, "JitterStrategy": "FULL", **{member: policy[member] for member in members}}


def _reads(expressions: Expressions, step: Mapping[str, Any], file: Mapping[str, str]) -> dict[str, Any]:
    place = expressions.output(step["Name"], file["OutputName"])
    (first, *rest) = place["Std:Join"]["Values"]
    bucket, _, prefix = first.removeprefix("s3://").partition("/")
    key = {"Std:Join": {"On": "/", "Values": [prefix, *rest, file["FilePath"]]}}
    return {
        "Type": "Task",
        "Resource": f"arn:{_token('partition')}:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": bucket, "Key.$": expressions.text(key)},
        "ResultSelector": {"content.$": "States.StringToJson($.Body)"},
        "ResultPath": f"$.files.{file['PropertyFileName']}",
        "Retry": [_retry(step, ["States.TaskFailed"])],
    }


def _condition(expressions: Expressions, step: Mapping[str, Any]) -> _States:
    """A choice between the first steps of its branches, which have one each."""
    (condition,), arguments = step["Arguments"]["Conditions"], step["Arguments"]
    if condition["Type"] != "Equals":
        raise ValueError(f"{step['Name']}: a condition of type {condition['Type']} has no choice yet; teach it")
    (yes,), (no,) = arguments["IfSteps"], arguments["ElseSteps"]
    rule = {
        "Variable": expressions.text(condition["LeftValue"]),
        "StringEquals": condition["RightValue"],
        "Next": yes["Name"],
    }
    choice = {"Type": "Choice", "Choices": [rule], "Default": no["Name"]}
    return {step["Name"]: choice, **_step(expressions, yes, None), **_step(expressions, no, None)}


def _registers(expressions: Expressions, step: Mapping[str, Any], then: str | None) -> dict[str, Any]:
    """Once an execution, however often it is tried (API reference, CreateModelPackage, ClientToken)."""
    return {
        "Type": "Task",
        "Resource": f"arn:{_token('partition')}:states:::aws-sdk:sagemaker:createModelPackage",
        "Parameters": {
            **expressions.payload(step["Arguments"]),
            "ClientToken.$": "States.Hash($$.Execution.Id, 'MD5')",
        },
        "ResultPath": "$.registered",
        "Retry": [_retry(step, ["States.TaskFailed"])],
        **_next(then),
    }


def _token(name: str) -> str:
    return TOKENS[name].placeholder
