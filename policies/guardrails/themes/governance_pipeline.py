"""Machine-learning governance: what leads to a model, from the training pipeline to the registry."""

from __future__ import annotations

import fnmatch

from pulumi_policy import Severity

from ..documents import Statement, statements
from ..facts import takes_volume_key
from ..finding import Findings
from ..levels import FROM_STAGING, IN_PROD, NOWHERE
from ..reading import Prop
from ..resource import Resource, Stack
from ..rule import Controls
from ..schema import strings
from .containers import containers
from .endpoints import serves_several
from .pipeline_steps import PIPELINES, Step, each_step, parameter, resolved, steps
from .theme import GOVERNANCE as THEME

PENDING = "PendingManualApproval"
_JOBS = ("Training", "Tuning", "Processing", "QualityCheck", "ClarifyCheck")
_PACKAGE_WRITES = ("sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage", "sagemaker:DeleteModelPackage")
#: Where a release of a multi-model endpoint is served from: the workload's, the endpoint's, the release's own.
_RELEASE = r"s3://[^/]+/models/[^/]+/[^/]+/[0-9a-f]{10}/"
_PIPELINES_URL = "https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines.html"


@THEME.policy(
    on=PIPELINES,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(
        prowler="sagemaker_training_jobs_volume_and_output_encryption_enabled"
        " sagemaker_training_jobs_vpc_settings_configured sagemaker_training_jobs_network_isolation_enabled"
        " sagemaker_training_jobs_intercontainer_encryption_enabled"
    ),
    remedy="Set it on the processor or trainer that the step is compiled from, and compile the definition again.",
    url=_PIPELINES_URL,
    settings={
        "connectedSteps": strings(
            "Patterns of steps and schedules that call AWS themselves, and so cannot be isolated."
        )
    },
)
def sagemaker_pipeline_step_hardening(pipeline: Resource) -> Findings:
    """Every job of a pipeline, state machine or schedule encrypts its data and traffic, and runs in the VPC, isolated.

    Jobs are not resources: nothing but the definition says how they will run. The SageMaker SDK drops some of these
    settings for tuning steps (SDK 3.27), so what was written is not always what is compiled. A key for the volume is
    named where every instance type that a run may name takes one: SageMaker refuses it on types with disks of their
    own.
    """
    yield from each_step(pipeline, lambda step: _hardened(pipeline, step))


def _hardened(pipeline: Resource, step: Step) -> Findings:
    if step.type not in _JOBS:
        return
    switches = [step.network.prop("EnableInterContainerTrafficEncryption")]
    if not any(fnmatch.fnmatchcase(step.name, pattern) for pattern in pipeline.config["connectedSteps"]):
        switches.append(step.network.prop("EnableNetworkIsolation"))
    off = [prop.path.rpartition(".")[2] for prop in switches if not prop.unknown and prop.raw is not True]
    missing = [*_unset(pipeline, step), *off]
    if missing:
        yield pipeline.violation(f"step {step.name} ({step.type}) lacks {', '.join(missing)}")
    yield from (pipeline.undecided(prop.path) for prop in switches if prop.unknown)
    yield from _refused_key(pipeline, step)


def _refused_key(pipeline: Resource, step: Step) -> Findings:
    """A volume key on a type that takes none: the step's own, or one that a run may name in its place."""
    instance, said = step.cluster.prop("InstanceType"), f"step {step.name} ({step.type}) names VolumeKmsKeyId on "
    if step.cluster.prop("VolumeKmsKeyId").missing:
        return
    if not takes_volume_key(instance.raw):
        fix = "Leave it out: the volumes of this type are disks of the instance."
        yield pipeline.violation(f"{said}{instance.raw}, which SageMaker refuses", fix)
    declared = parameter(pipeline, instance)
    if declared is None or declared.unknown:
        return
    name, allowed = declared.prop("Name").raw, declared.prop("EnumValues")
    if allowed.missing:
        refused = "any type, those with disks of their own too"
    else:
        refused = ", ".join(str(each.raw) for each in declared.props("EnumValues[]") if not takes_volume_key(each.raw))
    if refused:
        fix = f"Give the parameter {name} as EnumValues the types whose volumes take a key."
        yield pipeline.violation(f"{said}what {name} names: {refused}; SageMaker refuses the key there", fix)


def _has_volume(pipeline: Resource, step: Step) -> bool:
    """Whether a volume of its job takes a key: of the type that it names, or of one that a run may name."""
    instance = step.cluster.prop("InstanceType")
    declared = parameter(pipeline, instance)
    if declared is None or declared.unknown or declared.prop("EnumValues").missing:
        return takes_volume_key(instance.raw)
    return any(takes_volume_key(each.raw) for each in declared.props("EnumValues[]"))


def _unset(pipeline: Resource, step: Step) -> list[str]:
    """The keys and the network that the request of a job does not name; a value that is not known yet is named."""
    outputs = [step.output] if step.trains else step.output.props("Outputs[]")
    present = {
        "VolumeKmsKeyId": not step.cluster.prop("VolumeKmsKeyId").missing or not _has_volume(pipeline, step),
        "KmsKeyId of the output": all(not output.prop("KmsKeyId").missing for output in outputs)
        or not step.output.prop("KmsKeyId").missing,
        "VpcConfig": not step.network.prop("VpcConfig").missing,
    }
    return [name for name, found in present.items() if not found]


@THEME.policy(
    on=PIPELINES,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    remedy="Register with PendingManualApproval, in a branch of the condition step that checks the evaluation.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-approve.html",
)
def sagemaker_pipeline_registers_pending(pipeline: Resource) -> Findings:
    """A pipeline registers a model only behind a condition, and leaves its approval to somebody else."""
    yield from each_step(pipeline, lambda step: _registers_pending(pipeline, step))


