"""What an account must have before a stack is deployed into it: read-only checks, each with what to do.

What is asked for follows from the resources that the program declares (`python -m local synth`), never from a list of
our own; what the account gives is read from its quotas. Nothing is created or changed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from automation import machine
from automation.operations.data_catalog import data_catalog
from automation.operations.endpoint_kinds import endpoint_kinds
from automation.operations.findings import Finding, Stack, unknown
from automation.operations.lake_formation import granted_tables, lake_formation
from automation.operations.offered import services
from automation.operations.taken import names
from automation.operations.tracking_servers import tracking_servers

#: Lambda keeps this much concurrency for functions without a reservation (developer guide, "Configuring reserved
#: concurrency for a function", read 2026-11-29).
UNRESERVED: Final = 100


Check = Callable[[Stack], Iterator[Finding]]


def run(stack: Stack, checks: Mapping[str, Check] | None = None) -> list[Finding]:
    """All findings, of all checks or of those. What may not be read is one of them, and nothing stops the others."""
    found: list[Finding] = []
    for subject, check in (CHECKS if checks is None else checks).items():
        try:
            found += check(stack)
        except (ClientError, BotoCoreError) as error:
            found.append(unknown(subject, error))
    return found


def concurrency(stack: Stack) -> Iterator[Finding]:
    """Whether the functions' reservations leave Lambda what it keeps for others."""
    wanted = sum(
        max(0, int(inputs.get("reservedConcurrentExecutions", -1)))
        for inputs in stack.inputs("aws:lambda/function:Function")
    )
    limits = stack.client("lambda").get_account_settings()["AccountLimit"]
    free = int(limits["UnreservedConcurrentExecutions"])
    most = int(limits["ConcurrentExecutions"]) + max(0, wanted + UNRESERVED - free)
    yield Finding(
        subject="Lambda concurrency",
        holds=free - wanted >= UNRESERVED,
        found=f"{wanted} are reserved by the stack, {free} are unreserved, {UNRESERVED} have to stay so",
        fix=f"raise the quota 'Concurrent executions' of Lambda to {most}",
    )


def instances(stack: Stack) -> Iterator[Finding]:
    """Whether SageMaker's quotas allow the instances of the endpoints; a rollout holds the new ones beside the old."""
    wanted: Counter[str] = Counter()
    newest = {
        config["name"]: config for config in stack.inputs("aws:sagemaker/endpointConfiguration:EndpointConfiguration")
    }
    for endpoint in stack.inputs("aws:sagemaker/endpoint:Endpoint"):
        for variant in newest.get(endpoint["endpointConfigName"], {}).get("productionVariants", []):
            if "instanceType" in variant:
                wanted[variant["instanceType"]] += 2 * int(variant.get("initialInstanceCount", 1))
    for made in stack.inputs("aws:cloudformation/stack:Stack"):  # an inference component's
        for variant in json.loads(made["templateBody"])["Resources"]["Config"]["Properties"]["ProductionVariants"]:
            wanted[variant["InstanceType"]] += variant["ManagedInstanceScaling"]["MaxInstanceCount"]
    endpoints = {f"{kind} for endpoint usage": count for kind, count in wanted.items()}
    needed = {name: (count, "while a rollout is under way") for name, count in endpoints.items()}
    needed |= {name: (count, "for a run of each pipeline") for name, count in _of_pipelines(stack).items()}
    quotas = _quotas(stack, "sagemaker") if needed else {}
    for name, (count, when) in sorted(needed.items()):
        if name not in quotas:
            found = f"SageMaker has no quota of that name in {stack.region}: the type is not offered there"
            yield Finding(subject=name, holds=False, found=found, fix="choose another instance type, or another region")
            continue
        found = f"{count} are needed {when}, the quota is {quotas[name]:g}"
        yield Finding(subject=name, holds=quotas[name] >= count, found=found, fix=f"ask for {count} in Service Quotas")


_AT_ONCE: Final = "MaxParallelTrainingJobs"


def _of_pipelines(stack: Stack) -> Counter[str]:
    """Quotas that the steps of the pipelines need, with their instances; steps of one pipeline follow each other."""
    wanted: Counter[str] = Counter()
    for inputs in stack.inputs("aws:sagemaker/pipeline:Pipeline"):
        definition = json.loads(inputs["pipelineDefinition"])
        given = {each["Name"]: each.get("DefaultValue") for each in definition["Parameters"]}
        most: Counter[str] = Counter()
        for arguments in _arguments(definition["Steps"]):
            spot = _value(arguments.get("EnableManagedSpotTraining"), given) is True
            for cluster, kind in (
                (arguments.get("ProcessingResources", {}).get("ClusterConfig"), "processing job"),
                (arguments.get("ResourceConfig"), "spot training job" if spot else "training job"),
            ):
                if cluster:
                    name = f"{_value(cluster['InstanceType'], given)} for {kind} usage"
                    count = int(_value(cluster["InstanceCount"], given)) * arguments.get(_AT_ONCE, 1)
                    most[name] = max(most[name], count)
        wanted += most
    for inputs in stack.inputs(machine.MACHINE):
        if machine.trains(inputs["definition"]):
            wanted += _of_machine(inputs["definition"])
    return wanted


