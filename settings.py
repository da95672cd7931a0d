"""The stack config, typed: what `Pulumi.<stack>.yaml` may say, with defaults, ranges and clear errors.

One frozen model for each config object of `Pulumi.yaml`. Secure choices are the defaults; an opt-out is a named field
whose description says the risk, and the policy pack decides where it is allowed. `load` reports every fault of a stack
at once. Units are part of the names.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Annotated, Any, Final, Literal

import pulumi
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from settings_faults import MAX_TAG_NAME, Fault, Reporter, SectionError, repeated

PROJECT: Final = "ml-platform"

#: Tags that the platform sets itself, on every resource.
PLATFORM_TAGS: Final = ("Project", "Environment", "ManagedBy")
#: An S3 object carries at most 10 tags (Amazon S3 user guide, "Categorizing your objects using tags"); 3 are ours.
MAX_TAGS: Final = 7

#: CloudWatch Logs accepts these retention times only (API reference, PutRetentionPolicy).
RetentionDays = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]  # fmt: skip
InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$", examples=["ml.m5.large"])]
TimeOfDay = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["22:00"])]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", examples=["on-call@example.com"])]
PolicyArn = Annotated[
    str,
    Field(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:policy/.+$", examples=["arn:aws:iam::123456789012:policy/boundary"]),
]
TagName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_ .:/=+@-]+$", max_length=MAX_TAG_NAME)]
TagValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9_ .:/=+@-]*$", max_length=256)]
RollbackAlarm = Literal["server_errors", "latency", "drift"]

#: The AWS services that private subnets reach through interface endpoints; S3 has a gateway endpoint besides.
INTERFACE_ENDPOINTS: Final = (
    "ecr.api", "ecr.dkr", "events", "kms", "logs", "monitoring", "sagemaker.api", "sagemaker.featurestore-runtime",
    "sagemaker.runtime", "secretsmanager", "sns", "ssm", "states", "sts",
)  # fmt: skip


class Section(BaseModel):
    """Base of every section: immutable, unknown keys refused, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    def faults(self) -> Iterable[Fault]:
        """What single fields cannot show: faults between them."""
        return ()

    @model_validator(mode="after")
    def _refuse(self) -> Section:
        if found := tuple(self.faults()):
            raise SectionError(found)
        return self


class Network(Section):
    """The VPC. Workloads reach AWS through VPC endpoints, so by default nothing has a way to the internet."""

    cidr: IPv4Network = IPv4Network("10.20.0.0/16")
    """Address range of the VPC, /16 to /24."""
    availability_zones: int = Field(default=3, ge=2, le=4)
    """Number of zones that the subnets spread over."""
    nat: Literal["none", "single", "per_az"] = "none"
    """NAT gateways: a way out to the internet that the platform does not need. Data may leave through it."""
    workload_subnets: Literal["private", "public"] = "private"
    """Where jobs, models and functions run. `public` gives them a route from and to the internet."""
    interface_endpoints: tuple[str, ...] = Field(default=INTERFACE_ENDPOINTS, min_length=1)
    """AWS services with an interface endpoint, by the last part of the service name. Each costs per zone and hour."""

    def faults(self) -> Iterator[Fault]:
        """Size of the network, NAT without private subnets, services named twice."""
        if not 16 <= self.cidr.prefixlen <= 24:
            yield Fault("cidr", str(self.cidr), "a prefix from /16 to /24", "leave room for the subnets of every zone")
        if self.nat != "none" and self.workload_subnets == "public":
            yield Fault("nat", self.nat, "none with workload_subnets: public", "public subnets need no NAT: drop one")
        yield from repeated("interface_endpoints", self.interface_endpoints)


class Access(Section):
    """Identity and access management."""

    permissions_boundary: PolicyArn | None = None
    """ARN of the account's own permissions boundary for every role; by default the platform makes one."""


