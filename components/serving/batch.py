"""The batch endpoint: a schedule starts transform jobs that score files of S3 with the live release's model.

EventBridge Scheduler calls CreateTransformJob itself; nothing stands between the two. Files lie below the endpoint's
own prefix, `requests/`, and each run writes `predictions/<time>/`: every row as it came, and behind it what the model
made of it. A release is live once the schedule has its model; rolling back rewrites the record, and the next `up` the
schedule.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access, jobs, schedule
from components.access import Statement
from components.content import content_name, formerly
from components.ground.keys import Domain
from components.schedule import EXECUTION_ID, SCHEDULED_TIME, ScheduleArgs, Started
from components.serving import models
from components.serving.kind import Drawn, EndpointArgs
from components.topic import Topic, TopicArgs
from components.watch import HOUR, Alarm, Event, Series, Watch, Widget
from contracts.kinds import BATCH as FACTS
from contracts.names import DEAD_LETTERS, EndpointNames
from contracts.release import Release
from contracts.release.schedule import BATCH
from settings import Batch as Settings

#: The topic that tells of each run that has completed, and the rule that counts them.
SUCCESS: Final = "success"
_CHANGES: Final = "SageMaker Transform Job State Change"
_MEGABYTE: Final = 1024 * 1024
_CSV: Final = "text/csv"
#: Health checks that a container receives beside the requests of a job.
_CHECKS: Final = 16


def statements(
    names: EndpointNames, *, models_key: pulumi.Input[str], processed_key: pulumi.Input[str]
) -> list[Statement]:
    """What the jobs' role may do: load image and model, read files, write predictions, logs, metrics and capture."""
    processed = names.processed_bucket
    captured = f"{names.layout.data_capture}{names.prefix}/"
    return [
        *jobs.statements(names, volume_key=models_key, log_group=jobs.TRANSFORM_LOGS, namespaces=[jobs.TRANSFORM_LOGS]),
        *access.read_objects("LoadModels", names, names.artifacts_bucket, [names.layout.runs]),
        access.use_key("DecryptModels", [models_key], write=False),
        *access.read_objects("ReadRequests", names, processed, [f"{names.batch}requests/"]),
        access.write_objects("WritePredictions", names, processed, [f"{names.batch}predictions/", captured]),
        access.use_key("EncryptPredictions", [processed_key], write=True),
    ]


class Batch(pulumi.ComponentResource):
    """The models of every release, the schedule with the wanted one's, and the topic of completed runs.

    serving = Batch("churn-nightly", EndpointArgs(ground=ground, names=names, settings=settings, record=record, ...))
    serving.name
    """

    schedule: aws.scheduler.Schedule | None = None
    name: pulumi.Output[str]

    def __init__(self, name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Batch", name, None, opts)
        child, names, ground = pulumi.ResourceOptions(parent=self), args.names, args.ground
        role = models.role(name, ground, names, child, statements)
        found = [_model(name, args, release, role, child) for release in args.record.releases]
        _completed(name, args, child)
        self.name = pulumi.Output.from_input(names.prefix)
        if args.settings.state == "running":
            self.schedule = schedule.schedule(
                name,
                ScheduleArgs(
                    ground=ground,
                    names=names,
                    schedule=BATCH,
                    role=f"{BATCH}-schedule",
                    description="Scores the files of a batch endpoint",
                    expression=args.settings.schedule,
                    timezone=args.settings.timezone or "UTC",
                    started=_jobs(args, found[0]),
                    dead_letters_arn=_dead_letters(names),
                ),
                child,
            )
        self.register_outputs({"endpoint": self.name, "release": args.record.wanted.id})

    @property
    def live(self) -> pulumi.Resource | None:
        """The schedule; None while it is stopped."""
        return self.schedule


def _dead_letters(names: EndpointNames) -> str:
    return names.arn("sqs", names.of_its_workload.resource(DEAD_LETTERS))


def _model(
    name: str, args: EndpointArgs[Settings], release: Release, role: access.Role, opts: pulumi.ResourceOptions
) -> aws.sagemaker.Model:
    """The model of a release, in the private network; isolated unless its service captures what it is asked."""
    network: aws.sagemaker.ModelVpcConfigArgsDict = {
        "subnets": args.ground.network.subnet_ids,
        "security_group_ids": [args.ground.network.security_group_id],
    }
    environment, captures = _environment(args), args.settings.capture_percent > 0
    content = [release.champion, role.arn, network, not captures, environment]
    stem = f"{name}-model-{release.id}"
    return aws.sagemaker.Model(
        models.called(stem, environment),
        # What the schedule runs is known by `<endpoint>-<release id>` (`contracts.release.schedule`).
        name=content_name(f"{args.names.prefix}-{release.id}", content),
        execution_role_arn=role.arn,
        primary_container=aws.sagemaker.ModelPrimaryContainerArgs(
            model_package_name=release.champion, environment=environment
        ),
        enable_network_isolation=not captures,
        vpc_config=network,
        opts=pulumi.ResourceOptions.merge(opts, formerly(stem)),
    )


def _environment(args: EndpointArgs[Settings]) -> dict[str, pulumi.Input[str]]:
    """What the service takes at once, and where it captures: before it answers, for then no record is dropped."""
    settings, at_once = args.settings, args.settings.concurrent_per_instance
    found: dict[str, pulumi.Input[str]] = {
        "MAX_BODY_BYTES": str(settings.payload_mb * _MEGABYTE),
        "MAX_ROWS": "4000000",
        "REQUEST_SECONDS": str(FACTS.limits.seconds),
        "MAX_IN_FLIGHT": str(at_once + _CHECKS),
        "MAX_QUEUED_BATCHES": str(at_once),
    }
    if settings.capture_percent:
        found |= {"AWS_REGION": args.names.region, **models.captures(args), "CAPTURE_SECONDS": "0"}
    return found


def job_request(
    names: EndpointNames,
    settings: Settings,
    *,
    model: pulumi.Input[str],
    tags: Mapping[str, str],
    models_key: pulumi.Input[str],
    processed_key: pulumi.Input[str],
) -> dict[str, Any]:
    """The request of CreateTransformJob, with Scheduler's context attributes in place."""
    place = f"s3://{names.processed_bucket}/{names.batch}"
    volume_key = jobs.volume_key(settings.instance_type, models_key)
    return {
        "TransformJobName": f"{names.resource(BATCH)}-{EXECUTION_ID}",
        "ModelName": model,
        "BatchStrategy": "MultiRecord",
        "MaxPayloadInMB": settings.payload_mb,
        "MaxConcurrentTransforms": settings.concurrent_per_instance,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": FACTS.limits.seconds, "InvocationsMaxRetries": 3},
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{place}requests/"}},
            "ContentType": _CSV,
            "CompressionType": "None",
            "SplitType": "Line",
        },
        "TransformOutput": {
            "S3OutputPath": f"{place}predictions/{SCHEDULED_TIME}/",
            "Accept": _CSV,
            "AssembleWith": "Line",
            "KmsKeyId": processed_key,
        },
        "DataProcessing": {"InputFilter": _filter(settings.leading_columns), "JoinSource": "Input"},
        "TransformResources": {
            "InstanceType": settings.instance_type,
            "InstanceCount": settings.instance_count,
            **({} if volume_key is None else {"VolumeKmsKeyId": volume_key}),
        },
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())],
    }