def _of_machine(definition: str) -> Counter[str]:
    """Those of a machine in the place of a pipeline: no two of its jobs that run at the same time have the same."""
    most: Counter[str] = Counter()
    for job in machine.jobs(definition):
        kind = f"{'spot ' if job.spot else ''}{job.kind.lower()} job"
        name = f"{job.cluster['InstanceType']} for {kind} usage"
        most[name] = max(most[name], int(job.cluster["InstanceCount"]))
    return most


def _arguments(steps: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The arguments of all steps, those of a condition's branches too; a branch's end has none to ask of."""
    for step in steps:
        arguments = step.get("Arguments", {})
        yield _of_trials(arguments) if step.get("Type") == "Tuning" else arguments
        for branch in ("IfSteps", "ElseSteps"):
            yield from _arguments(arguments.get(branch, []))


def _of_trials(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Those of the trials of a search, and how many of them run at the same time."""
    limits = arguments["HyperParameterTuningJobConfig"]["ResourceLimits"]
    return {**arguments["TrainingJobDefinition"], _AT_ONCE: limits[_AT_ONCE]}


def _value(written: Any, given: Mapping[str, Any]) -> Any:
    """A value of a definition; that of a parameter is its default."""
    if isinstance(written, Mapping):
        return given[written["Get"].removeprefix("Parameters.")]
    return written


def networks(stack: Stack) -> Iterator[Finding]:
    """Whether there is room for the VPC and for its interface endpoints."""
    made = len(stack.inputs("aws:ec2/vpc:Vpc"))
    if not made:
        return
    quotas, ec2 = _quotas(stack, "vpc"), stack.client("ec2")
    there = sum(len(page["Vpcs"]) for page in ec2.get_paginator("describe_vpcs").paginate())
    yield _room("VPCs per Region", made, there, quotas, "ask for more, or use network.existing")
    wanted = [
        inputs
        for inputs in stack.inputs("aws:ec2/vpcEndpoint:VpcEndpoint")
        if inputs.get("vpcEndpointType") == "Interface"
    ]
    offered = set(ec2.describe_vpc_endpoint_services()["ServiceNames"])
    for service in sorted({inputs["serviceName"] for inputs in wanted} - offered):
        yield Finding(
            subject=service,
            holds=False,
            found=f"no such endpoint service in {stack.region}",
            fix="choose a region that has it, or leave out what calls it",
        )


def addresses(stack: Stack) -> Iterator[Finding]:
    """Whether there is room for the NAT gateways and their addresses."""
    gateways, made = len(stack.inputs("aws:ec2/natGateway:NatGateway")), len(stack.inputs("aws:ec2/eip:Eip"))
    if not gateways and not made:
        return
    ec2 = stack.client("ec2")
    fix = "ask for more, release what nobody uses, or do without NAT (network.create.nat)"
    yield _room("EC2-VPC Elastic IPs", made, len(ec2.describe_addresses()["Addresses"]), _quotas(stack, "ec2"), fix)
    asked = [{"Name": "state", "Values": ["pending", "available"]}]
    pages = ec2.get_paginator("describe_nat_gateways").paginate(Filters=asked)
    there = Counter(each["SubnetId"] for page in pages for each in page["NatGateways"])
    zones = _zones_of(there, ec2)
    most = max(zones.values(), default=0)  # of the fullest zone: which zones will be used is not known yet
    yield _room("NAT gateways per Availability Zone", 1 if gateways else 0, most, _quotas(stack, "vpc"), fix)


def _zones_of(subnets: Mapping[str, int], ec2: Any) -> Counter[str]:
    """How many of what lies in subnets lie in each zone."""
    zones: Counter[str] = Counter()
    for subnet in ec2.describe_subnets(SubnetIds=sorted(subnets))["Subnets"] if subnets else []:
        zones[subnet["AvailabilityZone"]] += subnets[subnet["SubnetId"]]
    return zones


def _room(subject: str, made: int, there: int, quotas: Mapping[str, float], fix: str) -> Finding:
    """Whether a quota has room for what is made beside what is there."""
    if subject not in quotas:
        return Finding(
            subject=subject, holds=None, found="Service Quotas names no such quota here", fix="look it up by hand"
        )
    said = "is" if made == 1 else "are"
    found = f"{there} are there and {made} {said} made, the quota is {quotas[subject]:g}; what this stack has already "
    found += "counts twice"
    return Finding(subject=subject, holds=there + made <= quotas[subject], found=found, fix=fix)


def buckets(stack: Stack) -> Iterator[Finding]:
    """Whether the names of the buckets, which all accounts share, are free."""
    for name in sorted(inputs["bucket"] for inputs in stack.inputs("aws:s3/bucket:Bucket") if "bucket" in inputs):
        try:
            stack.client("s3").head_bucket(Bucket=name)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "404":
                yield Finding(subject=name, holds=True, found="the name is free")
            elif code == "403":
                found = "a bucket of that name is there, and is not to be used by who asks"
                yield Finding(subject=name, holds=False, found=found, fix="log in to its account, or rename the stack")
            else:
                yield unknown(name, error)
        else:
            found = "is there in an account that who asks may use"
            fix = "it is the stack's own, or import it before the first `up` (docs/automation.md, Taking over)"
            yield Finding(subject=name, holds=None, found=found, fix=fix)


def closed(stack: Stack) -> Iterator[Finding]:
    """Services that take no new customers."""
    if stack.inputs("aws:sagemaker/monitoringSchedule:MonitoringSchedule"):
        schedules = stack.client("sagemaker").list_monitoring_schedules(MaxResults=1)["MonitoringScheduleSummaries"]
        yield Finding(
            subject="SageMaker Model Monitor",
            holds=True if schedules else None,
            found="closed to new customers since 2026-07-30; "
            + ("this account has schedules" if schedules else "none here"),
            fix="monitoring.engine: platform",
        )


def feature_groups(stack: Stack) -> Iterator[Finding]:
    """Whether groups that are there have the columns that the program declares, which an update does not add,
    in its types, and its table format: neither can be changed."""
    for inputs in stack.inputs("aws:sagemaker/featureGroup:FeatureGroup"):
        name, wanted = inputs["featureGroupName"], inputs.get("offlineStoreConfig", {}).get("tableFormat", "Glue")
        if wanted == "Iceberg":
            yield from granted_tables(stack, name)
        try:
            found = stack.client("sagemaker").describe_feature_group(FeatureGroupName=name)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFound":
                yield unknown(name, error)
            continue
        there = {each["FeatureName"]: each["FeatureType"] for each in found["FeatureDefinitions"]}
        columns = {each["featureName"]: each["featureType"] for each in inputs["featureDefinitions"]}
        lacking = [column for column in columns if column not in there]
        said = f"lacks {', '.join(lacking)} of the contract" if lacking else "has every column of the contract"
        yield Finding(subject=name, holds=not lacking, found=said, fix="python -m automation evolve" if lacking else "")
        for column, kind in columns.items():
            if (has := there.get(column, kind)) != kind:
                yield Finding(
                    subject=name,
                    holds=False,
                    found=f"has {column} as {has}, by the contract it is {kind}; SageMaker changes no type",
                    fix=f"leave columns.{column} as it was (docs/automation.md, A contract grows)",
                )
        has = found.get("OfflineStoreConfig", {}).get("TableFormat", "Glue")
        if has != wanted:
            yield Finding(
                subject=name,
                holds=False,
                found=f"its offline store has table format {has}, by the config {wanted}; SageMaker cannot change it",
                fix=f"features.offline_format: {has.lower()}",
            )


#: Every check, by what it is about.
CHECKS: Final[Mapping[str, Check]] = {
    "Lambda concurrency": concurrency,
    "SageMaker instances": instances,
    "network": networks,
    "addresses": addresses,
    "services": services,
    "buckets": buckets,
    "names": names,
    "kinds of endpoints": endpoint_kinds,
    "closed services": closed,
    "feature store": feature_groups,
    "Glue Data Catalog": data_catalog,
    "Lake Formation": lake_formation,
    "tracking servers": tracking_servers,
}


def _quotas(stack: Stack, service: str) -> dict[str, float]:
    """Quotas of a service in the region by name: what the account has, else AWS's default."""
    client = stack.client("service-quotas")
    found: dict[str, float] = {}
    for operation in ("list_aws_default_service_quotas", "list_service_quotas"):
        for page in client.get_paginator(operation).paginate(ServiceCode=service):
            found |= {quota["QuotaName"]: quota["Value"] for quota in page["Quotas"]}
    return found
