"""An internal load balancer before the tasks of an endpoint: HTTPS from the clients, HTTPS to the tasks.

It has two target groups and one rule between them, which ECS moves when a release takes over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.service import Service
from components.serving.kind import EndpointArgs
from settings import Fargate as Settings

#: Where the service listens in the task, and clients at the load balancer.
PORT: Final = 8080
HTTPS: Final = 443
#: The longest name that an endpoint may have here: load balancers and target groups have 32 characters (Elastic Load
#: Balancing API reference, CreateLoadBalancer and CreateTargetGroup).
MAX_NAME: Final = 32 - len("-green")
#: What clients may ask; counters and state are for the network's inside.
_PATHS: Final = ("/invocations", "/v1/predict", "/openapi.json", "/ready")
_TLS: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
#: Longer than a request may take, so that a task that goes answers what it was asked.
DEREGISTRATION_SECONDS: Final = 75
#: Where the access logs of load balancers go in their bucket, each below its own name.
LOGS: Final = "load-balancers"
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "elasticloadbalancing",
        types="lb/listener lb/listenerRule lb/loadBalancer lb/targetGroup",
        reads_anywhere="DescribeCapacityReservation DescribeListenerAttributes DescribeListeners "
        "DescribeLoadBalancerAttributes DescribeLoadBalancers DescribeRules DescribeTags "
        "DescribeTargetGroupAttributes DescribeTargetGroups",
        changes="AddTags CreateListener CreateLoadBalancer CreateRule CreateTargetGroup DeleteListener "
        "DeleteLoadBalancer DeleteRule DeleteTargetGroup ModifyListener ModifyListenerAttributes "
        "ModifyLoadBalancerAttributes ModifyRule ModifyTargetGroup ModifyTargetGroupAttributes RemoveTags "
        "SetSecurityGroups SetSubnets",
        named="*/{every}",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Balancer:
    """What the service stands behind. `suffix` is what CloudWatch counts the load balancer by."""

    load_balancer: aws.lb.LoadBalancer
    blue: aws.lb.TargetGroup
    green: aws.lb.TargetGroup
    rule: aws.lb.ListenerRule
    tasks_group_id: pulumi.Output[str]

    @property
    def suffix(self) -> pulumi.Output[str]:
        """The value of the dimension LoadBalancer."""
        return self.load_balancer.arn_suffix


def balancer(name: str, args: EndpointArgs[Settings], parent: pulumi.Resource) -> Balancer:
    """The load balancer, and the security groups of its clients' way. RunError for a name that is too long, or a
    certificate that it cannot have."""
    names, child = args.names, pulumi.ResourceOptions(parent=parent)
    if len(names.prefix) > MAX_NAME:
        raise pulumi.RunError(
            f"{args.where}: found the name {names.prefix} with {len(names.prefix)} characters; allowed with kind "
            f"fargate: up to {MAX_NAME}, because load balancers have short names; shorten the workload's, the "
            "endpoint's or the stack's"
        )
    _, _, _, region, account, *_ = args.settings.certificate_arn.split(":")
    if (region, account) != (names.region, names.account):
        raise pulumi.RunError(
            f"{args.where}.certificate_arn: found {args.settings.certificate_arn}; allowed: one of account "
            f"{names.account} in {names.region}, where the load balancer is; ask ACM for one there"
        )
    before, tasks = _groups(name, args, child)
    load_balancer = aws.lb.LoadBalancer(
        f"{name}-balancer",
        name=names.prefix,
        internal=True,
        load_balancer_type="application",
        subnets=args.ground.network.subnet_ids,
        security_groups=[before],
        drop_invalid_header_fields=True,
        desync_mitigation_mode="defensive",
        enable_deletion_protection=args.ground.protect,
        access_logs=aws.lb.LoadBalancerAccessLogsArgs(
            bucket=args.ground.log_bucket, prefix=f"{LOGS}/{names.prefix}", enabled=True
        ),
        opts=child,
    )
    blue, green = (_targets(name, colour, args, child) for colour in ("blue", "green"))
    listener = aws.lb.Listener(
        f"{name}-listener",
        load_balancer_arn=load_balancer.arn,
        port=HTTPS,
        protocol="HTTPS",
        ssl_policy=_TLS,
        certificate_arn=args.settings.certificate_arn,
        default_actions=[
            {
                "type": "fixed-response",
                "fixed_response": {
                    "content_type": "text/plain",
                    "message_body": f"there are {', '.join(_PATHS)}",
                    "status_code": "404",
                },
            }
        ],
        opts=child,
    )
    rule = aws.lb.ListenerRule(
        f"{name}-rule",
        listener_arn=listener.arn,
        priority=1,
        conditions=[{"path_pattern": {"values": list(_PATHS)}}],
        actions=[
            {
                "type": "forward",
                "forward": {
                    "target_groups": [{"arn": blue.arn, "weight": 100}, {"arn": green.arn, "weight": 0}],
                },
            }
        ],
        # ECS moves the weights with every release.
        opts=pulumi.ResourceOptions(parent=parent, ignore_changes=["actions"]),
    )
    return Balancer(load_balancer=load_balancer, blue=blue, green=green, rule=rule, tasks_group_id=tasks)


def _targets(name: str, colour: str, args: EndpointArgs[Any], child: pulumi.ResourceOptions) -> aws.lb.TargetGroup:
    return aws.lb.TargetGroup(
        f"{name}-{colour}",
        name=args.names.resource(colour),
        vpc_id=args.ground.network.vpc_id,
        target_type="ip",
        port=PORT,
        protocol="HTTPS",
        deregistration_delay=DEREGISTRATION_SECONDS,
        load_balancing_algorithm_type="least_outstanding_requests",
        health_check={
            "enabled": True,
            "path": "/ready",
            "protocol": "HTTPS",
            "matcher": "200",
            "interval": 10,
            "timeout": 5,
            "healthy_threshold": 2,
            "unhealthy_threshold": 3,
        },
        opts=child,
    )


def _groups(
    name: str, args: EndpointArgs[Settings], child: pulumi.ResourceOptions
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    """The security groups of the load balancer and of the tasks; what the tasks ask has the network's own group."""

    def group(role: str, description: str) -> pulumi.Output[str]:
        return aws.ec2.SecurityGroup(
            f"{name}-{role}-group",
            description=description,
            vpc_id=args.ground.network.vpc_id,
            tags={"Name": args.names.resource(role)},
            opts=child,
        ).id

    before, tasks = group("balancer", "Load balancer of the endpoint"), group("tasks", "Tasks of the endpoint")
    for number, client in enumerate(args.settings.client_security_groups, start=1):
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-client-{number}",
            security_group_id=before,
            referenced_security_group_id=client,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            description="HTTPS from clients of the endpoint",
            opts=child,
        )
    aws.vpc.SecurityGroupEgressRule(
        f"{name}-to-tasks",
        security_group_id=before,
        referenced_security_group_id=tasks,
        ip_protocol="tcp",
        from_port=PORT,
        to_port=PORT,
        description="HTTPS to the tasks of the endpoint",
        opts=child,
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-from-balancer",
        security_group_id=tasks,
        referenced_security_group_id=before,
        ip_protocol="tcp",
        from_port=PORT,
        to_port=PORT,
        description="HTTPS from the load balancer",
        opts=child,
    )
    return before, tasks
