"""Network: the rule that follows routes. Workloads stand in subnets that have no route to the internet."""

from __future__ import annotations

from pulumi_policy import Severity

from ..finding import Finding, Findings, Undecided
from ..levels import FROM_STAGING
from ..resource import Resource
from ..rule import Controls
from .theme import NETWORK as THEME

# Each workload's subnets, by the last part of its type.
_SUBNETS = {
    "Service": "networkConfiguration.subnets[]",
    "NodeGroup": "subnetIds[]",
    "Function": "vpcConfig.subnetIds[]",
    "Model": "vpcConfig.subnets[]",
    "DataQualityJobDefinition": "networkConfig.vpcConfig.subnets[]",
    "Domain": "subnetIds[]",
    "NotebookInstance": "subnetId",
}


@THEME.policy(
    on=(
        "ecs/service",
        "eks/nodeGroup",
        "lambda/function",
        "sagemaker/model",
        "sagemaker/dataQualityJobDefinition",
        "sagemaker/domain",
        "sagemaker/notebookInstance",
    ),
    reads=(
        "ec2/subnet",
        "ec2/routeTableAssociation",
        "ec2/routeTable",
        "ec2/route",
        "ec2/internetGateway",
        "ec2/vpc",
        "ec2/defaultRouteTable",
        "ec2/mainRouteTableAssociation",
    ),
    mandatory=FROM_STAGING,
    severity=Severity.HIGH,
    controls=Controls(checkov="CKV2_AWS_35", guard="NO_UNRESTRICTED_ROUTE_TO_IGW"),
    remedy="Name subnets whose route table has no route to an internet gateway.",
    url="https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Route_Tables.html",
)
def workload_in_private_subnets(workload: Resource) -> Findings:
    """Workloads stand in subnets from which no route leads to an internet gateway.

    What makes a subnet public is its route, not its name: the rule follows subnet, association, route table and route,
    and takes the main table of the VPC where there is no association.
    """
    path = _SUBNETS[workload.type.rpartition(":")[2]]
    named = workload.props(path)
    if not named or all(prop.missing for prop in named):
        return
    subnets = workload.targets(path, "ec2/subnet")
    if not subnets:
        problem = f"{path} names subnets outside of this stack, whose routes cannot be seen"
        yield Finding(subject=workload.subject, urn=workload.urn, problem=problem, undecided=True)
    public: list[str] = []
    waiting: list[Finding] = []
    for subnet in subnets:
        try:
            public += [subnet.name] if _is_public(subnet) else []
        except Undecided as undecided:
            waiting.append(undecided.finding)
    if public:
        yield workload.violation(f"from its subnets {', '.join(public)} a route leads to an internet gateway")
    else:
        yield from waiting


def _is_public(subnet: Resource) -> bool:
    """Whether a route of a subnet leads to an internet gateway; raises Undecided when that is not known yet."""
    associations = subnet.attached("subnetId", "ec2/routeTableAssociation")
    if not associations:
        return any(_is_main_table_public(vpc) for vpc in subnet.targets("vpcId", "ec2/vpc"))
    tables = (table for each in associations for table in each.targets("routeTableId", "ec2/routeTable"))
    return any(map(_has_way_out, tables))


def _is_main_table_public(vpc: Resource) -> bool:
    """Whether a route of the main table leads out; it holds for every subnet that is associated with no other."""
    tables = list(vpc.attached("defaultRouteTableId", "ec2/defaultRouteTable"))
    for main in vpc.attached("vpcId", "ec2/mainRouteTableAssociation"):
        tables += main.targets("routeTableId", "ec2/routeTable")
    return any(map(_has_way_out, [*tables, vpc]))  # a route may name the main table by the VPC's output


def _has_way_out(table: Resource) -> bool:
    routes = table.attached("routeTableId", "ec2/route")
    return any(_leads_out(route, "gatewayId") for route in routes) or _leads_out(table, "routes[].gatewayId")


def _leads_out(routes: Resource, path: str) -> bool:
    """Whether a route names an internet gateway, of this stack or, by its id, of another."""
    gateways = [prop for prop in routes.props(path) if not prop.missing]
    if any(str(gateway.raw).startswith("igw-") for gateway in gateways):
        return True
    return bool(gateways) and bool(routes.targets(path, "ec2/internetGateway"))
