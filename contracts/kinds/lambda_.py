"""A function of Lambda in the network: the same image and releases, invoked by whoever IAM lets."""

from __future__ import annotations

from typing import Final

from contracts.kinds.kind import Kind, Limits, metrics

FUNCTIONS: Final = "AWS/Lambda"
#: What Lambda counts the requests of an alias by: `Resource` is `<function>:<alias>`.
_ALIAS: Final = ("FunctionName", "Resource")
#: AWS Lambda developer guide, "Lambda quotas" (6 MB of a synchronous request and its response, 900 s), "Implement
#: Lambda canary deployments using a weighted alias" (two versions share an alias, which CodeDeploy moves from one to
#: the other; no copies of requests) and "Types of metrics for Lambda functions"; read 2026-11-29. It captures nothing:
#: the service does. An environment that waits costs nothing, so there is nothing to scale to zero.
LAMBDA: Final = Kind(
    name="lambda",
    hosted=True,
    has_instances=False,
    captures=False,
    in_network=True,
    scales_to_zero=False,
    most_variants=1,
    shadow=False,
    models=False,
    rollouts=("all_at_once", "canary", "linear"),
    metrics=(
        *metrics(FUNCTIONS, "Count", "Invocations", "Errors", "Throttles", counted_by=_ALIAS),
        *metrics(FUNCTIONS, "Milliseconds", "Duration", counted_by=_ALIAS),
        *metrics(FUNCTIONS, "Count", "ConcurrentExecutions", counted_by=_ALIAS),
        *metrics(FUNCTIONS, "None", "ProvisionedConcurrencyUtilization", counted_by=_ALIAS),
    ),
    limits=Limits(
        payload_bytes=6 * 1024 * 1024,
        seconds=900,
        source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
        read_on="2026-11-29",
    ),
    host="lambda",
)
