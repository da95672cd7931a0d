"""Physical names and ARNs of a stack, its workloads and their endpoints.

What other programs look up by name (buckets, endpoints, pipelines, parameters ...) is named here and nowhere else. All
of it is plain text, known before anything exists, so that roles and alarms can name a resource without waiting for it.

Three levels, each with the names of the one above it:

    stack      mlplatform-<stack>               the ground: network, keys, lake, notifications, images
    workload   <workload>-<stack>               pipeline, package group, feature group, functions
    endpoint   <workload>-<stack>-<endpoint>    endpoint, its configurations, alarms and monitors
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from contracts.layout import Layout
from contracts.namespaces import COMPONENTS, HOSTS

#: What the ground's names and all parameters begin with; no workload may be called so.
PLATFORM: Final = "mlplatform"
RESERVED: Final = frozenset({PLATFORM, "images"})
#: CloudWatch namespace of own metrics: DriftScore and PredictionAccuracy (dimension Endpoint), LabelShift (Pipeline).
MODEL_QUALITY_NAMESPACE: Final = "MLPipeline/ModelQuality"
#: Role of the queue that takes what failed for good.
DEAD_LETTERS: Final = "dead-letters"
#: Roles of people, and what bounds them, are called `<prefix>-user-...`: an IAM role's name may have 64 characters.
USER: Final = "user"
#: First part of the IAM path of what an administrator alone changes.
ADMIN: Final = f"{PLATFORM}-admin"

#: SageMaker's names may have 63 characters.
MAX_JOB: Final = 63
#: The longest that follows a prefix is `-drift-` and an id of EventBridge Scheduler (16); a release id (10) and a
#: content hash (8), each after a `-`, are shorter.
MAX_PREFIX: Final = MAX_JOB - len("-drift-0123456789abcdef")
#: A bucket's name may have 63 characters too (Amazon S3 user guide, "General purpose bucket naming rules").
MAX_STACK: Final = 63 - len("123456789012--ai-processed-data")
_STACK: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_WORKLOAD: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: Without hyphens, so that no endpoint's names can begin with another's.
_ENDPOINT: Final = re.compile(r"[a-z][a-z0-9]*")
#: Of an API that is pulled: the role of its schedule, `<workload>-<stack>-pull-<source>-schedule`, is the longest name.
_SOURCE: Final = re.compile(r"[a-z][a-z0-9]{0,9}")
#: No endpoint may be called so: names of its workload begin with these words, and its own would be among them.
RESERVED_ENDPOINTS: Final = frozenset({
    "crawler", "dead", "evaluation", "feature", "features", "ingestion", "package", "pipeline", "preparation",
    "processing", "pull", "quality", "retraining", "schedule", "spark", "training", "tuning", "validation",
})  # fmt: skip


def covers(stack: str, other: str) -> bool:
    """Whether the pattern of a stack's names (`Names.every`) is one of another's too: `*-eu-*` is of `prod-eu`."""
    return f"-{stack}-" in f"-{other}-"


class NamesError(ValueError):
    """A stack, workload or endpoint that cannot be called so: what was found, what is allowed, what to do."""

    def __init__(self, what: str, found: str, allowed: str, advice: str, size: str = "") -> None:
        super().__init__(f"{what}: found {found!r}{size}; allowed: {allowed}; {advice}")
        self.what, self.found, self.allowed, self.advice = what, found, allowed, advice


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of the ground of one stack.

    names = Names(stack="staging", account="123456789012", region="eu-west-1")
    names.prefix                                            # "mlplatform-staging"
    names.raw_bucket                                        # "123456789012-staging-ai-raw-data"
    names.of_workload("churn").of_endpoint("live").prefix   # "churn-staging-live"
    """

    stack: str
    account: str
    region: str
    partition: str = "aws"

    def __post_init__(self) -> None:
        if len(self.stack) > MAX_STACK or not _STACK.fullmatch(self.stack):
            raise NamesError(
                "stack",
                self.stack,
                f"up to {MAX_STACK} of a-z and 0-9, with single hyphens in between",
                "name the stack anew, because buckets and endpoints carry its name",
            )

    @property
    def ground(self) -> Names:
        """The names of the ground, from whichever level."""
        return Names(stack=self.stack, account=self.account, region=self.region, partition=self.partition)

    @property
    def delivery(self) -> str:
        """Name of the pipeline that delivers the stack's code; the names of those that deliver models begin with it."""
        return self.ground.resource("delivery")

    def elsewhere(self, stack: str, account: str | None = None, region: str | None = None) -> Names:
        """The names of another stack; what is None is as it is here."""
        return Names(
            stack=stack, account=account or self.account, region=region or self.region, partition=self.partition
        )

    def of_workload(self, workload: str) -> WorkloadNames:
        """The names of a workload of this stack."""
        return WorkloadNames(
            stack=self.stack, account=self.account, region=self.region, partition=self.partition, workload=workload
        )

    @property
    def prefix(self) -> str:
        """What the names of this level begin with."""
        return f"{PLATFORM}-{self.stack}"

    def resource(self, role: str) -> str:
        """Name of a role, function, topic, queue, alarm, rule or repository: the prefix and what it is for."""
        return f"{self.prefix}-{role}"

    @property
    def every(self) -> str:
        """Pattern of the names of all resources of the stack, on each level: what the ground lets in beforehand."""
        return f"*-{self.stack}-*"

    @property
    def every_database(self) -> str:
        """Pattern of the databases of the stack's workloads in the Data Catalog."""
        return f"*-{self.stack}".replace("-", "_")

    @property
    def iam_path(self) -> str:
        """IAM path of the roles of the stack's jobs: what tells them from those that others have in the account."""
        return f"/{PLATFORM}/{self.stack}/"

    @property
    def admin_path(self) -> str:
        """IAM path of what an administrator alone changes: roles that people or deliveries take, and all boundaries.

        Beside `iam_path` and not below it, for a pattern's `*` does not end at a slash.
        """
        return f"/{ADMIN}/{self.stack}/"

    def job_arn(self, name: str) -> str:
        """ARN of the role of a job of the stack, by its whole name, which may be a pattern."""
        return f"arn:{self.partition}:iam::{self.account}:role{self.iam_path}{name}"

    def admin_arn(self, kind: str, name: str) -> str:
        """ARN of what an administrator alone changes, a role or a policy (`kind`); the name may be a pattern."""
        return f"arn:{self.partition}:iam::{self.account}:{kind}{self.admin_path}{name}"

    @property
    def every_role(self) -> str:
        """Pattern of the ARNs of all roles of the stack's jobs, on each level."""
        return self.job_arn("*")

    def bucket(self, role: str) -> str:
        """Name of a bucket: raw-data, processed-data, artifacts or access-logs."""
        return f"{self.account}-{self.stack}-ai-{role}"

    @property
    def raw_bucket(self) -> str:
        """Bucket of the data as it was delivered."""
        return self.bucket("raw-data")

    @property
    def processed_bucket(self) -> str:
        """Bucket of accepted and quarantined data, captured traffic and the offline feature store."""
        return self.bucket("processed-data")

    @property
    def artifacts_bucket(self) -> str:
        """Bucket of contracts, pipeline runs, models and reports."""
        return self.bucket("artifacts")

    @property
    def parameter_path(self) -> str:
        """SSM path above all parameters of the stack."""
        return f"/{PLATFORM}/{self.stack}"

    def image_parameter(self, image: str) -> str:
        """SSM parameter with the URI of an image (training or inference), by digest."""
        return f"{self.parameter_path}/images/{image}"

    def referrers_parameter(self, image: str) -> str:
        """SSM parameter with what refers to that image: its signature and bill of materials (`contracts.referrers`)."""
        return f"{self.image_parameter(image)}/referrers"

    @property
    def delivered_parameter(self) -> str:
        """SSM parameter with the revision that the last delivery brought the stack to."""
        return f"{self.parameter_path}/delivered"

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this account and region, for example `arn("sagemaker", "endpoint/churn-prod-live")`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def bucket_arn(self, bucket: str, key: str = "") -> str:
        """ARN of a bucket, or with a key of the objects in it; a key may end in `*`."""
        return f"arn:{self.partition}:s3:::{bucket}" + (f"/{key}" if key else "")

    def role_arn(self, job: str) -> str:
        """ARN of the role of a job of this level."""
        return self.job_arn(self.resource(job))

    def admin_role_arn(self, role: str) -> str:
        """ARN of a role that people or deliveries take."""
        return self.admin_arn("role", self.resource(role))

    @property
    def root_arn(self) -> str:
        """ARN that stands for the account in a policy."""
        return f"arn:{self.partition}:iam::{self.account}:root"


