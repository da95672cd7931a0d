"""Whether names that an account, or an account's region, has once are free.

The provider fails at the first name that is taken, or, where AWS only knows "put" (alarms, rules, dashboards), writes
over what somebody else made. Buckets, whose names all accounts share, have a check of their own (`preflight.buckets`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from automation.operations.findings import Finding, Stack, unknown

#: How many taken names are told.
_TOLD: Final = 3


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Where AWS lists a type: the call, the names in its pages (JMESPath), and the input that says the name."""

    service: str
    operation: str
    names: str
    key: str = "name"
    given: Mapping[str, Any] = field(default_factory=dict[str, Any])


def _sagemaker(operation: str, list_: str, name: str, key: str = "name") -> Listed:
    return Listed(service="sagemaker", operation=operation, names=f"{list_}[].{name}", key=key)


#: Type of a resource -> where its names are listed.
TAKEN: Final[Mapping[str, Listed]] = {
    "aws:accessanalyzer/analyzer:Analyzer": Listed(
        service="accessanalyzer", operation="list_analyzers", names="analyzers[].name", key="analyzerName"
    ),
    "aws:athena/workgroup:Workgroup": Listed(service="athena", operation="list_work_groups", names="WorkGroups[].Name"),
    "aws:cloudformation/stack:Stack": Listed(
        service="cloudformation", operation="describe_stacks", names="Stacks[].StackName"
    ),
    "aws:cloudtrail/trail:Trail": Listed(service="cloudtrail", operation="list_trails", names="Trails[].Name"),
    "aws:cloudwatch/dashboard:Dashboard": Listed(
        service="cloudwatch",
        operation="list_dashboards",
        names="DashboardEntries[].DashboardName",
        key="dashboardName",
    ),
    "aws:cloudwatch/eventRule:EventRule": Listed(service="events", operation="list_rules", names="Rules[].Name"),
    "aws:cloudwatch/logGroup:LogGroup": Listed(
        service="logs", operation="describe_log_groups", names="logGroups[].logGroupName"
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Listed(
        service="cloudwatch", operation="describe_alarms", names="MetricAlarms[].AlarmName"
    ),
    "aws:codebuild/project:Project": Listed(service="codebuild", operation="list_projects", names="projects[]"),
    "aws:codedeploy/application:Application": Listed(
        service="codedeploy", operation="list_applications", names="applications[]"
    ),
    "aws:codepipeline/pipeline:Pipeline": Listed(
        service="codepipeline", operation="list_pipelines", names="pipelines[].name"
    ),
    "aws:ecr/repository:Repository": Listed(
        service="ecr", operation="describe_repositories", names="repositories[].repositoryName"
    ),
    "aws:ecs/cluster:Cluster": Listed(service="ecs", operation="list_clusters", names="clusterArns[]"),
    "aws:ecs/taskDefinition:TaskDefinition": Listed(
        service="ecs", operation="list_task_definition_families", names="families[]", key="family"
    ),
    "aws:glue/catalogDatabase:CatalogDatabase": Listed(
        service="glue", operation="get_databases", names="DatabaseList[].Name"
    ),
    "aws:glue/connection:Connection": Listed(
        service="glue", operation="get_connections", names="ConnectionList[].Name"
    ),
    "aws:glue/crawler:Crawler": Listed(service="glue", operation="get_crawlers", names="Crawlers[].Name"),
    "aws:glue/job:Job": Listed(service="glue", operation="list_jobs", names="JobNames[]"),
    "aws:glue/securityConfiguration:SecurityConfiguration": Listed(
        service="glue", operation="get_security_configurations", names="SecurityConfigurations[].Name"
    ),
    "aws:iam/policy:Policy": Listed(
        service="iam", operation="list_policies", names="Policies[].PolicyName", given={"Scope": "Local"}
    ),
    "aws:iam/role:Role": Listed(service="iam", operation="list_roles", names="Roles[].RoleName"),
    "aws:kms/alias:Alias": Listed(service="kms", operation="list_aliases", names="Aliases[].AliasName"),
    "aws:lambda/function:Function": Listed(
        service="lambda", operation="list_functions", names="Functions[].FunctionName"
    ),
    "aws:lb/loadBalancer:LoadBalancer": Listed(
        service="elbv2", operation="describe_load_balancers", names="LoadBalancers[].LoadBalancerName"
    ),
    "aws:lb/targetGroup:TargetGroup": Listed(
        service="elbv2", operation="describe_target_groups", names="TargetGroups[].TargetGroupName"
    ),
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": _sagemaker(
        "list_data_quality_job_definitions", "JobDefinitionSummaries", "MonitoringJobDefinitionName"
    ),
    "aws:sagemaker/endpoint:Endpoint": _sagemaker("list_endpoints", "Endpoints", "EndpointName"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": _sagemaker(
        "list_endpoint_configs", "EndpointConfigs", "EndpointConfigName"
    ),
    "aws:sagemaker/featureGroup:FeatureGroup": _sagemaker(
        "list_feature_groups", "FeatureGroupSummaries", "FeatureGroupName", key="featureGroupName"
    ),
    "aws:sagemaker/model:Model": _sagemaker("list_models", "Models", "ModelName"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": _sagemaker(
        "list_model_package_groups",
        "ModelPackageGroupSummaryList",
        "ModelPackageGroupName",
        key="modelPackageGroupName",
    ),
    "aws:sagemaker/monitoringSchedule:MonitoringSchedule": _sagemaker(
        "list_monitoring_schedules", "MonitoringScheduleSummaries", "MonitoringScheduleName"
    ),
    "aws:sagemaker/pipeline:Pipeline": _sagemaker(
        "list_pipelines", "PipelineSummaries", "PipelineName", key="pipelineName"
    ),
    "aws:scheduler/schedule:Schedule": Listed(
        service="scheduler", operation="list_schedules", names="Schedules[].Name"
    ),
    "aws:sfn/stateMachine:StateMachine": Listed(
        service="stepfunctions", operation="list_state_machines", names="stateMachines[].name"
    ),
    "aws:sns/topic:Topic": Listed(service="sns", operation="list_topics", names="Topics[].TopicArn"),
    "aws:sqs/queue:Queue": Listed(service="sqs", operation="list_queues", names="QueueUrls[]"),
    "aws:ssm/parameter:Parameter": Listed(service="ssm", operation="describe_parameters", names="Parameters[].Name"),
}
#: What ECS, SNS and SQS list: an ARN, a URL; the name is the last part.
_LAST: Final = {"ecs": "/", "sns": ":", "sqs": "/"}