class Lake(Section):
    """The buckets: how long data is kept, and in which storage class."""

    block_public_access: bool = True
    """Whether S3 refuses public access to every bucket; `false` leaves one mistake between data and world."""
    object_lock_days: int = Field(default=0, ge=0, le=3650)
    """Days that raw data cannot be deleted by anyone (compliance mode). 0 is no lock; a lock cannot be undone."""
    infrequent_access_after_days: int = Field(default=30, ge=30, le=3650)
    """Age in days at which raw data moves to S3 Standard-IA."""
    archive_after_days: int = Field(default=90, ge=60, le=3650)
    """Age in days at which raw data moves to S3 Glacier Instant Retrieval."""
    noncurrent_version_days: int = Field(default=90, ge=1, le=3650)
    """Days that a replaced or deleted version stays restorable."""
    data_capture_days: int = Field(default=90, ge=7, le=3650)
    """Days that captured requests and predictions are kept."""
    access_log_days: int = Field(default=365, ge=90, le=3650)
    """Days that S3 access logs are kept."""

    def faults(self) -> Iterator[Fault]:
        """Tiers in the wrong order."""
        if self.archive_after_days < (least := self.infrequent_access_after_days + 30):
            advice = "S3 keeps an object 30 days in Standard-IA: archive later or tier earlier"
            yield Fault("archive_after_days", self.archive_after_days, f"{least} or more", advice)


class Features(Section):
    """The feature store."""

    online_ttl_days: int = Field(default=365, ge=1, le=3650)
    """Days after its event time that a record stays in the online store."""


class Images(Section):
    """The container registry."""

    keep_images: int = Field(default=30, ge=2, le=1000)
    """How many images a repository keeps; the oldest go first."""


class AllAtOnce(Section):
    """All traffic moves at once after the new fleet is healthy."""

    kind: Literal["all_at_once"] = "all_at_once"
    bake_minutes: int = Field(default=5, ge=0, le=60)
    """Minutes that alarms are watched before the old fleet goes."""


class Canary(Section):
    """A small share of the traffic first, the rest after the bake time."""

    kind: Literal["canary"] = "canary"
    canary_percent: int = Field(default=10, ge=1, le=50)
    """Share of the new fleet that takes traffic first, in percent."""
    bake_minutes: int = Field(default=10, ge=0, le=60)
    """Minutes that alarms are watched after each of the two shifts."""


class Linear(Section):
    """Equal steps of traffic, with a bake time after each."""

    kind: Literal["linear"] = "linear"
    step_percent: int = Field(default=10, ge=10, le=50)
    """Share of the new fleet that takes traffic with each step, in percent."""
    bake_minutes: int = Field(default=4, ge=0, le=60)
    """Minutes that alarms are watched after each step."""


class Rolling(Section):
    """Batches of instances are replaced, with no second fleet. SageMaker refuses it for more than one variant."""

    kind: Literal["rolling"] = "rolling"
    batch_percent: int = Field(default=20, ge=5, le=50)
    """Share of the instances that each batch replaces, in percent."""
    bake_minutes: int = Field(default=5, ge=0, le=60)
    """Minutes that alarms are watched after each batch."""


Rollout = Annotated[AllAtOnce | Canary | Linear | Rolling, Field(discriminator="kind")]

#: Fewest instances of a variant that each rollout can work with. The first share of traffic is a whole number of
#: instances and at most half of the fleet (SageMaker developer guide, "Use canary traffic shifting"): of fewer than 3,
#: one instance is half of the fleet or all of it.
LEAST_INSTANCES: Final[Mapping[str, int]] = {"all_at_once": 1, "canary": 3, "linear": 3, "rolling": 2}
#: The provider waits 60 minutes for an endpoint and fails then, whatever timeouts the resource has (resource
#: aws_sagemaker_endpoint of terraform-provider-aws); SageMaker has to be done or give up before.
MAX_ROLLOUT_MINUTES: Final = 55
#: Minutes of a rollout in which nothing is watched yet: a new fleet starts, loads its model and gets healthy.
FLEET_START_MINUTES: Final = 10


def bakes(rollout: AllAtOnce | Canary | Linear | Rolling) -> int:
    """How many bake times a rollout waits: one after each shift, and but for rolling one before the old fleet goes."""
    match rollout:
        case AllAtOnce():
            return 2
        case Canary():
            return 3
        case Linear(step_percent=percent):
            return math.ceil(100 / percent) + 1
        case Rolling(batch_percent=percent):
            return math.ceil(100 / percent)


class Schedule(Section):
    """New limits of autoscaling at a time of every day."""

    at: TimeOfDay
    """Time of day in UTC, as HH:MM."""
    minimum: int = Field(ge=1, le=100)
    """Fewest instances from then on."""
    maximum: int = Field(ge=1, le=100)
    """Most instances from then on."""


