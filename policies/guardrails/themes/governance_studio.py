"""Machine-learning governance: notebooks, Studio and the feature store."""

from __future__ import annotations

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING, IN_PROD
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from .theme import GOVERNANCE as THEME


@THEME.policy(
    on="sagemaker/notebookInstance",
    mandatory=EVERYWHERE,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV_AWS_307", fsbp="SageMaker.3"),
    remedy="Set root_access='Disabled'.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-root-access.html",
)
def notebook_root_access_off(notebook: Resource) -> Findings:
    """People work in notebooks without root."""
    yield from notebook.prop("rootAccess").must_be("Disabled")


@notebook_root_access_off.remediation
def _(draft: Draft) -> None:
    draft.set("rootAccess", "Disabled")


@THEME.policy(
    on="sagemaker/notebookInstance",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_371"),
    remedy="Set minimum_instance_metadata_service_version='2' and a lifecycle config that stops idle notebooks.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/nbi-imds.html",
)
def notebook_imdsv2_lifecycle(notebook: Resource) -> Findings:
    """Notebooks take version 2 of the metadata service, and a script that stops idle ones."""
    version = notebook.prop("instanceMetadataServiceConfiguration.minimumInstanceMetadataServiceVersion")
    yield from version.must_be("2")
    yield from notebook.prop("lifecycleConfigName").must_be_set("the name of a lifecycle configuration")


@notebook_imdsv2_lifecycle.remediation
def _(draft: Draft) -> None:
    draft.set("instanceMetadataServiceConfiguration.minimumInstanceMetadataServiceVersion", "2")


@THEME.policy(
    on="sagemaker/domain",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(prowler="sagemaker_domain_sso_configured"),
    remedy="Set auth_mode='SSO', and an execution role made for Studio.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/onboard-custom.html",
)
def studio_domain_sso(domain: Resource) -> Findings:
    """People enter Studio with their own identity."""
    yield from domain.prop("authMode").must_be("SSO")
    yield from domain.prop("defaultUserSettings.executionRole").must_be_set("the ARN of a role")


@THEME.policy(
    on="sagemaker/featureGroup",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    remedy="Set offline_store_config when the group is created.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/feature-store-offline.html",
)
def feature_group_offline_store(group: Resource) -> Findings:
    """Every feature group keeps its history, from which a training set of any day can be made again."""
    yield from group.prop("offlineStoreConfig.s3StorageConfig.s3Uri").must_be_set("an S3 URI")