@dataclass(frozen=True, kw_only=True)
class WorkloadNames(Names):
    """Names of one workload; its name is its key in the stack config."""

    workload: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.workload in RESERVED or not _WORKLOAD.fullmatch(self.workload):
            raise NamesError(
                "workload",
                self.workload,
                "a-z and 0-9, from a letter, with single hyphens in between, and not " + " or ".join(sorted(RESERVED)),
                "name it anew in the stack config",
            )
        _fits(self.prefix, "<workload>-<stack>", "the workload's name")

    @property
    def prefix(self) -> str:
        """`<workload>-<stack>`: also the name of the pipeline, the model package group and the feature group."""
        return f"{self.workload}-{self.stack}"

    def of_endpoint(self, endpoint: str) -> EndpointNames:
        """The names of an endpoint of this workload."""
        return EndpointNames(
            stack=self.stack,
            account=self.account,
            region=self.region,
            partition=self.partition,
            workload=self.workload,
            endpoint=endpoint,
        )

    @property
    def database(self) -> str:
        """Database of the Data Catalog: Athena knows no other special character than `_` (user guide, "Name databases,
        tables, and columns")."""
        return f"{self.workload}-{self.stack}".replace("-", "_")

    @property
    def layout(self) -> Layout:
        """Where the workload's objects lie in the stack's buckets."""
        return Layout(self.workload)

    @property
    def pipeline(self) -> str:
        """Name of the training pipeline, and of the experiment that collects its runs."""
        return f"{self.workload}-{self.stack}"

    @property
    def tuning_pipeline(self) -> str:
        """Name of the pipeline that searches hyper-parameters."""
        return f"{self.pipeline}-tuning"

    @property
    def training_machine(self) -> str:
        """Name of the state machine that trains, where Step Functions does."""
        return f"{self.pipeline}-training"

    @property
    def training_machine_arn(self) -> str:
        """Its ARN."""
        return self.arn("states", f"stateMachine:{self.training_machine}")

    @property
    def package_group(self) -> str:
        """Name of the model package group."""
        return f"{self.workload}-{self.stack}"

    @property
    def contract_parameter(self) -> str:
        """SSM parameter with the hash of the newest contract that the stack was deployed with."""
        return f"{self.parameter_path}/{self.workload}/contract"

    @property
    def salt_secret(self) -> str:
        """Secret in Secrets Manager with the salt of hashed columns. People make it: no state of a program has it."""
        return f"{PLATFORM}/{self.stack}/{self.workload}/pii-salt"

    def pull(self, source: str) -> str:
        """Role of the jobs that pull a source. NamesError for a source that cannot be called so."""
        if not _SOURCE.fullmatch(source):
            raise NamesError("source", source, "up to 10 of a-z and 0-9, from a letter", "name it anew")
        role = f"pull-{source}"
        name, what = f"{self.resource(role)}-0123456789abcdef", "<workload>-<stack>-pull-<source>-<id>"
        _fits(name, what, "the source's name, the workload's", most=MAX_JOB)
        return role

    def source_secret(self, source: str) -> str:
        """Secret in Secrets Manager with the value of the header that a source asks for. People make it."""
        return f"{PLATFORM}/{self.stack}/{self.workload}/sources/{source}"

    @property
    def accepted_uri(self) -> str:
        """Where accepted data lies."""
        return f"s3://{self.processed_bucket}/{self.layout.accepted}"


