"""What was there before: a network, a key and a bucket for access logs, which the platform takes and never changes.

Its output `config` is what the platform's stack config has to say. The private subnets have no way to the internet;
every AWS service that the platform's code calls has an endpoint, with private DNS, that lets the VPC in.
"""

from __future__ import annotations

import json

import pulumi
import pulumi_aws as aws

#: Who pays says which: `python -m local synth` shows them with their callers. While a challenger scales,
#: `application-autoscaling` is one more.
SERVICES = ("monitoring", "sagemaker.api", "sns", "ssm")

region = aws.get_region().region
account = aws.get_caller_identity().account_id
partition = aws.get_partition()
zones = aws.get_availability_zones(state="available").names


def offered(service: str, kind: str) -> str:
    """What AWS calls a service's endpoints: in China some names begin with `cn.com.amazonaws` and some do not."""
    prefixes = sorted({"com.amazonaws", partition.reverse_dns_prefix})
    names = [f"{prefix}.{region}.{service}" for prefix in prefixes]
    found = aws.ec2.get_vpc_endpoint_service(filters=[{"name": "service-name", "values": names}], service_type=kind)
    return found.service_name


vpc = aws.ec2.Vpc("shared", cidr_block="10.60.0.0/16", enable_dns_hostnames=True, enable_dns_support=True)
routes = aws.ec2.RouteTable("private", vpc_id=vpc.id)
private = [
    aws.ec2.Subnet(f"private-{n}", vpc_id=vpc.id, cidr_block=f"10.60.{n}.0/24", availability_zone=zone)
    for n, zone in enumerate([*zones[:2], zones[0]])
]
for number, subnet in enumerate(private):
    aws.ec2.RouteTableAssociation(f"private-{number}", subnet_id=subnet.id, route_table_id=routes.id)

gateway = aws.ec2.InternetGateway("public", vpc_id=vpc.id)
outside = aws.ec2.RouteTable("public", vpc_id=vpc.id)
aws.ec2.Route("public", route_table_id=outside.id, destination_cidr_block="0.0.0.0/0", gateway_id=gateway.id)
public = aws.ec2.Subnet("public", vpc_id=vpc.id, cidr_block="10.60.100.0/24", availability_zone=zones[1])
aws.ec2.RouteTableAssociation("public", subnet_id=public.id, route_table_id=outside.id)

group = aws.ec2.SecurityGroup("endpoints", vpc_id=vpc.id, description="VPC endpoints")
aws.vpc.SecurityGroupIngressRule(
    "endpoints-from-vpc",
    security_group_id=group.id,
    cidr_ipv4=vpc.cidr_block,
    ip_protocol="tcp",
    from_port=443,
    to_port=443,
    description="HTTPS from the VPC",
)
aws.ec2.VpcEndpoint(
    "s3",
    vpc_id=vpc.id,
    service_name=offered("s3", "Gateway"),
    vpc_endpoint_type="Gateway",
    route_table_ids=[routes.id],
)
for service in SERVICES:
    aws.ec2.VpcEndpoint(
        service,
        vpc_id=vpc.id,
        service_name=offered(service, "Interface"),
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        subnet_ids=[private[0].id],
        security_group_ids=[group.id],
    )


def statement(
    sid: str, principal: dict[str, str | list[str]], actions: list[str], context: str = ""
) -> dict[str, object]:
    """A statement of the key's policy; `context` is the ARN that the encryption context must have."""
    body: dict[str, object] = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": actions,
        "Resource": "*",
    }
    key, _, arn = context.partition("=")
    return body | ({"Condition": {"ArnLike": {f"kms:EncryptionContext:{key}": arn}}} if context else {})


arn, here = f"arn:{partition.partition}", f"{region}:{account}"
use = ["kms:Decrypt*", "kms:Describe*", "kms:Encrypt*", "kms:GenerateDataKey*", "kms:ReEncrypt*"]
events = ["cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com"]
key = aws.kms.Key(
    "shared",
    description="Everything that the teams of this account keep",
    enable_key_rotation=True,
    policy=json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                statement("Account", {"AWS": f"{arn}:iam::{account}:root"}, ["kms:*"]),
                statement(
                    "Logs",
                    {"Service": f"logs.{region}.{partition.dns_suffix}"},
                    use,
                    f"aws:logs:arn={arn}:logs:{here}:log-group:*",
                ),
                statement("Topics", {"Service": events}, use, f"aws:sns:topicArn={arn}:sns:{here}:*"),
                statement("Queues", {"Service": events}, use, f"aws:sqs:arn={arn}:sqs:{here}:*"),
            ],
        }
    ),
)

logs = aws.s3.Bucket("access-logs", bucket=f"{account}-all-access-logs")
delivered = {"Effect": "Allow", "Principal": {"Service": "logging.s3.amazonaws.com"}, "Action": "s3:PutObject"}
aws.s3.BucketPolicy(
    "access-logs",
    bucket=logs.bucket,
    policy=pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                delivered
                | {
                    "Resource": pulumi.Output.concat(logs.arn, "/*"),
                    "Condition": {"StringEquals": {"aws:SourceAccount": account}},
                }
            ],
        }
    ),
)

pulumi.export(
    "config",
    {
        "network": {"existing": {"vpc_id": vpc.id, "subnet_ids": [subnet.id for subnet in private[:2]]}},
        "keys": {"existing": key.arn},
        "lake": {"access_log_bucket": logs.bucket},
    },
)
pulumi.export("public_subnet", public.id)
pulumi.export("same_zone_subnet", private[2].id)
