"""The values that exist only after deployment, and the tokens that stand for them in the compiled definition.

They are not pipeline parameters on purpose: whoever may start an execution can override a parameter, and nobody who
starts an execution should choose its role, key, network, image or bucket. `workloads.pipeline.render` puts the values
in. This table is the interface to the infrastructure side: one value for every name, no more and no less.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from contracts.partitions import REGION

MARK = "token--"
Value = str | int | float | list[str]


class Kind(StrEnum):
    """What a value is: text goes anywhere in a string, the others only where the string is the token and no more."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    LIST = "list"  # the token is one element of a list; every text of the value takes its place there


@dataclass(frozen=True, kw_only=True)
class Token:
    """One deploy-time value: what it is, a legal example, and the pattern each text of a value matches in full."""

    name: str
    meaning: str
    example: Value
    pattern: str = r"(?s).+"
    kind: Kind = Kind.TEXT
    prefix: str = ""

    @property
    def placeholder(self) -> str:
        """What stands in the compiled definition, for example `token--kms-key`; `prefix` makes it pass for an ARN."""
        return self.prefix + MARK + self.name.replace("_", "-")


_ROLE_PREFIX = "arn:aws:iam::000000000000:role/"  # the SDK looks up a role that is no ARN
_ROLE = r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+"
_BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"
_IMAGE = r"[\w./-]+@sha256:[0-9a-f]{64}"
_NUMBER = r"[0-9]+(\.[0-9]+)?(e-[0-9]+)?"
_NAME = r"[A-Za-z0-9](-*[A-Za-z0-9]){0,62}"


def _example_role(job: str) -> str:
    return f"arn:aws:iam::123456789012:role/churn-staging-{job}"


def _example_image(job: str) -> str:
    return f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-{job}@sha256:" + "0" * 64


_ALL = (
    Token(
        name="processing_role",
        meaning="role of the Prepare and Baseline jobs",
        example=_example_role("processing"),
        pattern=_ROLE,
        prefix=_ROLE_PREFIX,
    ),
    Token(
        name="training_role",
        meaning="role of the Train job",
        example=_example_role("training"),
        pattern=_ROLE,
        prefix=_ROLE_PREFIX,
    ),
    Token(
        name="evaluation_role",
        meaning="role of the Evaluate job: also reads the release record and the champion's package",
        example=_example_role("evaluation"),
        pattern=_ROLE,
        prefix=_ROLE_PREFIX,
    ),
    Token(
        name="kms_key",
        meaning="key ARN of the jobs' volumes and outputs",
        example="arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555",
        pattern=r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[\w-]+",
    ),
    Token(
        name="subnets",
        meaning="private subnets of the jobs",
        example=["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"],
        pattern=r"subnet-\w+",
        kind=Kind.LIST,
    ),
    Token(
        name="security_groups",
        meaning="security groups of the jobs",
        example=["sg-0a1b2c3d4e5f60718"],
        pattern=r"sg-\w+",
        kind=Kind.LIST,
    ),
    Token(
        name="training_image",
        meaning="image of every job, by digest",
        example=_example_image("training"),
        pattern=_IMAGE,
    ),
    Token(
        name="inference_image",
        meaning="image of the registered model, by digest",
        example=_example_image("inference"),
        pattern=_IMAGE,
    ),
    Token(
        name="artifacts_bucket",
        meaning="bucket of contracts and runs",
        example="123456789012-staging-ai-artifacts",
        pattern=_BUCKET,
    ),
    Token(
        name="processed_bucket",
        meaning="bucket of the accepted data",
        example="123456789012-staging-ai-processed-data",
        pattern=_BUCKET,
    ),
    Token(
        name="contract_sha",
        meaning="first 16 hex digits of the contract's SHA-256: it lies at contracts/<sha>/contract.json",
        example="0123456789abcdef",
        pattern=r"[0-9a-f]{16}",
    ),
    Token(name="package_group", meaning="model package group to register in", example="churn-staging", pattern=_NAME),
    Token(
        name="experiment",
        meaning="experiment that collects the executions; the pipeline's own name",
        example="churn-staging",
        pattern=_NAME,
    ),
    Token(
        name="release_parameter",
        meaning="SSM parameter of the release record, which names the live champion",
        example="/mlplatform/staging/churn-staging/release",
        pattern=r"(/[\w.-]+)+",
    ),
    Token(name="partition", meaning="partition of the stack, for a state machine", example="aws", pattern="aws[a-z-]*"),
    Token(name="region", meaning="region of the stack", example="eu-west-1", pattern=REGION),
    Token(name="workload", meaning="the workload's name: its prefix in S3", example="churn", pattern=_NAME),
    Token(
        name="model_card",
        meaning="content of the model card, as contracts.model_card says it in JSON",
        example='{"intended_uses":{"purpose_of_model":"Which customers leave within the \\"next\\" 30 days."}}',
        pattern=r"(?s)\{.{1,99998}\}",  # of ModelPackageModelCard's ModelCardContent (API reference)
    ),
    Token(name="num_round", meaning="default of NumRound: the contract's", example=150, kind=Kind.INTEGER),
    Token(name="eta", meaning="default of Eta: the contract's", example=0.05, kind=Kind.NUMBER),
    Token(name="max_depth", meaning="default of MaxDepth: the contract's", example=6, kind=Kind.INTEGER),
    Token(name="training_hosts", meaning="instances of a training job", example=1, kind=Kind.INTEGER),
    Token(
        name="training_instance_type",
        meaning="default of TrainingInstanceType",
        example="ml.m5.2xlarge",
        pattern=r"ml\.[a-z0-9-]+\.[a-z0-9]+",
    ),
    Token(
        name="tuning_instance_type",
        meaning="instance type of the trials",
        example="ml.m5.2xlarge",
        pattern=r"ml\.[a-z0-9-]+\.[a-z0-9]+",
    ),
    Token(
        name="tuning_strategy",
        meaning="how the next trial is chosen",
        example="Bayesian",
        pattern="Bayesian|Random",
    ),
    Token(name="tuning_jobs", meaning="most trials", example=12, kind=Kind.INTEGER),
    Token(name="tuning_parallel_jobs", meaning="most trials at one time", example=3, kind=Kind.INTEGER),
    Token(name="tuning_seconds", meaning="when the search ends: the budget", example=11_000, kind=Kind.INTEGER),
    *(
        Token(name=f"tuning_{name}_{end}", meaning=f"{end} of {name} in the search", example=example, pattern=_NUMBER)
        for name, ends in (("num_round", ("75", "300")), ("eta", ("0.0125", "0.2")), ("max_depth", ("3", "9")))
        for end, example in zip(("min", "max"), ends, strict=True)
    ),
)

TOKENS: Mapping[str, Token] = MappingProxyType({token.name: token for token in _ALL})
#: What `tune` has tokens of its own for: it searches instead of taking the contract's numbers, on a type of its own.
SEARCHED = ("num_round", "eta", "max_depth", "training_instance_type")
#: A legal value of every token of `machine`, of every one of `train`, and of every one of `tune`.
MACHINE_EXAMPLES: Mapping[str, Value] = MappingProxyType(
    {token.name: token.example for token in _ALL if not token.name.startswith("tuning_")}
)
EXAMPLES: Mapping[str, Value] = MappingProxyType(
    {name: example for name, example in MACHINE_EXAMPLES.items() if name != "partition"}
)
TUNING_EXAMPLES: Mapping[str, Value] = MappingProxyType(
    {token.name: token.example for token in _ALL if token.name not in (*SEARCHED, "partition")}
)