class Autoscaling(Section):
    """Target tracking on invocations per instance, and limits by time of day, for the champion.

    A challenger keeps the count it starts with: SageMaker refuses to remove a variant that scales, and the deployment
    that ends an A/B test, or an emergency rollback, has to.
    """

    enabled: bool = True
    """Whether the champion scales. SageMaker refuses another `instance_type` while it does: switch off first."""
    minimum: int = Field(default=2, ge=1, le=100)
    """Fewest instances."""
    maximum: int = Field(default=10, ge=1, le=100)
    """Most instances of a variant."""
    invocations_per_instance: int = Field(default=1000, ge=1, le=1_000_000)
    """Invocations per instance and minute to hold."""
    scale_out_cooldown_seconds: int = Field(default=60, ge=0, le=3600)
    """Pause after a scale-out."""
    scale_in_cooldown_seconds: int = Field(default=300, ge=0, le=3600)
    """Pause after a scale-in."""
    schedules: tuple[Schedule, ...] = (
        Schedule(at="22:00", minimum=1, maximum=3),
        Schedule(at="06:00", minimum=2, maximum=10),
    )
    """Limits by time of day."""

    def faults(self) -> Iterator[Fault]:
        """Limits that cross, and times named twice."""
        limits = [("", self), *((f"schedules[{i}].", schedule) for i, schedule in enumerate(self.schedules))]
        for path, limit in limits:
            if limit.minimum > limit.maximum:
                yield Fault(f"{path}minimum", limit.minimum, f"at most the maximum ({limit.maximum})", "exchange them")
        yield from repeated("schedules", [schedule.at for schedule in self.schedules])


class Serving(Section):
    """The real-time endpoint."""

    instance_type: InstanceType = "ml.m5.large"
    """Instance type of the endpoint's variants."""
    instance_count: int = Field(default=3, ge=1, le=100)
    """Instances of a variant at its first deployment; later the release record carries the live counts."""
    capture_percent: int = Field(default=100, ge=0, le=100)
    """Share of requests captured for monitoring, in percent. 0 blinds every monitor: drift goes unseen."""
    rollout: Rollout = Canary()
    """How a new release takes over the traffic."""
    rollout_timeout_minutes: int = Field(default=MAX_ROLLOUT_MINUTES, ge=10, le=MAX_ROLLOUT_MINUTES)
    """Minutes after which an unfinished rollout fails."""
    rollback_alarms: tuple[RollbackAlarm, ...] = ("server_errors", "latency")
    """Alarms that turn a rollout back; with none, a bad release stays. `drift` also blocks the cure. Between some and
    none the provider replaces the endpoint: nothing answers for minutes."""
    autoscaling: Autoscaling = Autoscaling()
    """How the number of instances follows the load."""

    def faults(self) -> Iterator[Fault]:
        """A fleet too small for its rollout or too big for its limits, a rollout too long, alarms named twice."""
        if self.instance_count < (least := LEAST_INSTANCES[self.rollout.kind]):
            fleet = f"{least} or more with rollout {self.rollout.kind}"
            advice = "a smaller fleet cannot be shifted in parts: add instances or roll out all_at_once"
            yield Fault("instance_count", self.instance_count, fleet, advice)
        if self.instance_count > (most := self.autoscaling.maximum):
            advice = "lower the count or raise the maximum"
            yield Fault("instance_count", self.instance_count, f"at most autoscaling.maximum ({most})", advice)
        most = max(self.rollout_timeout_minutes - FLEET_START_MINUTES, 0) // (waits := bakes(self.rollout))
        if (bake := self.rollout.bake_minutes) > most:
            allowed = f"at most {most} with rollout {self.rollout.kind}, which waits {waits} times"
            advice = f"all fits into rollout_timeout_minutes ({self.rollout_timeout_minutes}): bake less or shift more"
            yield Fault("rollout.bake_minutes", bake, allowed, advice)
        yield from repeated("rollback_alarms", self.rollback_alarms)


