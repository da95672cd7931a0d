"""Which types of resources cost, and how: free, or priced by a rule. A type in neither table is an error.

A type is free where AWS lists no price for it, or where what costs of it belongs to another resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from automation.cost.charge import Rule
from automation.cost.rules import network, operations, sagemaker, storage

RULES: Final[Mapping[str, Rule]] = {
    **network.RULES,
    **storage.RULES,
    **sagemaker.RULES,
    **operations.RULES,
}

FREE: Final = frozenset({
    "aws:appautoscaling/scheduledAction:ScheduledAction",
    "aws:appautoscaling/target:Target",
    "aws:cloudwatch/eventRule:EventRule",                    # events of AWS's own services are free
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/route:Route",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/vpc:Vpc",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",
    "aws:glue/securityConfiguration:SecurityConfiguration",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
    "aws:iam/policy:Policy",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:kms/alias:Alias",
    "aws:lambda/permission:Permission",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
    "aws:s3/bucketObjectv2:BucketObjectv2",                  # kilobytes, which their bucket counts
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",  # its schedule starts the jobs
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",        # its endpoint runs the instances
    "aws:sagemaker/model:Model",
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
})  # fmt: skip
