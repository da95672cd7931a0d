"""Physical names and ARNs of a stack.

What other programs look up by name (buckets, endpoint, pipeline, parameters ...) is named here and nowhere else. All
of it is plain text, known before anything exists, so that roles and alarms can name a resource without waiting for it.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pulumi

from contracts.layout import Layout

if TYPE_CHECKING:
    import pulumi_aws as aws

#: CloudWatch namespace of the platform's own metrics: DriftScore and PredictionAccuracy, dimension Endpoint.
MODEL_QUALITY_NAMESPACE: Final = "MLPipeline/ModelQuality"
#: Role of the queue that takes what failed for good.
DEAD_LETTERS: Final = "dead-letters"
#: SageMaker's names may have 63 characters. The longest that follows the prefix is `-drift-` and an id of EventBridge
#: Scheduler (16); a release id (10) and a content hash (8), each after a `-`, are shorter.
MAX_PREFIX: Final = 63 - len("-drift-0123456789abcdef")
#: A bucket's name may have 63 characters too (Amazon S3 user guide, "General purpose bucket naming rules").
MAX_STACK: Final = 63 - len("123456789012--ai-processed-data")
_STACK: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: SageMaker's own image for the data-quality monitor; another account of AWS keeps it in each region.
ANALYZER: Final = "sagemaker-model-monitor-analyzer"


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of one stack's resources.

    names = Names(workload="churn", stack="staging", account="123456789012", region="eu-west-1")
    names.endpoint          # "churn-staging"
    names.raw_bucket        # "123456789012-staging-ai-raw-data"
    """

    workload: str
    stack: str
    account: str
    region: str
    partition: str = "aws"

    @classmethod
    def of(cls, caller: aws.AwaitableGetCallerIdentityResult, *, workload: str, stack: str, region: str) -> Names:
        """The names in the account of the caller; its ARN also says in which partition of AWS that is."""
        partition = caller.arn.split(":")[1]
        return cls(workload=workload, stack=stack, account=caller.account_id, region=region, partition=partition)

    def __post_init__(self) -> None:
        if len(self.stack) > MAX_STACK or not _STACK.fullmatch(self.stack):
            raise pulumi.RunError(
                f"stack: found {self.stack!r}; allowed: up to {MAX_STACK} of a-z and 0-9, with single hyphens in "
                "between; name the stack anew, because buckets and endpoint carry its name"
            )
        if len(self.prefix) > MAX_PREFIX:
            raise pulumi.RunError(
                f"<workload>-<stack>: found {self.prefix!r} with {len(self.prefix)} characters; "
                f"allowed: {MAX_PREFIX}; shorten `name` in the contract or the stack's name"
            )

    @property
    def prefix(self) -> str:
        """`<workload>-<stack>`: the name of the pipeline, the model package group and the endpoint."""
        return f"{self.workload}-{self.stack}"

    @property
    def endpoint(self) -> str:
        """Name of the endpoint."""
        return self.prefix

    @property
    def pipeline(self) -> str:
        """Name of the training pipeline, and of the experiment that collects its runs."""
        return self.prefix

    @property
    def package_group(self) -> str:
        """Name of the model package group."""
        return self.prefix

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
    def accepted_uri(self) -> str:
        """Where accepted data lies."""
        return f"s3://{self.processed_bucket}/accepted/"

    @property
    def data_capture_uri(self) -> str:
        """Where the endpoint writes captured requests and predictions."""
        return f"s3://{self.processed_bucket}/data-capture"

    @property
    def release_parameter(self) -> str:
        """SSM parameter of the release record."""
        return f"/mlplatform/{self.stack}/{self.endpoint}/release"

    @property
    def lock_key(self) -> str:
        """Artifacts bucket: the lock of whoever writes the release record."""
        return f"{Layout(self.workload).locks}live"

    @property
    def release_path(self) -> str:
        """SSM path right above the release record."""
        return self.release_parameter.rpartition("/")[0]

    @property
    def image_path(self) -> str:
        """SSM path right above the image parameters."""
        return f"/mlplatform/{self.stack}/images"

    def image_parameter(self, image: str) -> str:
        """SSM parameter with the URI of an image (training or inference), by digest."""
        return f"{self.image_path}/{image}"

    def resource(self, role: str) -> str:
        """Name of a role, function, topic, queue, alarm, rule or repository: the prefix and what it is for."""
        return f"{self.prefix}-{role}"

    def arn(self, service: str, resource: str) -> str:
        """ARN of a resource of this account and region, for example `arn("sagemaker", "endpoint/churn-staging")`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def bucket_arn(self, bucket: str, key: str = "") -> str:
        """ARN of a bucket, or with a key of the objects in it; a key may end in `*`."""
        return f"arn:{self.partition}:s3:::{bucket}" + (f"/{key}" if key else "")

    def role_arn(self, job: str) -> str:
        """ARN of the role of a job."""
        return f"arn:{self.partition}:iam::{self.account}:role/{self.resource(job)}"

    @property
    def analyzer_arn(self) -> str:
        """ARN of the repository of SageMaker's analyzer image, whichever account of AWS serves it in this region."""
        return f"arn:{self.partition}:ecr:{self.region}:*:repository/{ANALYZER}"

    @property
    def root_arn(self) -> str:
        """ARN that stands for the account in a policy."""
        return f"arn:{self.partition}:iam::{self.account}:root"


def content_name(stem: str, content: pulumi.Input[Any]) -> pulumi.Output[str]:
    """`<stem>-<8 hex digits of the content>`: a new name for every new content.

    SageMaker's models, endpoint configurations and job definitions cannot be changed, only replaced, and the old one
    must outlive the move to the new one. With a name that follows from the content, the new one never meets the old.
    At preview the name is unknown as long as any of the content is.
    """

    def name(value: object) -> str:
        text = json.dumps(value, sort_keys=True, separators=(",", ":"))
        return f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    return pulumi.Output.from_input(content).apply(name)
