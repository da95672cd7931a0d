"""Elastic Load Balancing: application load balancers, their listeners, rules and target groups.

Many settings of a load balancer and of a target group are attributes, which a call of their own changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.adapter import provider
from local.adapter.conversions import as_text, switch
from local.adapter.table import ID, Autoname, Call, Request, Requests, ResourceType, Scope, Tagging, To, live
from local.adapter.values import UNKNOWN, known_items

SERVICE = "elbv2"

_NOT_HERE = "the platform's load balancers have none; leave it out"
_TAGS = Tagging(create="Tags", tag="AddTags", untag="RemoveTags", given={"ResourceArns[]": ID})


def _attributes(operation: str, member: str, keys: Mapping[str, str]) -> Requests:
    """Attributes by input; of an input that is an object, by its properties as `input.property`."""

    def build(scope: Scope) -> Iterator[Request]:
        found: list[dict[str, str]] = []
        for path, key in keys.items():
            top, _, inner = path.partition(".")
            given: Any = scope.inputs.get(top)
            given = (given or {}).get(inner) if inner and given != UNKNOWN else given
            if given is not None:
                found.append({"Key": key, "Value": as_text(given)})
        if found:
            yield Request(operation, {member: scope.id, "Attributes": found})

    return Requests(takes=tuple(dict.fromkeys(path.partition(".")[0] for path in keys)), build=build)


_OF_BALANCER = _attributes(
    "ModifyLoadBalancerAttributes",
    "LoadBalancerArn",
    {
        "accessLogs.bucket": "access_logs.s3.bucket",
        "accessLogs.enabled": "access_logs.s3.enabled",
        "accessLogs.prefix": "access_logs.s3.prefix",
        "desyncMitigationMode": "routing.http.desync_mitigation_mode",
        "dropInvalidHeaderFields": "routing.http.drop_invalid_header_fields.enabled",
        "enableDeletionProtection": "deletion_protection.enabled",
        "enableHttp2": "routing.http2.enabled",
        "idleTimeout": "idle_timeout.timeout_seconds",
    },
)
_OF_GROUP = _attributes(
    "ModifyTargetGroupAttributes",
    "TargetGroupArn",
    {
        "deregistrationDelay": "deregistration_delay.timeout_seconds",
        "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
        "slowStart": "slow_start.duration_seconds",
    },
)


_ARN = "arn:{partition}:elasticloadbalancing:{region}:{account}:"
_HEALTH = {
    "healthCheck.enabled": "HealthCheckEnabled",
    "healthCheck.healthyThreshold": "HealthyThresholdCount",
    "healthCheck.interval": "HealthCheckIntervalSeconds",
    "healthCheck.matcher": "Matcher.HttpCode",
    "healthCheck.path": "HealthCheckPath",
    "healthCheck.port": "HealthCheckPort",
    "healthCheck.protocol": "HealthCheckProtocol",
    "healthCheck.timeout": "HealthCheckTimeoutSeconds",
    "healthCheck.unhealthyThreshold": "UnhealthyThresholdCount",
}


def _refused(*keys: str) -> dict[str, str]:
    return dict.fromkeys(keys, _NOT_HERE)


def _suffix(after: str) -> Any:
    """What CloudWatch counts by: the end of the ARN."""
    return lambda scope: UNKNOWN if scope.id == UNKNOWN else scope.id.partition(after)[2]


def _whole_or(given: Any, form: Callable[[dict[str, Any]], Any]) -> Any:
    return UNKNOWN if given == UNKNOWN else form(given)


def _answer(fixed: dict[str, Any]) -> dict[str, Any]:
    return {
        "ContentType": fixed["contentType"],
        "MessageBody": fixed.get("messageBody"),
        "StatusCode": fixed["statusCode"],
    }


def _forward(forward: dict[str, Any]) -> dict[str, Any]:
    groups = [
        {"TargetGroupArn": group["arn"], "Weight": group.get("weight", 1)}
        for group in known_items(forward["targetGroups"])
    ]
    return {"TargetGroups": groups}


def _actions(given: Any) -> Any:
    """Actions as the API has them: each kind of action has a structure of its own there too."""
    found: list[dict[str, Any]] = []
    for action in known_items(given):
        made = {"Type": action["type"]}
        if fixed := action.get("fixedResponse"):
            made["FixedResponseConfig"] = _whole_or(fixed, _answer)
        if forward := action.get("forward"):
            made["ForwardConfig"] = _whole_or(forward, _forward)
        if "targetGroupArn" in action:
            made["TargetGroupArn"] = action["targetGroupArn"]
        found.append(made)
    return found


def _conditions(given: Any) -> Any:
    """Conditions on the path, which are the only ones that the platform has."""
    return [
        {
            "Field": "path-pattern",
            "PathPatternConfig": _whole_or(condition["pathPattern"], lambda pattern: {"Values": pattern["values"]}),
        }
        for condition in known_items(given)
    ]


TYPES = (
    ResourceType(
        "aws:lb/loadBalancer:LoadBalancer",
        id=_ARN + "loadbalancer/app/{name}/{hex}",
        found="LoadBalancers[0].LoadBalancerArn",
        arn="{id}",
        autoname=Autoname(longest=32),
        create=(Call("CreateLoadBalancer"), _OF_BALANCER),
        update=(
            Call("SetSecurityGroups", takes=("securityGroups",), given={"LoadBalancerArn": ID}),
            Call("SetSubnets", takes=("subnets",), given={"LoadBalancerArn": ID}),
            _OF_BALANCER,
        ),
        delete=(Call("DeleteLoadBalancer", given={"LoadBalancerArn": ID}),),
        replace=("internal", "loadBalancerType", "name", "namePrefix"),
        fields={"internal": To("Scheme", switch("internal", "internet-facing")), "loadBalancerType": "Type"},
        defaults={"loadBalancerType": "application", "internal": False, "enableDeletionProtection": False},
        refused=_refused(
            *("clientKeepAlive", "connectionLogs", "customerOwnedIpv4Pool", "dnsRecordClientRoutingPolicy"),
            *("enableCrossZoneLoadBalancing", "enablePrefixForIpv6SourceNat", "enableTlsVersionAndCipherSuiteHeaders"),
            *("enableWafFailOpen", "enableXffClientPort", "enableZonalShift", "healthCheckLogs", "ipAddressType"),
            *("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", "ipamPools", "minimumLoadBalancerCapacity"),
            *("preserveHostHeader", "secondaryIpsAutoAssignedPerSubnet", "subnetMappings", "xffHeaderProcessingMode"),
        ),
        read=(Call("DescribeLoadBalancers", given={"LoadBalancerArns[]": ID}),),
        outputs={
            "arnSuffix": _suffix(":loadbalancer/"),
            "dnsName": live("LoadBalancers[0].DNSName"),
            "vpcId": live("LoadBalancers[0].VpcId"),
            "zoneId": live("LoadBalancers[0].CanonicalHostedZoneId"),
        },
        tags=_TAGS,
    ),
    ResourceType(
        "aws:lb/targetGroup:TargetGroup",
        id=_ARN + "targetgroup/{name}/{hex}",
        found="TargetGroups[0].TargetGroupArn",
        arn="{id}",
        autoname=Autoname(longest=32),
        create=(Call("CreateTargetGroup"), _OF_GROUP),
        update=(Call("ModifyTargetGroup", takes=("healthCheck",), given={"TargetGroupArn": ID}), _OF_GROUP),
        delete=(Call("DeleteTargetGroup", given={"TargetGroupArn": ID}),),
        replace=("name", "namePrefix", "port", "protocol", "protocolVersion", "targetType", "vpcId"),
        fields={"healthCheck": To(""), **_HEALTH},
        refused=_refused(
            *("connectionTermination", "ipAddressType", "lambdaMultiValueHeadersEnabled", "preserveClientIp"),
            *("loadBalancingAnomalyMitigation", "loadBalancingCrossZoneEnabled", "proxyProtocolV2", "stickiness"),
            *("targetControlPort", "targetFailovers", "targetGroupHealth", "targetHealthStates"),
        ),
        outputs={"arnSuffix": _suffix(":"), "loadBalancerArns": []},
        tags=_TAGS,
    ),
    ResourceType(
        "aws:lb/listener:Listener",
        id=_ARN + "listener/app/{hex}",
        found="Listeners[0].ListenerArn",
        arn="{id}",
        update=(Call("ModifyListener", takes=("certificateArn", "defaultActions", "port", "protocol", "sslPolicy")),),
        delete=(Call("DeleteListener", given={"ListenerArn": ID}),),
        replace=("loadBalancerArn",),
        fields={"certificateArn": "Certificates[].CertificateArn", "defaultActions": To("DefaultActions", _actions)},
        refused=_refused(
            *("alpnPolicy", "mutualAuthentication", "tcpIdleTimeoutSeconds"),
            *(key for key in provider.inputs_of("aws:lb/listener:Listener") if key.startswith("routingHttp")),
        ),
        tags=_TAGS,
    ),
    ResourceType(
        "aws:lb/listenerRule:ListenerRule",
        id=_ARN + "listener-rule/app/{hex}",
        found="Rules[0].RuleArn",
        arn="{id}",
        create=(Call("CreateRule"),),
        update=(Call("ModifyRule", takes=("actions", "conditions"), given={"RuleArn": ID}),),
        delete=(Call("DeleteRule", given={"RuleArn": ID}),),
        replace=("listenerArn", "priority"),
        fields={"actions": To("Actions", _actions), "conditions": To("Conditions", _conditions)},
        refused=_refused("transforms"),
        tags=_TAGS,
    ),
)
