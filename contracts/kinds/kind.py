"""What is said of a kind of endpoint: what it is able to do, what AWS publishes of it, and AWS's limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from contracts.names import HOSTS

#: What SageMaker counts most metrics of an endpoint by.
VARIANT: Final = ("EndpointName", "VariantName")
#: What runs an endpoint and is moved by a release: a service of AWS as boto3 calls it, or an inference component.
Host = Literal["sagemaker", "component", "ecs", "lambda"]
Rollout = Literal["all_at_once", "canary", "linear", "rolling"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What AWS accepts of one request, and the page that says so."""

    payload_bytes: int
    seconds: int
    source: str
    read_on: str

    @property
    def page(self) -> str:
        """The page and the day it was read, as a fault names it."""
        return f"{self.source}, read {self.read_on}"


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric that AWS publishes of an endpoint of the kind, and the dimensions that it is counted by."""

    name: str
    namespace: str
    unit: str
    dimensions: tuple[str, ...] = VARIANT


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of endpoint.

    `hosted` says whether an endpoint answers, whose releases an alarm can turn back, and `host` what runs it;
    `has_instances` whether it runs on instances of its own, `captures` whether SageMaker captures its traffic (where it
    does not, the container does), `in_network` whether it can stand in the stack's network, isolated,
    `scales_to_zero` whether its instances may all go while nobody asks. `most_variants` are the production variants
    that share its traffic, and `stages` the containers that each of their requests passes; `shadow` says whether the
    platform lets one more get copies of the requests, `models` whether it serves further models by name; `rollouts`
    are the ways in which a release takes over, none where SageMaker moves all traffic at once and no alarm can turn it
    back. An endpoint of the kind `becomes` one of these others by a rollout, under its name.
    """

    name: str
    hosted: bool
    has_instances: bool
    captures: bool
    in_network: bool
    scales_to_zero: bool
    most_variants: int
    shadow: bool
    models: bool
    rollouts: tuple[Rollout, ...]
    metrics: tuple[Metric, ...]
    limits: Limits
    host: Host = "sagemaker"
    stages: int = 1
    becomes: tuple[str, ...] = ()

    @property
    def serves_images(self) -> bool:
        """Whether an image of others can serve there: alone, isolated, and captured by SageMaker."""
        return self.host == "sagemaker" and self.in_network and self.captures and self.stages == 1


def metrics(namespace: str, unit: str, *names: str, counted_by: tuple[str, ...] = VARIANT) -> tuple[Metric, ...]:
    """Metrics of one namespace and unit, all of them counted by the same dimensions."""
    return tuple(Metric(name=name, namespace=namespace, unit=unit, dimensions=counted_by) for name in names)


REQUESTS: Final = "AWS/SageMaker"
#: SageMaker developer guide, "Amazon SageMaker AI metrics in Amazon CloudWatch" (endpoint invocation and endpoint
#: metrics, read 2026-11-28). CPUUtilization and GPUUtilization sum over cores and GPUs: up to 100 % for each.
INVOCATION_METRICS: Final = (
    *metrics(REQUESTS, "None", "Invocations", "InvocationsPerInstance"),
    *metrics(REQUESTS, "None", "Invocation4XXErrors", "Invocation5XXErrors", "InvocationModelErrors"),
    *metrics(REQUESTS, "Microseconds", "ModelLatency", "OverheadLatency"),
)
HOST_METRICS: Final = metrics(
    HOSTS, "Percent", *(f"{part}Utilization" for part in ("CPU", "Memory", "Disk", "GPU", "GPUMemory"))
)
