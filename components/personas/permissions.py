"""What the people of a stack may do, by what they are. Pure statements, for all workloads of the stack.

Who trains does not approve, who approves does not promote, and who promotes reads no data. What only some may do is
denied to all others (`guarantees`), so that another policy on their role gives them nothing of it. Nobody among them
changes permissions or destroys anything: that is done by whoever deploys the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pulumi

from components import access, jobs
from components.access import Statement
from components.ground.keys import Domain
from components.personas.guarantees import EVERY, denials, machines, parameters
from components.serving.watch import SERVER_ERRORS
from contracts import life_cycle
from contracts.names import DEAD_LETTERS, Names
from contracts.namespaces import HOSTS
from contracts.release import emergency
from settings import Persona

Keys = Mapping[Domain, pulumi.Input[str]]


#: The stages that an approval, `archive` and what serves write; an approval in the console names none (service
#: authorization reference of SageMaker, UpdateModelPackage).
_STAGES: Final = {
    "sagemaker:ModelLifeCycle:stage": sorted({each.stage for each in life_cycle.WRITTEN}),
    "sagemaker:ModelLifeCycle:stageStatus": sorted({each.status for each in life_cycle.WRITTEN}),
}


def statements(persona: Persona, names: Names, keys: Keys, *, guarded: bool = False) -> list[Statement]:
    """Everything that a persona's role may do, and what it may not whatever else it is given.

    Where the tables are `guarded` by Lake Formation, data scientists read them by queries and not their files.
    """
    own = _guarded_data_scientist if guarded and persona is Persona.DATA_SCIENTIST else _OWN[persona]
    return [*_looks(names), *own(names, keys), *denials(persona, names)]


def _looks(names: Names) -> list[Statement]:
    """What everybody sees: what there is and how it is, and no data."""

    def arns(*resources: str) -> list[str]:
        return [names.arn("sagemaker", resource) for resource in resources]

    own, parts = f"*-{names.stack}", names.every
    return [
        access.allow(
            "SeeModels",
            [
                "sagemaker:DescribeEndpoint",
                "sagemaker:DescribeEndpointConfig",
                "sagemaker:DescribeInferenceComponent",
                "sagemaker:DescribeModel",
                "sagemaker:DescribeModelPackage",
                "sagemaker:DescribeModelPackageGroup",
                "sagemaker:DescribePipeline",
                "sagemaker:DescribePipelineExecution",
                "sagemaker:ListModelPackages",
                "sagemaker:ListPipelineExecutionSteps",
                "sagemaker:ListPipelineExecutions",
                "sagemaker:ListPipelineParametersForExecution",
            ],
            arns(
                f"endpoint/{parts}",
                f"endpoint-config/{parts}",
                f"inference-component/{parts}",
                f"model/{parts}",
                f"model-package-group/{own}",
                f"model-package/{own}/*",
                *(f"pipeline/{own}{which}{of}" for which in ("", "-tuning") for of in ("", "/execution/*")),
            ),
        ),
        access.allow(
            "SeeTrainingRuns",
            [
                "states:DescribeExecution",
                "states:DescribeStateMachine",
                "states:GetExecutionHistory",
                "states:ListExecutions",
            ],
            machines(names),
        ),
        # What runs in the place of a batch endpoint, or of one that is stopped.
        access.allow("SeeSchedules", ["scheduler:GetSchedule"], [names.arn("scheduler", f"schedule/*/{parts}")]),
        access.allow("SeeReleases", ["ssm:GetParameter", "ssm:GetParameterHistory"], [parameters(names)]),
        access.allow("SeeAlarms", ["cloudwatch:DescribeAlarms"], [names.arn("cloudwatch", f"alarm:{parts}")]),
        access.allow("SeeMetrics", ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], ["*"]),
        access.allow("FindConfigurations", ["sagemaker:ListEndpointConfigs", "sagemaker:ListModels"], ["*"]),
        access.allow(
            "SeeServices",
            ["ecs:DescribeServices", "ecs:ListServiceDeployments"],
            [names.arn("ecs", f"service/{parts}")],
        ),
        access.allow("FindDefinitions", ["ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitionFamilies"], ["*"]),
        access.allow(
            "SeeFunctions",
            [
                "lambda:GetAlias",
                "lambda:GetFunction",
                "lambda:GetFunctionConcurrency",
                "lambda:GetFunctionConfiguration",
                "lambda:ListVersionsByFunction",
            ],
            [names.arn("lambda", f"function:{parts}")],
        ),
        access.allow(
            "SeeDeployments",
            ["codedeploy:BatchGetDeployments", "codedeploy:GetDeploymentGroup", "codedeploy:ListDeployments"],
            [names.arn("codedeploy", f"deploymentgroup:{parts}")],
        ),
        access.find_objects("SeeArchives", names, names.artifacts_bucket, [EVERY.models]),  # what has several models
    ]


def _read_logs(names: Names) -> Statement:
    # Of endpoints, and of inference components.
    groups = [f"/aws/lambda/{names.every}", f"{HOSTS.rpartition('/')[0]}/*/{names.every}"]
    of_jobs = (jobs.PROCESSING_LOGS, jobs.TRAINING_LOGS, jobs.TRANSFORM_LOGS)
    shared = [f"{group}{end}" for group in of_jobs for end in ("", ":*")]
    return access.allow(
        "ReadLogs",
        ["logs:DescribeLogStreams", "logs:FilterLogEvents", "logs:GetLogEvents"],
        [names.arn("logs", f"log-group:{group}") for group in (*groups, *shared)],
    )


def _resends(names: Names, keys: Keys) -> list[Statement]:
    """Having ingestion do again what lies with the dead letters, or was delivered and has no verdict: `resend`.

    It reads no object: a letter and a list tell their keys, and a verdict is found by its key, a hash.
    """
    ingestion = f"*-{names.stack}-ingestion"
    runs = (f"stateMachine:{ingestion}", f"execution:{ingestion}:*")
    return [
        access.allow(
            "TakeDeadLetters",
            ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"],
            [names.arn("sqs", f"*-{names.stack}-{DEAD_LETTERS}")],
        ),
        access.use_key("DecryptDeadLetters", [keys[Domain.MESSAGES]], write=False),
        access.allow(
            "FindDelivered",
            ["s3:ListBucketVersions"],
            [names.bucket_arn(names.raw_bucket)],
            conditions={"StringLike": {"s3:prefix": [f"{EVERY.incoming}*"]}},
        ),
        access.find_objects("FindVerdicts", names, names.processed_bucket, [EVERY.deliveries]),
        access.allow(
            "IngestAgain",
            ["states:DescribeExecution", "states:ListExecutions", "states:StartExecution"],
            [names.arn("states", each) for each in runs],
        ),
    ]


def _data_engineer(names: Names, keys: Keys) -> list[Statement]:
    return [
        access.write_objects("Deliver", names, names.raw_bucket, [EVERY.incoming]),
        *access.read_objects("ReadDelivered", names, names.raw_bucket, [EVERY.incoming]),
        access.use_key("EncryptDelivered", [keys[Domain.RAW]], write=True),
        *access.read_objects(
            "ReadVerdicts", names, names.processed_bucket, [EVERY.accepted, EVERY.ledger, EVERY.quarantine]
        ),
        access.use_key("DecryptVerdicts", [keys[Domain.PROCESSED]], write=False),
        *_resends(names, keys),
        access.allow(
            "EvolveFeatureStore",
            ["sagemaker:DescribeFeatureGroup", "sagemaker:UpdateFeatureGroup"],
            [names.arn("sagemaker", f"feature-group/{names.every}")],
        ),
    ]


_WORK_ON: Final = (EVERY.accepted, EVERY.data_sets, EVERY.data_capture)


def _data_scientist(names: Names, keys: Keys) -> list[Statement]:
    return [*access.read_objects("ReadAccepted", names, names.processed_bucket, _WORK_ON), *_trains(names, keys)]


def _guarded_data_scientist(names: Names, keys: Keys) -> list[Statement]:
    """Sees which files there are, and reads of them what Lake Formation grants (`grants`)."""
    _, listing = access.read_objects("FindAccepted", names, names.processed_bucket, _WORK_ON)
    databases = names.every_database
    return [
        listing,
        access.allow(
            "Query",
            [
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetWorkGroup",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            [names.arn("athena", f"workgroup/*-{names.stack}-processing-queries")],
        ),
        access.allow(
            "FindTables",
            ["glue:GetDatabase", "glue:GetDatabases", "glue:GetTable", "glue:GetTables"],
            [names.arn("glue", each) for each in ("catalog", f"database/{databases}", f"table/{databases}/*")],
        ),
        access.allow("ReadTables", ["lakeformation:GetDataAccess"], ["*"]),
        *access.read_objects("ReadResults", names, names.processed_bucket, [EVERY.query_results]),
        access.write_objects("WriteResults", names, names.processed_bucket, [EVERY.query_results]),
        access.allow("FindResults", ["s3:GetBucketLocation"], [names.bucket_arn(names.processed_bucket)]),
        access.use_key("EncryptResults", [keys[Domain.PROCESSED]], write=True),
        *_trains(names, keys),
    ]


def _trains(names: Names, keys: Keys) -> list[Statement]:
    pipelines = [names.arn("sagemaker", f"pipeline/*-{names.stack}{which}") for which in ("", "-tuning")]
    return [
        *access.read_objects(
            "ReadRuns", names, names.artifacts_bucket, [EVERY.contracts, EVERY.data_quality, EVERY.drift, EVERY.runs]
        ),
        access.use_key("DecryptData", [keys[Domain.MODELS], keys[Domain.PROCESSED]], write=False),
        access.allow(
            "Train",
            ["sagemaker:StartPipelineExecution", "sagemaker:StopPipelineExecution"],
            [f"{pipeline}{of}" for pipeline in pipelines for of in ("", "/execution/*")],
        ),
        access.allow("TrainByMachine", ["states:StartExecution", "states:StopExecution"], machines(names)),
        access.write_objects("ImportModels", names, names.artifacts_bucket, [EVERY.imported]),
        access.use_key("EncryptModels", [keys[Domain.MODELS]], write=True),
        _read_logs(names),
    ]


def _ml_engineer(names: Names, keys: Keys) -> list[Statement]:
    return [
        *access.read_objects("ReadCapture", names, names.processed_bucket, [EVERY.data_capture]),
        *access.read_objects(
            "ReadRuns", names, names.artifacts_bucket, [EVERY.contracts, EVERY.data_quality, EVERY.drift, EVERY.runs]
        ),
        access.use_key("DecryptData", [keys[Domain.MODELS], keys[Domain.PROCESSED]], write=False),
        access.allow(
            "Approve",
            ["sagemaker:UpdateModelPackage"],
            [names.arn("sagemaker", f"model-package/*-{names.stack}/*")],
            conditions={"StringEqualsIfExists": _STAGES},
        ),
        _read_logs(names),
    ]


def _mlops(names: Names, keys: Keys) -> list[Statement]:
    endpoints = [names.arn("sagemaker", f"{kind}/{names.every}") for kind in ("endpoint", "endpoint-config")]
    return [
        access.allow("Release", ["ssm:PutParameter"], [parameters(names)]),
        *access.read_objects("SeeLocks", names, names.artifacts_bucket, [EVERY.locks]),
        access.allow(
            "Lock",
            ["s3:DeleteObject", "s3:PutObject"],
            [names.bucket_arn(names.artifacts_bucket, f"{EVERY.locks}*")],
        ),
        access.use_key("EncryptLocks", [keys[Domain.MODELS]], write=True),
        *access.place_archives(names, EVERY),
        access.allow("MoveEndpoints", ["sagemaker:UpdateEndpoint"], endpoints),
        access.allow("ScaleEndpoints", ["sagemaker:UpdateEndpointWeightsAndCapacities"], endpoints[:1]),
        *access.let_go_of_variants(names),
        access.allow(
            "MoveComponents",
            ["sagemaker:UpdateInferenceComponent", "sagemaker:UpdateInferenceComponentRuntimeConfig"],
            [names.arn("sagemaker", f"inference-component/{names.every}")],
        ),
        access.allow("MoveServices", ["ecs:UpdateService"], [names.arn("ecs", f"service/{names.every}")]),
        access.allow("MoveAliases", ["lambda:UpdateAlias"], [names.arn("lambda", f"function:{names.every}")]),
        access.grant_key("EncryptFleets", [keys[Domain.MODELS]]),
        access.allow(
            "Score",
            ["sagemaker:AddTags", "sagemaker:CreateTransformJob", "sagemaker:DescribeTransformJob"],
            [names.arn("sagemaker", f"transform-job/{names.every}")],
        ),
        access.allow(
            "FindImages",
            ["ecr:BatchGetImage", "ecr:DescribeImages"],  # the first for what refers to an image: ListImageReferrers
            [names.arn("ecr", f"repository/{names.ground.resource('*')}")],
        ),
        *_answers(names),
        _read_logs(names),
    ]


def _on_call(names: Names, keys: Keys) -> list[Statement]:
    return [*_answers(names), *_resends(names, keys), _read_logs(names)]


def _answers(names: Names) -> list[Statement]:
    """Turning a rollout back, and having the rollback function move an endpoint: its alarm is set off by hand.

    The function takes it from there, with its own brakes, and nobody who answers an alarm needs to write a record.
    Other alarms are out of reach: that of drift would start a training.
    """
    errors = names.arn("cloudwatch", f"alarm:{names.every}-{SERVER_ERRORS}")
    return [
        access.allow("SetOffRollbacks", ["cloudwatch:SetAlarmState"], [errors]),
        access.put_metrics([emergency.NAMESPACE]),
    ]


def _auditor(names: Names, _: Keys) -> list[Statement]:
    buckets = [names.bucket_arn(names.bucket("*"))]
    logs = names.bucket("access-logs")
    return [
        access.allow(
            "SeePermissions",
            ["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
            [names.every_role, names.admin_arn("role", "*")],
        ),
        access.allow(
            "SeeBuckets",
            [
                "s3:GetBucketLogging",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetBucketPolicy",
                "s3:GetBucketPublicAccessBlock",
                "s3:GetBucketVersioning",
                "s3:GetEncryptionConfiguration",
                "s3:GetLifecycleConfiguration",
            ],
            buckets,
        ),
        access.allow("ReadAccessLogs", ["s3:GetObject"], [names.bucket_arn(logs, "*")]),
        access.allow("FindAccessLogs", ["s3:ListBucket"], [names.bucket_arn(logs)]),
        access.allow("SeeTrail", ["cloudtrail:LookupEvents"], ["*"]),
        _read_logs(names),
    ]


_OWN: Final[Mapping[Persona, Callable[[Names, Keys], list[Statement]]]] = {
    Persona.DATA_ENGINEER: _data_engineer,
    Persona.DATA_SCIENTIST: _data_scientist,
    Persona.ML_ENGINEER: _ml_engineer,
    Persona.MLOPS: _mlops,
    Persona.ON_CALL: _on_call,
    Persona.AUDITOR: _auditor,
}
