"""The asynchronous endpoint: requests come from S3, wait in a queue, and are answered in S3 with a message on a topic.

All of it lies below the endpoint's own prefix: `requests/`, `predictions/` and `failures/`. Instances, rollouts and
captured traffic are those of a fleet; it scales by its queue, to zero and back.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import pulumi

from components import access
from components.access import Statement
from components.ground.keys import Domain
from components.serving import models
from components.serving.backlog import backlog_scaling
from components.serving.deployment import deployment_config
from components.serving.endpoint import Hosted
from components.serving.fleet import Asynchronous as QueueConfig
from components.serving.fleet import configurations
from components.serving.kind import Drawn, EndpointArgs
from components.serving.plan import scaled
from components.serving.scaling import with_type
from components.serving.watch import REQUESTS, answer_graphs, graph, halt, host_alarms, request_alarms, use_graph, watch
from components.topic import Topic, TopicArgs
from components.watch import Alarm, Series, Watch, Widget
from contracts.kinds import ASYNCHRONOUS
from contracts.names import EndpointNames
from settings import Asynchronous as Settings

SUCCESS: Final = "success"
ERROR: Final = "error"
_MEGABYTE: Final = 1024 * 1024
#: What the inference service takes of one request here: as many values as it ever does (`MAX_CELLS` of its reader), and
#: as long as SageMaker waits.
_REQUEST: Final = {
    "MAX_ROWS": "4000000",
    "REQUEST_SECONDS": str(ASYNCHRONOUS.limits.seconds),
}
#: Health checks that a container receives beside the requests of the queue.
_CHECKS: Final = 16


def statements(names: EndpointNames, *, messages_key: pulumi.Input[str]) -> list[Statement]:
    """What the endpoint's role may do beside that of any: read requests, write answers, tell about them."""
    return [
        *access.read_objects("ReadRequests", names, names.processed_bucket, [f"{names.asynchronous}requests/"]),
        access.write_objects(
            "WriteAnswers",
            names,
            names.processed_bucket,
            [f"{names.asynchronous}{what}/" for what in ("predictions", "failures")],
        ),
        access.allow("TellOutcome", ["sns:Publish"], [names.arn("sns", names.resource(w)) for w in (SUCCESS, ERROR)]),
        access.use_key("EncryptMessages", [messages_key], write=True),
    ]


class Asynchronous(Hosted):
    """The endpoint and its topics.

    serving = Asynchronous("churn-bulk", EndpointArgs(ground=ground, names=names, settings=settings, ...))
    serving.name
    """

    def __init__(self, name: str, args: EndpointArgs[Settings], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Asynchronous", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        messages = args.ground.keys[Domain.MESSAGES].arn
        topics = {
            role: Topic(f"{name}-{role}", TopicArgs(names=args.names, role=role, key_arn=messages, alarms=False), child)
            for role in (SUCCESS, ERROR)
        }
        role = models.role(name, args.ground, args.names, child, more=statements(args.names, messages_key=messages))
        configs = configurations(
            name, args, role, child, asynchronous=_queue(args, topics), environment=_environment(args.settings)
        )
        self.serve(name, args, configs[0], deployment_config(args.settings, args.rollback_alarms))
        if self.endpoint:
            alone = len(args.record.wanted.packages) == 1
            opts = with_type(args.settings.instance_type, self)
            for variant, its in scaled(args.record.wanted, args.settings).items():
                backlog_scaling(name, args.names, variant, its.autoscaling, self.endpoint, opts, alone=alone)
        self.register_outputs({"endpoint": self.name, "release": args.record.wanted.id})


def _environment(settings: Settings) -> dict[str, str]:
    """Limits of one request, and of all at once: what SageMaker hands over is taken, in whichever process it arrives.

    An answer of 429 is a failed request here, where nobody waits who could ask again.
    """
    at_once = settings.concurrent_per_instance
    return {
        **_REQUEST,
        "MAX_BODY_BYTES": str(settings.payload_mb * _MEGABYTE),
        "MAX_IN_FLIGHT": str(at_once + _CHECKS),
        "MAX_QUEUED_BATCHES": str(at_once),
    }


def _queue(args: EndpointArgs[Settings], topics: dict[str, Topic]) -> QueueConfig:
    names = args.names
    below = f"s3://{names.processed_bucket}/{names.asynchronous}"
    return {
        "client_config": {"max_concurrent_invocations_per_instance": args.settings.concurrent_per_instance},
        "output_config": {
            "s3_output_path": f"{below}predictions/",
            "s3_failure_path": f"{below}failures/",
            "kms_key_id": args.ground.keys[Domain.PROCESSED].arn,
            "notification_config": {"success_topic": topics[SUCCESS].arn, "error_topic": topics[ERROR].arn},
        },
    }


def _watch(names: EndpointNames, settings: Settings, variants: Sequence[str], _: Iterable[str] = ()) -> Watch:
    """Errors, latency and instances as of any fleet; what found no answer, and how much waits for how long."""
    if not variants:
        return watch(names, (), ())
    mine = [
        alarm
        for variant in variants
        for alarm in (
            *request_alarms(names, variant, settings.alarms),
            *host_alarms(names, variant, settings),
            _failures(names, variant, settings.alarms.failures),
        )
    ]
    outcomes = (("InvocationsProcessed", "Sum"), ("InvocationFailures", "Sum"), ("ExpiredRequests", "Sum"))
    return watch(
        names,
        [*mine, *_queue_alarms(names, settings), halt(names)],
        [
            _queue_graph(names, "requests that wait", "ApproximateBacklogSize", "HasBacklogWithoutCapacity"),
            _queue_graph(names, "oldest request (seconds)", "ApproximateAgeOfOldestRequest"),
            graph(names, variants, "requests processed, failed and expired", REQUESTS, *outcomes),
            *answer_graphs(names, variants),
            use_graph(names, variants),
        ],
    )


def _failures(names: EndpointNames, variant: str, most: int) -> Alarm:
    return Alarm(
        name=f"{names.resource(variant)}-failures",
        description=f"{variant}: more than {most} requests found no answer in 5 minutes, twice",
        namespace=REQUESTS,
        metric="InvocationFailures",
        dimensions={"EndpointName": names.prefix, "VariantName": variant},
        statistic="Sum",
        threshold=most,
        periods=2,
    )


def _queue_alarms(names: EndpointNames, settings: Settings) -> list[Alarm]:
    limits = settings.alarms
    queue = {"EndpointName": names.prefix}
    return [
        Alarm(
            name=names.resource("backlog"),
            description=f"More than {limits.backlog} requests wait, for 15 minutes",
            namespace=REQUESTS,
            metric="ApproximateBacklogSize",
            dimensions=queue,
            statistic="Average",
            threshold=limits.backlog,
            periods=3,
        ),
        Alarm(
            name=names.resource("oldest"),
            description=f"A request has waited longer than {limits.oldest_minutes} minutes",
            namespace=REQUESTS,
            metric="ApproximateAgeOfOldestRequest",
            dimensions=queue,
            statistic="Maximum",
            threshold=limits.oldest_minutes * 60,
        ),
    ]


def _queue_graph(names: EndpointNames, title: str, *metrics: str) -> Widget:
    return Widget(
        title=f"{names.endpoint}: {title}",
        series=[
            Series(namespace=REQUESTS, metric=each, dimensions={"EndpointName": names.prefix}, statistic="Maximum")
            for each in metrics
        ],
    )


KIND: Final = Drawn(settings=Settings, build=Asynchronous, watch=_watch)