@dataclass(frozen=True, kw_only=True)
class EndpointNames(WorkloadNames):
    """Names of one endpoint of a workload; its name is its key in the workload's `endpoints`."""

    endpoint: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.endpoint in RESERVED_ENDPOINTS or not _ENDPOINT.fullmatch(self.endpoint):
            raise NamesError(
                "endpoint",
                self.endpoint,
                "a-z and 0-9, from a letter, without hyphens, and none of what the workload's own names begin with "
                f"({', '.join(sorted(RESERVED_ENDPOINTS))})",
                "name it anew in the stack config",
            )
        _fits(self.prefix, "<workload>-<stack>-<endpoint>", "the workload's or the endpoint's name")

    @property
    def of_its_workload(self) -> WorkloadNames:
        """The names of the workload that the endpoint belongs to."""
        return self.of_workload(self.workload)

    @property
    def prefix(self) -> str:
        """`<workload>-<stack>-<endpoint>`: the name of the endpoint itself."""
        return f"{self.workload}-{self.stack}-{self.endpoint}"

    @property
    def release_parameter(self) -> str:
        """SSM parameter of the release record."""
        return f"{self.parameter_path}/{self.workload}/{self.endpoint}/release"

    @property
    def log_group(self) -> str:
        """Log group that SageMaker writes to for the endpoint's hosts."""
        return f"{HOSTS}/{self.prefix}"

    @property
    def component_log_group(self) -> str:
        """The same for the copies of its inference component."""
        return f"{COMPONENTS}/{self.prefix}"

    @property
    def lock_key(self) -> str:
        """Artifacts bucket: the lock of whoever writes the release record."""
        return f"{self.layout.locks}{self.endpoint}"

    @property
    def asynchronous(self) -> str:
        """Processed bucket: above the requests of an asynchronous endpoint and what became of them."""
        return f"{self.layout.asynchronous}{self.prefix}/"

    @property
    def batch(self) -> str:
        """Processed bucket: above the files of a batch endpoint and the predictions of each of its runs."""
        return f"{self.layout.batch}{self.prefix}/"

    def archives(self, release: str) -> str:
        """Artifacts bucket: the archives that a release of a multi-model endpoint serves, `<name of the model>.tar.gz`.

        The release is known by its id; without one (""), those of all releases.
        """
        return f"{self.layout.models}{self.prefix}/{release and f'{release}/'}"

    @property
    def data_capture_uri(self) -> str:
        """Where the endpoint writes captured requests and predictions; SageMaker adds the endpoint's name."""
        return f"s3://{self.processed_bucket}/{self.layout.data_capture}".rstrip("/")


def clashes(stack: str, workloads: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of workloads where the names of the second begin with the first's, so that its roles would reach them.

    A wildcard on `churn-prod-*` also covers a workload called `churn-prod-eu` of any stack.
    """
    names = sorted(set(workloads))
    return [(a, b) for a in names for b in names if a != b and f"{b}-{stack}-".startswith(f"{a}-{stack}-")]


def _fits(name: str, what: str, which: str, most: int = MAX_PREFIX) -> None:
    if len(name) > most:
        size = f" with {len(name)} characters"
        raise NamesError(what, name, f"{most} characters", f"shorten {which} or the stack's", size=size)