class Monitoring(Section):
    """Alarms, the data-quality monitor and who is told."""

    notify: tuple[Email, ...] = ()
    """E-mail addresses that get every alarm; each has to confirm once."""
    server_errors: int = Field(default=10, ge=0, le=1_000_000)
    """5xx answers in 5 minutes, twice in a row, above which the alarm goes off."""
    latency_p99_ms: int = Field(default=500, ge=1, le=60_000)
    """99th percentile of the model's latency in ms, in 2 x 5 minutes, above which the alarm goes off."""
    drift_score: float | None = Field(default=None, gt=0, le=10)
    """DriftScore above which the alarm goes off and retraining is asked for; by default the contract's max_score."""
    quality_instance_type: InstanceType = "ml.m5.large"
    """Instance type of the hourly monitoring jobs, data quality and drift."""
    quality_max_runtime_minutes: int = Field(default=50, ge=5, le=59)
    """Minutes after which an hourly monitoring job is stopped: before the next one starts."""
    drift_window_minutes: int = Field(default=75, ge=60, le=1440)
    """Minutes of captured traffic that each hourly drift job looks at: an hour, and what capture delivers late. More
    where an hour has fewer rows than the contract's drift.min_rows: then there is no DriftScore."""


class Response(Section):
    """Automatic retraining, within brakes. Rollback is bounded by the release record itself."""

    cool_down_hours: int = Field(default=6, ge=0, le=720)
    """Hours after an automatic training run in which no other starts."""
    max_runs_per_day: int = Field(default=2, ge=0, le=24)
    """Most automatic training runs in 24 hours; 0 switches them off."""
    schedule: Literal["never", "daily", "weekly"] = "weekly"
    """How often retraining is asked for without an alarm: at 03:00 UTC, weekly on Mondays."""


class Logs(Section):
    """Log groups."""

    retention_days: RetentionDays = 365
    """Days that logs are kept."""


class Settings(Section):
    """Everything a stack may configure; each field is the config key `ml-platform:<name>`."""

    contract: str = "contracts/churn.yaml"
    """Path of the data contract, relative to the project."""
    protect: bool = False
    """Whether the endpoint and what holds data refuse deletion. Without it, `pulumi destroy` deletes the keys of the
    data, and 30 days later nobody can read it."""
    require_policies: bool = True
    """Whether a stack with `protect` runs only where the environment has the policy pack judge it. Say false where a
    Pulumi organisation enforces the pack, which the program cannot see; otherwise a bare `pulumi up` runs unjudged."""
    tags: dict[TagName, TagValue] = Field(default={}, max_length=MAX_TAGS)
    """Tags of every resource, beside Project, Environment and ManagedBy. The policy pack says which are required."""
    network: Network = Network()
    """The VPC."""
    access: Access = Access()
    """Identity and access management."""
    lake: Lake = Lake()
    """The buckets."""
    features: Features = Features()
    """The feature store."""
    images: Images = Images()
    """The container registry."""
    serving: Serving = Serving()
    """The real-time endpoint."""
    monitoring: Monitoring = Monitoring()
    """Alarms and monitors."""
    response: Response = Response()
    """Automatic responses."""
    logs: Logs = Logs()
    """Log groups."""

    def faults(self) -> Iterator[Fault]:
        """Tags that the platform sets itself."""
        for name in PLATFORM_TAGS:
            if name in self.tags:
                yield Fault(f"tags.{name}", self.tags[name], "other tag names", f"remove it: the platform sets {name}")


def load() -> Settings:
    """The settings of the running stack.

    Raises pulumi.RunError (shown without a stack trace) that lists every fault, one a line: the config key, the value
    found, what is allowed and what to do.
    """
    values: dict[str, Any] = {}
    lines: list[str] = []
    reporter = Reporter(PROJECT, Settings.model_json_schema())
    for key in config_keys(PROJECT):
        text = pulumi.Config(PROJECT).require(key)
        field = Settings.model_fields.get(key)
        try:
            values[key] = text if field and field.annotation is str else json.loads(text)
        except json.JSONDecodeError:
            lines.append(reporter.wrong_type(key, text))
    try:
        settings = Settings.model_validate_json(json.dumps(values))
    except ValidationError as error:
        lines += [line for found in error.errors(include_url=False) for line in reporter.lines({**found})]
    else:
        if not lines:
            return settings
    stack = pulumi.get_stack()
    raise pulumi.RunError(f"the config of stack {stack} (Pulumi.{stack}.yaml) has faults:\n" + "\n".join(lines))


def config_keys(namespace: str) -> list[str]:
    """Names of the config keys that are set in a namespace; pulumi.Config can look up a key but not list them."""
    known = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    return sorted(key.removeprefix(f"{namespace}:") for key in known if key.startswith(f"{namespace}:"))
