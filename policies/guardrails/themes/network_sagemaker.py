"""Network: SageMaker models, jobs and workplaces stay inside the VPC."""

from __future__ import annotations

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from .endpoints import CONFIGURATION, captures_itself, must_be_isolated
from .theme import NETWORK as THEME

_SCHEDULE_JOB = "monitoringScheduleConfig.monitoringJobDefinition"


@THEME.policy(
    on="sagemaker/model",
    reads=CONFIGURATION,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(prowler="sagemaker_models_vpc_settings_configured", nist="AC-3 AC-6 AC-21"),
    remedy="Set vpc_config with private subnets and a security group.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/host-vpc.html",
)
def sagemaker_model_in_vpc(model: Resource) -> Findings:
    """Models are served inside the platform's VPC.

    A model that only serverless variants serve is exempt: SageMaker refuses a VPC there (SageMaker Developer Guide,
    "Deploy models with Amazon SageMaker Serverless Inference", feature exclusions).
    """
    found = [
        *model.prop("vpcConfig.subnets").must_be_set("a list of private subnets"),
        *model.prop("vpcConfig.securityGroupIds").must_be_set("a list of security groups"),
    ]
    if found and must_be_isolated(model):
        yield from found


@THEME.policy(
    on="sagemaker/model",
    reads=CONFIGURATION,
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_370", fsbp="SageMaker.5"),
    remedy="Set enable_network_isolation=True; a new model is created.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/mkt-algo-model-internet-free.html",
)
def sagemaker_model_network_isolation(model: Resource) -> Findings:
    """A model's container can call nothing: what it is sent cannot leave it but as a prediction.

    A model that only serverless variants serve is exempt: SageMaker does not isolate it (SageMaker Developer Guide,
    "Deploy models with Amazon SageMaker Serverless Inference", feature exclusions). So is one that writes its own
    captured traffic (CAPTURE_URI), where SageMaker captures none: it reaches S3, from inside the VPC.
    """
    found = model.prop("enableNetworkIsolation").must_be(True)
    if found and must_be_isolated(model) and not captures_itself(model):
        yield from found


@THEME.policy(
    on=("sagemaker/dataQualityJobDefinition", "sagemaker/monitoringSchedule", "sagemaker/trainingJob"),
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(fsbp="SageMaker.11 SageMaker.14"),
    remedy="Set enable_network_isolation=True and vpc_config with private subnets.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html",
)
def sagemaker_job_network_isolation(job: Resource) -> Findings:
    """Training and monitoring jobs run isolated, in private subnets."""
    match job.type.rpartition(":")[2]:
        case "MonitoringSchedule":
            if job.prop(_SCHEDULE_JOB).missing:
                return  # the schedule names a job definition, which is judged by itself
            network = job.prop(f"{_SCHEDULE_JOB}.networkConfig")
            yield from network.prop("enableNetworkIsolation").must_be(True)
        case "DataQualityJobDefinition":
            yield from job.prop("networkConfig.enableNetworkIsolation").must_be(True)
            yield from job.prop("networkConfig.vpcConfig.subnets").must_be_set("a list of private subnets")
        case _:
            yield from job.prop("enableNetworkIsolation").must_be(True)
            yield from job.prop("vpcConfig.subnets").must_be_set("a list of private subnets")


@THEME.policy(
    on="sagemaker/domain",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    remedy="Set app_network_access_type='VpcOnly' and subnet_ids to private subnets.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/studio-notebooks-and-internet-access.html",
)
def sagemaker_domain_vpc_only(domain: Resource) -> Findings:
    """Studio reaches the outside only through the platform's VPC."""
    yield from domain.prop("appNetworkAccessType").must_be("VpcOnly")
    yield from domain.prop("subnetIds").must_be_set("a list of private subnets")


@sagemaker_domain_vpc_only.remediation
def _(draft: Draft) -> None:
    draft.set("appNetworkAccessType", "VpcOnly")


@THEME.policy(
    on="sagemaker/notebookInstance",
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_122 CKV_AWS_306", fsbp="SageMaker.1 SageMaker.2", nist="AC-3 AC-6 AC-21"),
    remedy="Set direct_internet_access='Disabled' and subnet_id to a private subnet.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/appendix-notebook-and-internet-access.html",
)
def notebook_no_direct_internet(notebook: Resource) -> Findings:
    """Notebooks have no way to the internet of their own."""
    yield from notebook.prop("directInternetAccess").must_be("Disabled")
    yield from notebook.prop("subnetId").must_be_set("a private subnet")
