"""The AWS services that a stack declares resources of, and what the provider calls for them.

Names of actions are those of the Service Authorization Reference. A type that no service lists fails a test by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Service:
    """An AWS service: types without `aws:`, verbs that read configuration, verbs that change, and what takes no ARN.

    `unnamed` are the resources that no name tells from another stack's.
    """

    types: str
    reads: str
    changes: str
    reads_anywhere: str = ""
    changes_anywhere: str = ""
    unnamed: str = ""


SERVICES: Final[Mapping[str, Service]] = {
    "application-autoscaling": Service(
        types="appautoscaling/policy appautoscaling/scheduledAction appautoscaling/target",
        reads="ListTagsForResource",
        reads_anywhere="DescribeScalableTargets DescribeScalingPolicies DescribeScheduledActions",
        changes="DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget PutScalingPolicy "
        "PutScheduledAction RegisterScalableTarget TagResource UntagResource",
        unnamed="scalable-target/*",
    ),
    "athena": Service(
        types="athena/workgroup",
        reads="GetWorkGroup ListTagsForResource",
        changes="CreateWorkGroup DeleteWorkGroup TagResource UntagResource UpdateWorkGroup",
    ),
    "cloudwatch": Service(
        types="cloudwatch/dashboard cloudwatch/metricAlarm",
        reads="DescribeAlarms GetDashboard ListTagsForResource",
        changes="DeleteAlarms DeleteDashboards PutDashboard PutMetricAlarm TagResource UntagResource",
    ),
    "ec2": Service(
        types="ec2/defaultSecurityGroup ec2/eip ec2/flowLog ec2/internetGateway ec2/natGateway ec2/route "
        "ec2/routeTable ec2/routeTableAssociation ec2/securityGroup ec2/subnet ec2/vpc ec2/vpcEndpoint "
        "vpc/securityGroupEgressRule vpc/securityGroupIngressRule",
        reads="DescribeVpcAttribute",
        reads_anywhere="DescribeAddresses DescribeAddressesAttribute DescribeAvailabilityZones DescribeFlowLogs "
        "DescribeInternetGateways DescribeNatGateways DescribeNetworkAcls "
        "DescribeNetworkInterfaces DescribePrefixLists DescribeRouteTables DescribeSecurityGroupRules "
        "DescribeSecurityGroups DescribeSubnets DescribeVpcEndpointServices DescribeVpcEndpoints "
        "DescribeVpcs",
        changes="AllocateAddress AssociateRouteTable AttachInternetGateway AuthorizeSecurityGroupEgress "
        "AuthorizeSecurityGroupIngress CreateFlowLogs CreateInternetGateway CreateNatGateway CreateRoute "
        "CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags CreateVpc CreateVpcEndpoint DeleteFlowLogs "
        "DeleteInternetGateway DeleteNatGateway DeleteRoute DeleteRouteTable DeleteSecurityGroup DeleteSubnet "
        "DeleteTags DeleteVpc DeleteVpcEndpoints DetachInternetGateway DisassociateRouteTable ModifySecurityGroupRules "
        "ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint ReleaseAddress RevokeSecurityGroupEgress "
        "RevokeSecurityGroupIngress",
        unnamed="elastic-ip/* *gateway/* route-table/* security-group*/* subnet/* vpc*/*",
    ),
    "ecr": Service(
        types="ecr/lifecyclePolicy ecr/repository",
        reads="BatchCheckLayerAvailability BatchGetImage DescribeImageScanFindings DescribeImages DescribeRepositories "
        "GetDownloadUrlForLayer GetLifecyclePolicy GetRepositoryPolicy ListTagsForResource",
        reads_anywhere="GetAuthorizationToken",
        changes="CompleteLayerUpload CreateRepository DeleteLifecyclePolicy DeleteRepository InitiateLayerUpload "
        "PutImage PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy SetRepositoryPolicy "
        "TagResource UntagResource UploadLayerPart",
    ),
    "events": Service(
        types="cloudwatch/eventRule cloudwatch/eventTarget",
        reads="DescribeRule ListTagsForResource ListTargetsByRule",
        changes="DeleteRule PutRule PutTargets RemoveTargets TagResource UntagResource",
    ),
    "glue": Service(
        types="glue/dataCatalogEncryptionSettings glue/securityConfiguration",
        reads="GetDataCatalogEncryptionSettings",
        reads_anywhere="GetSecurityConfiguration",
        changes="PutDataCatalogEncryptionSettings",
        changes_anywhere="CreateSecurityConfiguration DeleteSecurityConfiguration",
        unnamed="catalog",
    ),
    "iam": Service(
        types="iam/openIdConnectProvider iam/policy iam/role iam/rolePolicy iam/rolePolicyAttachment",
        reads="GetPolicy GetPolicyVersion GetRole GetRolePolicy ListAttachedRolePolicies "
        "ListInstanceProfilesForRole ListPolicyVersions ListRolePolicies ListRoleTags",
        # What could give a role more than the boundary stands in `_roles`.
        changes="DeleteRole DeleteRolePolicy DetachRolePolicy TagRole UntagRole UpdateAssumeRolePolicy UpdateRole "
        "UpdateRoleDescription",
    ),
    "kms": Service(
        types="kms/alias kms/key",
        reads="DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags",
        reads_anywhere="ListAliases",
        changes="EnableKeyRotation PutKeyPolicy ScheduleKeyDeletion UntagResource UpdateKeyDescription",
        unnamed="key/*",
    ),
    "lambda": Service(
        types="lambda/function lambda/permission",
        reads="GetFunction GetFunctionCodeSigningConfig GetFunctionConcurrency GetFunctionConfiguration GetPolicy "
        "ListTags ListVersionsByFunction",
        changes="AddPermission CreateFunction DeleteFunction DeleteFunctionConcurrency PutFunctionConcurrency "
        "RemovePermission TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
    ),
    "logs": Service(
        types="cloudwatch/logGroup",
        reads="ListTagsForResource",
        reads_anywhere="DescribeLogGroups",
        changes_anywhere="CreateLogDelivery DeleteLogDelivery",
        changes="AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy "
        "PutLogGroupDeletionProtection PutRetentionPolicy TagResource UntagResource",
    ),
    "s3": Service(
        types="s3/bucket s3/bucketLifecycleConfiguration s3/bucketLogging s3/bucketNotification s3/bucketObjectv2 "
        "s3/bucketObjectLockConfiguration s3/bucketOwnershipControls s3/bucketPolicy s3/bucketPublicAccessBlock "
        "s3/bucketServerSideEncryptionConfiguration s3/bucketVersioning",
        reads="GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging "
        "GetBucketNotification GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
        "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite "
        "GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration ListBucket "
        "ListTagsForResource",
        changes="CreateBucket DeleteBucket DeleteBucketPolicy PutBucketLogging PutBucketNotification "
        "PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock "
        "PutBucketTagging PutBucketVersioning PutEncryptionConfiguration PutLifecycleConfiguration TagResource "
        "UntagResource",
    ),
    "sagemaker": Service(
        types="sagemaker/endpoint sagemaker/endpointConfiguration sagemaker/featureGroup sagemaker/model "
        "sagemaker/modelPackageGroup sagemaker/pipeline",
        reads="DescribeEndpoint DescribeEndpointConfig DescribeFeatureGroup DescribeModel "
        "DescribeModelPackageGroup DescribePipeline ListTags",
        reads_anywhere="ListEndpointConfigs",
        changes="AddTags CreateEndpoint CreateEndpointConfig CreateFeatureGroup CreateModel CreateModelPackageGroup "
        "CreatePipeline DeleteEndpoint DeleteEndpointConfig DeleteFeatureGroup DeleteModel DeleteModelPackageGroup "
        "DeletePipeline DeleteTags UpdateEndpoint UpdateEndpointWeightsAndCapacities UpdateFeatureGroup UpdatePipeline",
    ),
    "scheduler": Service(
        types="scheduler/schedule",
        reads="GetSchedule",
        changes="CreateSchedule DeleteSchedule UpdateSchedule",
    ),
    "sns": Service(
        types="sns/topic sns/topicPolicy sns/topicSubscription",
        reads="GetSubscriptionAttributes GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource",
        changes="CreateTopic DeleteTopic SetSubscriptionAttributes SetTopicAttributes Subscribe TagResource "
        "Unsubscribe UntagResource",
    ),
    "sqs": Service(
        types="sqs/queue sqs/queuePolicy",
        reads="GetQueueAttributes GetQueueUrl ListQueueTags",
        changes="CreateQueue DeleteQueue SetQueueAttributes TagQueue UntagQueue",
    ),
    "ssm": Service(
        types="ssm/parameter",
        reads="GetParameter GetParameters GetParametersByPath ListTagsForResource",
        reads_anywhere="DescribeParameters",
        changes="AddTagsToResource DeleteParameter PutParameter RemoveTagsFromResource",
    ),
}