def _registers_pending(pipeline: Resource, step: Step) -> Findings:
    if step.type == "RegisterModel":
        if not step.gated:
            yield pipeline.violation(f"step {step.name} registers without a condition before it")
        yield from resolved(pipeline, step.arguments.prop("ModelApprovalStatus")).must_be(PENDING)


@THEME.policy(
    on="sagemaker/model",
    mandatory=IN_PROD,
    severity=Severity.HIGH,
    controls=Controls(prowler="sagemaker_models_registry_in_use"),
    remedy="Set model_package_name to the approved package, and leave model_data_url out.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-deploy.html",
)
def sagemaker_model_from_registry(model: Resource) -> Findings:
    """Models are served from an approved package of the registry, not from a file.

    SageMaker takes no package for several models, but a prefix: that of one release of one endpoint, where `promote`
    puts the archives of approved packages and nothing else.
    """
    if serves_several(model):
        yield from model.prop("primaryContainer.modelDataUrl").must_match(_RELEASE, "the place of one release")
        return
    for container in (*model.props("containers[]"), *_present(model.prop("primaryContainer"))):
        yield from container.prop("modelPackageName").must_be_set("the ARN of a model package")
        yield from container.prop("modelDataUrl").must_be(None)


@THEME.policy(
    on=("sagemaker/model", "ecs/taskDefinition", "lambda/function"),
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_K8S_43"),
    remedy="Name the image by its digest, <repository>@sha256:<digest>.",
    url="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-pull.html",
)
def image_pinned_by_digest(workload: Resource) -> Findings:
    """Containers are named by digest, so that what was tested is what runs."""
    for image in _images(workload):
        if not image.missing:
            yield from image.judged(lambda name: "@sha256:" in str(name), "pinned by digest (@sha256:)")


def _images(workload: Resource) -> list[Prop]:
    match workload.type.rpartition(":")[2]:
        case "Model":
            return [workload.prop("primaryContainer.image"), *workload.props("containers[].image")]
        case "Function":
            return [workload.prop("imageUri")]
        case _:
            return [container.prop("image") for container in containers(workload.prop("containerDefinitions"))]


def _present(prop: Prop) -> list[Prop]:
    return [] if prop.missing else [prop]


@THEME.stack_policy(
    on=("sagemaker/modelPackageGroup", "cloudwatch/eventRule", "codepipeline/pipeline"),
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    remedy="Add an EventBridge rule on ModelApprovalStatus Approved, or a manual approval before the deployment.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-approve.html",
)
def sagemaker_approval_gate(stack: Stack) -> Findings:
    """Between a registered model and its deployment stands an approval, by people or by policy."""
    groups = stack.of("sagemaker/modelPackageGroup")
    if groups and not (_approval_rule(stack) or _manual_approval(stack)):
        yield groups[0].violation("nothing in the stack waits for the approval of its packages")


def _approval_rule(stack: Stack) -> bool:
    """Whether a rule listens for approved packages (EventBridge, "SageMaker Model Package State Change")."""
    for rule in stack.of("cloudwatch/eventRule"):
        pattern = Prop(rule, "eventPattern", rule.prop("eventPattern").parsed())
        statuses = [status.raw for status in pattern.props("detail.ModelApprovalStatus[]")]
        if (
            "Approved" in statuses
            and rule.prop("state").value != "DISABLED"
            and rule.prop("isEnabled").value is not False
        ):
            return True
    return False


def _manual_approval(stack: Stack) -> bool:
    actions = [
        action for pipeline in stack.of("codepipeline/pipeline") for action in pipeline.props("stages[].actions[]")
    ]
    return any(action.prop("category").value == "Approval" for action in actions)


@THEME.policy(
    on="sagemaker/modelPackageGroup",
    reads="sagemaker/modelPackageGroupPolicy",
    mandatory=IN_PROD,
    severity=Severity.LOW,
    remedy="Attach a ModelPackageGroupPolicy that names the accounts that read the packages.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-deploy-xaccount.html",
)
def model_package_group_access(group: Resource) -> Findings:
    """A model package group says which accounts may read it, and none may write it but its own."""
    for policy in group.attached("modelPackageGroupName", "sagemaker/modelPackageGroupPolicy"):
        for statement in statements(policy.prop("resourcePolicy")):
            yield from statement.judged(lambda read, policy=policy: _package_writes(policy, read))


def _package_writes(policy: Resource, statement: Statement) -> Findings:
    writes = [name for name in _PACKAGE_WRITES if statement.grants(name)]
    if writes:
        yield policy.violation(f"resourcePolicy {statement.label} lets other accounts call {', '.join(writes)}")


@THEME.stack_policy(
    on=("sagemaker/modelPackageGroup", "sagemaker/modelCard", "sagemaker/pipeline"),
    mandatory=NOWHERE,
    severity=Severity.LOW,
    remedy="Register packages with a ModelCard, or declare one, with intended use, owner and risk rating.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html",
)
def model_card_present(stack: Stack) -> Findings:
    """Models come with a card that says what they are for, and what not."""
    groups = stack.of("sagemaker/modelPackageGroup")
    if not groups or stack.of("sagemaker/modelCard"):
        return
    registering = [
        step for pipeline in stack.of("sagemaker/pipeline") for step in steps(pipeline) if step.type == "RegisterModel"
    ]
    if any(step.arguments.prop("ModelCard").missing for step in registering):
        yield groups[0].violation("neither a modelCard nor the ModelCard of a RegisterModel step describes its models")