def _filter(leading: int) -> str:
    return f"$[{leading}:]" if leading else "$"


def _jobs(args: EndpointArgs[Settings], model: aws.sagemaker.Model) -> Started:
    names, keys = args.names, args.ground.keys
    request = job_request(
        names,
        args.settings,
        model=model.name,
        tags=args.tags,
        models_key=keys[Domain.MODELS].arn,
        processed_key=keys[Domain.PROCESSED].arn,
    )
    return Started(
        target_arn=f"arn:{names.partition}:scheduler:::aws-sdk:sagemaker:createTransformJob",
        input=pulumi.Output.json_dumps(request, sort_keys=True),
        statements=[
            access.allow(
                "StartJobs",
                # Tags in the request need AddTags too (SageMaker developer guide, "Provide permissions for tagging").
                ["sagemaker:AddTags", "sagemaker:CreateTransformJob"],
                [names.arn("sagemaker", f"transform-job/{names.resource(f'{BATCH}-*')}")],
            ),
            # SageMaker encrypts the job's volume on behalf of who asks for the job.
            access.grant_key("EncryptVolumes", [keys[Domain.MODELS].arn]),
        ],
    )


def _pattern(names: EndpointNames, *statuses: str) -> dict[str, Any]:
    detail = {"TransformJobName": [{"prefix": names.resource(f"{BATCH}-")}], "TransformJobStatus": list(statuses)}
    return {"source": ["aws.sagemaker"], "detail-type": [_CHANGES], "detail": detail}


def _completed(name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions) -> None:
    """The topic of completed runs. What its rule sends to it is counted, which is how a missing run is noticed."""
    names = args.names
    key = args.ground.keys[Domain.MESSAGES].arn
    topic = Topic(
        f"{name}-{SUCCESS}",
        TopicArgs(names=names, role=SUCCESS, key_arn=key, alarms=False, event_rules=True),
        opts,
    )
    rule = aws.cloudwatch.EventRule(
        f"{name}-{SUCCESS}-rule",
        name=names.resource(SUCCESS),
        description="A run has completed: there are new predictions",
        event_pattern=json.dumps(_pattern(names, "Completed"), sort_keys=True),
        opts=opts,
    )
    aws.cloudwatch.EventTarget(
        f"{name}-{SUCCESS}-target",
        rule=rule.name,
        target_id=SUCCESS,
        arn=topic.arn,
        retry_policy=aws.cloudwatch.EventTargetRetryPolicyArgs(
            maximum_retry_attempts=10, maximum_event_age_in_seconds=3600
        ),
        dead_letter_config=aws.cloudwatch.EventTargetDeadLetterConfigArgs(arn=_dead_letters(names)),
        opts=opts,
    )


def _watch(names: EndpointNames, settings: Settings, variants: Sequence[str], _: Iterable[str] = ()) -> Watch:
    """A run that failed, and one that is missing; of a stopped endpoint none is."""
    if not variants:
        return Watch()
    runs = {"RuleName": names.resource(SUCCESS)}
    hours = settings.alarms.missing_after_hours
    missing = Alarm(
        name=names.resource("missing"),
        description=f"No run has completed for {hours} hours: predictions are old",
        namespace="AWS/Events",
        metric="Invocations",
        dimensions=runs,
        statistic="Sum",
        threshold=1,
        period_seconds=HOUR,
        periods=hours or 1,
        absent=True,
    )
    return Watch(
        alarms=() if hours is None or settings.state == "stopped" else (missing,),
        widgets=(
            Widget(
                title=f"{names.endpoint}: runs completed",
                series=[Series(namespace="AWS/Events", metric="Invocations", dimensions=runs, statistic="Sum")],
                period_seconds=HOUR,
            ),
        ),
        events=(
            Event(
                name=names.resource(f"{BATCH}-failed"),
                description="A run failed or was stopped: it has left no predictions",
                pattern=_pattern(names, "Failed", "Stopped"),
            ),
        ),
    )


KIND: Final = Drawn(settings=Settings, build=Batch, watch=_watch)
