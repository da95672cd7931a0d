"""Sources that are pulled: on a schedule a job asks an API elsewhere for what has changed, and delivers it.

EventBridge Scheduler calls CreateProcessingJob itself and writes the time into the request, as it does for drift. The
job (`workloads.pulling`) puts one object into the raw bucket, below the source's own prefix, from where ingestion takes
it. It is the one job that delivers, and the one with a way out of the network.

The local emulator keeps the schedule and never starts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access, jobs
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.reach import Calls
from components.schedule import EXECUTION_ID, SCHEDULED_TIME, ScheduleArgs, processing_jobs, schedule
from components.watch import Watch
from contracts.images import TRAINING
from contracts.names import WorkloadNames
from settings import HttpSource
from settings import Workload as WorkloadSettings

_SECRETS: Final = "secretsmanager"


def calls(workloads: Iterable[tuple[WorkloadNames, WorkloadSettings]]) -> Calls:
    """AWS services that the jobs' code calls beside S3 (`components.reach`): each reads its source's credential."""
    return {
        names.pull(name): frozenset({_SECRETS})
        for names, settings in workloads
        for name, source in settings.sources.items()
        if source.header
    }


def job_statements(
    names: WorkloadNames,
    source: str,
    *,
    raw_key: pulumi.Input[str],
    models_key: pulumi.Input[str],
    secret: str | None,
) -> list[Statement]:
    """What the job may do: see how far its own pulls have come, deliver the next, read its credential."""
    prefixes = [names.layout.source(source)]
    found = jobs.statements(
        names,
        volume_key=models_key,
        log_group=jobs.PROCESSING_LOGS,
        namespaces=[jobs.PROCESSING_LOGS],
        repository_arn=names.arn("ecr", f"repository/{names.ground.resource(TRAINING)}"),
    )
    found += [
        *access.read_objects("ReadPulled", names, names.raw_bucket, prefixes),
        access.write_objects("Deliver", names, names.raw_bucket, prefixes),
        access.use_key("EncryptRaw", [raw_key], write=True),
    ]
    if secret:
        arn = names.arn(_SECRETS, f"secret:{secret}-??????")  # six characters of chance
        found.append(access.allow("ReadCredential", ["secretsmanager:GetSecretValue"], [arn]))
    return found


def job_request(
    names: WorkloadNames,
    name: str,
    source: HttpSource,
    *,
    site: jobs.Site,
    image_uri: str,
    role_arn: pulumi.Input[str],
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """The request of CreateProcessingJob, with Scheduler's context attributes in place."""
    optional = {
        "--rows": source.rows,
        "--next": source.next,
        "--cursor": source.cursor,
        "--header": source.header,
        "--secret": names.source_secret(name) if source.header else None,
    }
    return jobs.processing_request(
        site,
        name=f"{names.resource(names.pull(name))}-{EXECUTION_ID}",
        role_arn=role_arn,
        image_uri=image_uri,
        command=["workloads.pulling"],
        arguments=[
            *("--url", source.url, "--changed", source.changed, "--since", source.since, "--first", source.first),
            *("--until", SCHEDULED_TIME, "--settle-minutes", str(source.settle_minutes)),
            *("--output", f"s3://{names.raw_bucket}/{names.layout.source(name)}"),
            *(word for option, value in optional.items() if value for word in (option, value)),
        ],
        region=names.region,
        inputs={},
        outputs={},
        instance_type=source.instance_type,
        minutes=source.max_runtime_minutes,
        isolated=False,  # it asks the source, and writes to S3 itself: whole or not at all
        tags=tags,
    )


def watch(names: WorkloadNames) -> Watch:
    """A pull that failed; the next one makes up for it."""
    told = "A pull of a source failed or was stopped; the next one goes on where the last one ended"
    return Watch(events=(jobs.failed(names, "pull", told),))


@dataclass(frozen=True, kw_only=True)
class PullArgs:
    """`source` is what the source is called; `image_uri` is the training image by digest.

    `dead_letters_arn` is the queue for jobs that could not be started. `tags` go onto every job, which the provider's
    default tags do not reach.
    """

    ground: Ground
    names: WorkloadNames
    source: str
    settings: HttpSource
    image_uri: str
    dead_letters_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class Pull(pulumi.ComponentResource):
    """The jobs that pull one source.

    Pull("churn-pull-crm", PullArgs(ground=ground, names=names, source="crm", settings=settings, ...))
    """

    schedule: aws.scheduler.Schedule

    def __init__(self, name: str, args: PullArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:data:Pull", name, None, opts)
        ground, names, settings, child = args.ground, args.names, args.settings, pulumi.ResourceOptions(parent=self)
        job = names.pull(args.source)
        role = jobs.role(
            f"{name}-role",
            ground=ground,
            names=names,
            job=job,
            description=f"The jobs that pull {args.source}",
            statements=job_statements(
                names,
                args.source,
                raw_key=ground.keys[Domain.RAW].arn,
                models_key=ground.keys[Domain.MODELS].arn,
                secret=names.source_secret(args.source) if settings.header else None,
            ),
            opts=child,
            boundary=ground.services_boundary,
        )
        request = job_request(
            names,
            args.source,
            settings,
            site=jobs.Site.of(ground),
            image_uri=args.image_uri,
            role_arn=role.arn,
            tags=args.tags,
        )
        self.schedule = schedule(
            name,
            ScheduleArgs(
                ground=ground,
                names=names,
                schedule=job,
                role=f"{job}-schedule",
                description=f"Pulls what has changed in {args.source}",
                expression=settings.schedule,
                timezone=settings.timezone or "UTC",
                started=processing_jobs(names, job, pulumi.Output.json_dumps(request, sort_keys=True), ground=ground),
                dead_letters_arn=args.dead_letters_arn,
            ),
            child,
        )
        self.register_outputs({"schedule": self.schedule.name})
