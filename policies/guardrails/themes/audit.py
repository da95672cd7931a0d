"""Logging and audit: buckets, networks, trails and log groups."""

from __future__ import annotations

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import FROM_STAGING, IN_PROD
from ..remediation import Draft
from ..resource import Resource, twins
from ..rule import Controls
from ..schema import number
from .encryption_storage import customer_key
from .theme import AUDIT as THEME

# The periods that CloudWatch Logs takes (PutRetentionPolicy).
RETENTIONS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)


@THEME.policy(
    on="cloudwatch/logGroup",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_66 CKV_AWS_338", guard="CW_LOGGROUP_RETENTION_PERIOD_CHECK"),
    remedy="Set retention_in_days; without it logs are kept, and paid for, for ever.",
    url="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html",
    settings={"minimumDays": number("Fewest days that logs are kept.", 365, minimum=1, maximum=3653)},
)
def log_retention(group: Resource) -> Findings:
    """Logs are kept for the period that an inquiry needs, and then deleted."""
    yield from group.prop("retentionInDays").must_be_at_least(group.config["minimumDays"], "days")


@log_retention.remediation
def _(draft: Draft) -> None:
    wanted = draft.config["minimumDays"]
    draft.set("retentionInDays", next(days for days in RETENTIONS if days >= wanted))


@THEME.policy(
    on=twins("s3/bucket"),
    reads=twins("s3/bucketLogging"),
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV_AWS_18", fsbp="S3.9", cis="3.4"),
    remedy="Attach a BucketLogging that delivers to the access-log bucket.",
    url="https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerLogs.html",
)
def s3_access_logging(bucket: Resource) -> Findings:
    """Every bucket logs who reads and writes it, but the one that receives these logs: it would log itself."""
    logging = twins("s3/bucketLogging")
    if bucket.attached("targetBucket", *logging):
        return
    attached = bucket.attached("bucket", *logging)
    if not attached:
        yield bucket.violation("no bucketLogging is attached")
    for log in attached:
        yield from log.prop("targetBucket").must_be_set("a bucket for access logs")


@THEME.policy(
    on="ec2/vpc",
    reads="ec2/flowLog",
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(checkov="CKV2_AWS_11", fsbp="EC2.6", cis="3.7"),
    remedy="Create a FlowLog for the VPC with traffic_type 'ALL' or 'REJECT'.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html",
)
def vpc_flow_logs(vpc: Resource) -> Findings:
    """Every VPC logs its traffic."""
    logs = vpc.attached("vpcId", "ec2/flowLog")
    if not logs:
        yield vpc.violation("no flowLog is declared for it")
    for log in logs:
        yield from log.prop("trafficType").must_be("ALL", "REJECT")
        yield from log.prop("logDestination").must_be_set("the ARN of a log group or a bucket")


@THEME.policy(
    on="lambda/function",
    mandatory=IN_PROD,
    severity=Severity.LOW,
    controls=Controls(checkov="CKV_AWS_50", fsbp="Lambda.7"),
    remedy="Set tracing_config.mode='Active'.",
    url="https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
)
def tracing_enabled(function: Resource) -> Findings:
    """Functions trace their calls."""
    yield from function.prop("tracingConfig.mode").must_be("Active")


@tracing_enabled.remediation
def _(draft: Draft) -> None:
    draft.set("tracingConfig.mode", "Active")


@THEME.policy(
    on="cloudtrail/trail",
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(
        checkov="CKV_AWS_251 CKV_AWS_67 CKV_AWS_36 CKV_AWS_35 CKV2_AWS_10",
        fsbp="CloudTrail.1 CloudTrail.2 CloudTrail.4 CloudTrail.5",
        cis="3.1 3.2 3.5",
    ),
    remedy="Log all regions and global services, validate log files, encrypt with KMS, deliver to CloudWatch Logs.",
    url="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
)
def cloudtrail_hardened(trail: Resource) -> Findings:
    """The audit trail covers every region, is encrypted, and shows when somebody changed it."""
    yield from trail.prop("enableLogging").must_be(True, when_missing=True)
    yield from trail.prop("includeGlobalServiceEvents").must_be(True, when_missing=True)
    yield from trail.prop("isMultiRegionTrail").must_be(True)
    yield from trail.prop("enableLogFileValidation").must_be(True)
    yield from customer_key(trail.prop("kmsKeyId"))
    yield from trail.prop("cloudWatchLogsGroupArn").must_be_set("a log group")


@cloudtrail_hardened.remediation
def _(draft: Draft) -> None:
    for path in ("enableLogging", "includeGlobalServiceEvents", "isMultiRegionTrail", "enableLogFileValidation"):
        draft.set(path, True)


@THEME.policy(
    on="cloudtrail/trail",
    mandatory=IN_PROD,
    severity=Severity.MEDIUM,
    controls=Controls(cis="3.8 3.9", guard="CLOUDTRAIL_S3_DATAEVENTS_ENABLED"),
    remedy="Add an event selector for AWS::S3::Object data events of the lake's buckets.",
    url="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html",
)
def cloudtrail_data_events(trail: Resource) -> Findings:
    """The audit trail records who read and wrote objects of the lake."""
    basic = [prop.value for prop in trail.props("eventSelectors[].dataResources[].type")]
    fields = trail.props("advancedEventSelectors[].fieldSelectors[]")
    advanced = [
        value.value
        for field in fields
        if field.prop("field").value == "resources.type"
        for value in field.props("equals[]")
    ]
    if "AWS::S3::Object" not in (*basic, *advanced):
        yield trail.violation("no event selector records AWS::S3::Object")