def names(stack: Stack) -> Iterator[Finding]:
    """One finding for each type of which the program names resources."""
    for kind, where in TAKEN.items():
        wanted = sorted({inputs[where.key] for inputs in stack.inputs(kind) if where.key in inputs})
        if not wanted:
            continue
        subject = f"names of {where.service}, {kind.rpartition(':')[2]}"
        try:
            there = listed(stack, where)
        except (ClientError, BotoCoreError) as error:
            yield unknown(subject, error)
            continue
        yield _judged(subject, wanted, [name for name in wanted if name in there])


def listed(stack: Stack, where: Listed) -> set[str]:
    """The names that the account has there."""
    client = stack.client(where.service)
    if client.can_paginate(where.operation):
        listing = client.get_paginator(where.operation).paginate(**where.given).search(where.names)
    else:  # Athena's workgroups, of which AWS lists 50 at once
        list_, _, name = where.names.partition("[].")
        listing = [each[name] for each in getattr(client, where.operation)(**where.given)[list_]]
    found = {name for name in listing if name}
    return {name.rpartition(_LAST[where.service])[2] for name in found} if where.service in _LAST else found


def _judged(subject: str, wanted: list[str], taken: list[str]) -> Finding:
    if not taken:
        return Finding(subject=subject, holds=True, found=f"{len(wanted)} are free")
    more = "" if len(taken) <= _TOLD else f" and {len(taken) - _TOLD} more"
    return Finding(
        subject=subject,
        holds=None,
        found=f"{len(taken)} of {len(wanted)} are there: {', '.join(taken[:_TOLD])}{more}",
        fix="they are the stack's own; if not, import them before the first `up` (docs/automation.md, Taking over), or "
        "call stack or workload otherwise",
    )
