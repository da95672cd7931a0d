"""Functions, rules, schedules, alarms and logs on a real moto."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi
import pytest

from local.adapter import Adapter, InvalidInput
from local.adapter.assets import zipped

FUNCTION, PERMISSION = "aws:lambda/function:Function", "aws:lambda/permission:Permission"
RULE, TARGET = "aws:cloudwatch/eventRule:EventRule", "aws:cloudwatch/eventTarget:EventTarget"
SCHEDULE = "aws:scheduler/schedule:Schedule"
ALARM, DASHBOARD = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PIPELINE = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/churn"


@pytest.fixture
def role(adapter: Adapter) -> str:
    """Lambda refuses a role that does not exist."""
    statement = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return adapter.create("aws:iam/role:Role", "worker", {"name": "worker", "assumeRolePolicy": trust}).outputs["arn"]


@pytest.fixture
def function(role: str, tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "index.py").write_text("def handler(event, context): return 1")
    return {
        "name": "rollback",
        "role": role,
        "handler": "index.handler",
        "runtime": "python3.11",
        "architectures": ["arm64"],
        "code": pulumi.AssetArchive({"index.py": pulumi.FileAsset(str(tmp_path / "index.py"))}),
        "environment": {"variables": {"RELEASE_PARAMETER": "/ml/release"}},
        "timeout": 30.0,
        "tags": {"a": "b"},
    }


class TestFunctions:
    def test_the_code_arrives_and_its_digest_is_known(
        self, adapter: Adapter, function: dict[str, Any], aws: Callable[[str], Any]
    ) -> None:
        created = adapter.create(FUNCTION, "rollback", function)
        digest = base64.b64encode(hashlib.sha256(zipped(function["code"])).digest()).decode()
        found = aws("lambda").get_function(FunctionName="rollback")
        arn = "arn:aws:lambda:eu-west-1:123456789012:function:rollback"
        assert created.id == "rollback"
        assert created.outputs["arn"] == arn == found["Configuration"]["FunctionArn"]
        assert created.outputs["codeSha256"] == digest == found["Configuration"]["CodeSha256"]
        assert created.outputs["invokeArn"] == (
            f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        )
        assert (created.outputs["version"], created.outputs["qualifiedArn"]) == ("$LATEST", f"{arn}:$LATEST")
        assert found["Configuration"]["Environment"]["Variables"] == {"RELEASE_PARAMETER": "/ml/release"}
        assert (found["Configuration"]["Timeout"], found["Tags"]) == (30, {"a": "b"})

    def test_a_changed_file_is_a_change_of_the_code_and_of_nothing_else(
        self, adapter: Adapter, function: dict[str, Any], tmp_path: Path, calls: list[str]
    ) -> None:
        created = adapter.create(FUNCTION, "rollback", function)
        again = {**function, "code": pulumi.AssetArchive({"index.py": pulumi.FileAsset(str(tmp_path / "index.py"))})}
        calls.clear()
        adapter.update(FUNCTION, "rollback", function, again, created.outputs)
        assert calls == []
        (tmp_path / "index.py").write_text("def handler(event, context): return 2")
        updated = adapter.update(FUNCTION, "rollback", again, again, created.outputs)
        assert calls == ["UpdateFunctionCode", "GetFunctionConfiguration", "ListVersionsByFunction"]
        assert updated.outputs["codeSha256"] != created.outputs["codeSha256"]

    def test_a_file_that_is_gone_is_a_fault_of_the_update(
        self, adapter: Adapter, function: dict[str, Any], tmp_path: Path, calls: list[str]
    ) -> None:
        created = adapter.create(FUNCTION, "rollback", function)
        (tmp_path / "index.py").unlink()
        calls.clear()
        with pytest.raises(InvalidInput) as refused:
            adapter.update(FUNCTION, "rollback", function, function, created.outputs)
        assert [(fault.path, fault.allowed) for fault in refused.value.faults] == [
            ("code", f"{tmp_path / 'index.py'} must be a file that exists (lambda CreateFunction)")
        ]
        assert calls == []

    def test_configuration_and_concurrency_change_apart(
        self, adapter: Adapter, function: dict[str, Any], aws: Callable[[str], Any], calls: list[str]
    ) -> None:
        created = adapter.create(FUNCTION, "rollback", function)
        changed = {**function, "memorySize": 512.0, "reservedConcurrentExecutions": 2.0}
        del changed["environment"]
        calls.clear()
        adapter.update(FUNCTION, "rollback", function, changed, created.outputs)
        assert calls == [
            "UpdateFunctionConfiguration",
            "PutFunctionConcurrency",
            "GetFunctionConfiguration",
            "ListVersionsByFunction",
        ]
        found = aws("lambda").get_function(FunctionName="rollback")
        assert found["Configuration"]["MemorySize"] == 512
        assert found["Configuration"].get("Environment", {}).get("Variables", {}) == {}
        assert found["Concurrency"] == {"ReservedConcurrentExecutions": 2}
        adapter.delete(FUNCTION, "rollback", changed, created.outputs)
        assert aws("lambda").list_functions()["Functions"] == []

    def test_a_function_that_publishes_has_a_version_of_each_change_of_it(
        self, adapter: Adapter, function: dict[str, Any], calls: list[str]
    ) -> None:
        publishing = {**function, "publish": True}
        created = adapter.create(FUNCTION, "rollback", publishing)
        assert created.outputs["version"] == "1"
        calls.clear()
        limited = {**publishing, "reservedConcurrentExecutions": 0.0}
        updated = adapter.update(FUNCTION, "rollback", publishing, limited, created.outputs)
        assert "PublishVersion" not in calls
        assert updated.outputs["version"] == "1"
        changed = {**limited, "description": "another"}
        updated = adapter.update(FUNCTION, "rollback", limited, changed, updated.outputs)
        assert updated.outputs["version"] == "2"
        assert updated.outputs["qualifiedArn"].endswith(":rollback:2")

    def test_an_archive_that_is_not_there(self, offline: Adapter) -> None:
        inputs = {
            "role": "arn:aws:iam::123456789012:role/x",
            "code": pulumi.FileArchive("/nowhere"),
            "runtime": "python2.1",
        }
        with pytest.raises(InvalidInput) as refused:
            offline.validate(FUNCTION, "rollback", inputs)
        assert next((fault.path, fault.allowed) for fault in refused.value.faults) == (
            "code",
            "/nowhere must be a directory or a .zip file (lambda CreateFunction)",
        )
        assert "runtime = 'python2.1': must be one of the" in str(refused.value)

    def test_who_may_call_and_what_follows(
        self, adapter: Adapter, function: dict[str, Any], aws: Callable[[str], Any], calls: list[str]
    ) -> None:
        adapter.create(FUNCTION, "rollback", function)
        topic = "arn:aws:sns:eu-west-1:123456789012:alerts"
        allow = {
            "function": "rollback",
            "action": "lambda:InvokeFunction",
            "principal": "sns.amazonaws.com",
            "sourceArn": topic,
        }
        permission = adapter.create(PERMISSION, "allow", allow, urn="urn:x")
        statement = json.loads(aws("lambda").get_policy(FunctionName="rollback")["Policy"])["Statement"][0]
        assert (statement["Sid"], statement["Condition"]["ArnLike"]["AWS:SourceArn"]) == (permission.id, topic)
        assert permission.id == permission.outputs["statementId"]
        adapter.delete(PERMISSION, permission.id, allow, permission.outputs)


class TestEvents:
    def test_a_rule_with_a_target(self, adapter: Adapter, aws: Callable[[str], Any], calls: list[str]) -> None:
        events = aws("events")
        pattern = json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"]})
        inputs = {"name": "new-data", "eventPattern": pattern, "tags": {"a": "b"}}
        rule = adapter.create(RULE, "new-data", inputs)
        assert rule.id == "new-data"
        assert rule.outputs["arn"] == "arn:aws:events:eu-west-1:123456789012:rule/new-data"
        assert events.list_tags_for_resource(ResourceARN=rule.outputs["arn"])["Tags"] == [{"Key": "a", "Value": "b"}]
        target = {
            "rule": "new-data",
            "targetId": "train",
            "arn": PIPELINE,
            "roleArn": "arn:aws:iam::123456789012:role/starter",
            "sagemakerPipelineTarget": {"pipelineParameterLists": [{"name": "DatasetVersion", "value": "latest"}]},
            "deadLetterConfig": {"arn": "arn:aws:sqs:eu-west-1:123456789012:dead"},
            "retryPolicy": {"maximumEventAgeInSeconds": 3600.0, "maximumRetryAttempts": 2.0},
        }
        created = adapter.create(TARGET, "train", target)
        assert created.id == "new-data-train"
        assert events.list_targets_by_rule(Rule="new-data")["Targets"] == [
            {
                "Id": "train",
                "Arn": PIPELINE,
                "RoleArn": "arn:aws:iam::123456789012:role/starter",
                "SageMakerPipelineParameters": {
                    "PipelineParameterList": [{"Name": "DatasetVersion", "Value": "latest"}]
                },
                "DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:123456789012:dead"},
                "RetryPolicy": {"MaximumEventAgeInSeconds": 3600, "MaximumRetryAttempts": 2},
            }
        ]
        calls.clear()
        adapter.update(RULE, "new-data", inputs, {**inputs, "state": "DISABLED"}, rule.outputs)
        assert calls == ["PutRule"]
        assert events.describe_rule(Name="new-data")["State"] == "DISABLED"
        adapter.delete(TARGET, created.id, target, created.outputs)
        adapter.delete(RULE, rule.id, inputs, rule.outputs)
        assert events.list_rules()["Rules"] == []

    def test_ids_on_a_bus_of_its_own(self, adapter: Adapter) -> None:
        bus = adapter.create("aws:cloudwatch/eventBus:EventBus", "ml", {"name": "ml"})
        assert bus.outputs["arn"] == "arn:aws:events:eu-west-1:123456789012:event-bus/ml"
        rule = adapter.create(RULE, "all", {"name": "all", "eventBusName": "ml", "eventPattern": '{"source": ["x"]}'})
        assert rule.id == "ml/all"

    def test_a_pattern_must_be_an_object(self, offline: Adapter) -> None:
        with pytest.raises(InvalidInput) as refused:
            offline.validate(RULE, "new-data", {"eventPattern": '["aws.s3"]'})
        assert str(refused.value) == (
            f"{RULE} 'new-data': eventPattern = '[\"aws.s3\"]': must be a JSON object, such as "
            '{"source": ["aws.s3"]} (events PutRule)'
        )

    def test_a_schedule(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        inputs = {
            "name": "weekly",
            "flexibleTimeWindow": {"mode": "OFF"},
            "scheduleExpression": "cron(0 6 ? * MON *)",
            "target": {
                "arn": PIPELINE,
                "roleArn": "arn:aws:iam::123456789012:role/starter",
                "sagemakerPipelineParameters": {"pipelineParameters": [{"name": "DatasetVersion", "value": "latest"}]},
                "retryPolicy": {"maximumEventAgeInSeconds": 3600.0, "maximumRetryAttempts": 1.0},
            },
        }
        created = adapter.create(SCHEDULE, "weekly", inputs)
        assert created.id == "default/weekly"
        assert created.outputs["arn"] == "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/weekly"
        found = aws("scheduler").get_schedule(Name="weekly")
        assert found["Target"]["SageMakerPipelineParameters"] == {
            "PipelineParameterList": [{"Name": "DatasetVersion", "Value": "latest"}]
        }
        assert found["ScheduleExpressionTimezone"] == "UTC"
        adapter.update(SCHEDULE, created.id, inputs, {**inputs, "state": "DISABLED"}, created.outputs)
        assert aws("scheduler").get_schedule(Name="weekly")["State"] == "DISABLED"
        adapter.delete(SCHEDULE, created.id, inputs, created.outputs)
        assert aws("scheduler").list_schedules()["Schedules"] == []


class TestCloudWatch:
    def test_an_alarm_on_a_metric_and_one_on_a_query(
        self, adapter: Adapter, aws: Callable[[str], Any], calls: list[str]
    ) -> None:
        inputs = {
            "name": "errors",
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 2.0,
            "metricName": "Invocation5XXErrors",
            "namespace": "AWS/SageMaker",
            "period": 300.0,
            "statistic": "Sum",
            "threshold": 10.0,
            "dimensions": {"VariantName": "champion", "EndpointName": "churn"},
            "alarmActions": ["arn:aws:sns:eu-west-1:123456789012:alerts"],
            "treatMissingData": "notBreaching",
        }
        created = adapter.create(ALARM, "errors", inputs)
        assert created.outputs["arn"] == "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors"
        found = aws("cloudwatch").describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]
        assert found["Dimensions"] == [
            {"Name": "EndpointName", "Value": "churn"},
            {"Name": "VariantName", "Value": "champion"},
        ]
        calls.clear()
        adapter.update(ALARM, "errors", inputs, {**inputs, "threshold": 5.0}, created.outputs)
        assert calls == ["PutMetricAlarm"]
        assert aws("cloudwatch").describe_alarms(AlarmNames=["errors"])["MetricAlarms"][0]["Threshold"] == 5.0

        ratio = {
            "name": "ratio",
            "comparisonOperator": "GreaterThanThreshold",
            "evaluationPeriods": 1.0,
            "threshold": 0.1,
            "metricQueries": [
                {
                    "id": "errors",
                    "metric": {
                        "metricName": "Errors",
                        "namespace": "AWS/Lambda",
                        "period": 60.0,
                        "stat": "Sum",
                        "dimensions": {"A": "b"},
                    },
                },
                {"id": "share", "expression": "errors / 100", "returnData": True, "label": "Share"},
            ],
        }
        adapter.create(ALARM, "ratio", ratio)
        queries = aws("cloudwatch").describe_alarms(AlarmNames=["ratio"])["MetricAlarms"][0]["Metrics"]
        stat = {key: item for key, item in queries[0]["MetricStat"].items() if item}
        assert stat == {
            "Metric": {"MetricName": "Errors", "Namespace": "AWS/Lambda", "Dimensions": [{"Name": "A", "Value": "b"}]},
            "Period": 60,
            "Stat": "Sum",
        }
        assert queries[1]["Expression"] == "errors / 100"
        for name in ("errors", "ratio"):
            adapter.delete(ALARM, name, {"name": name}, {})
        assert aws("cloudwatch").describe_alarms()["MetricAlarms"] == []

    def test_a_dashboard(self, adapter: Adapter, aws: Callable[[str], Any]) -> None:
        inputs = {"dashboardName": "churn", "dashboardBody": json.dumps({"widgets": []})}
        created = adapter.create(DASHBOARD, "churn", inputs)
        assert created.outputs["dashboardArn"] == "arn:aws:cloudwatch::123456789012:dashboard/churn"
        body = json.dumps({"widgets": [], "start": "-PT3H"})
        adapter.update(DASHBOARD, "churn", inputs, {**inputs, "dashboardBody": body}, created.outputs)
        assert json.loads(aws("cloudwatch").get_dashboard(DashboardName="churn")["DashboardBody"])["start"] == "-PT3H"
        adapter.delete(DASHBOARD, "churn", inputs, created.outputs)
        assert aws("cloudwatch").list_dashboards()["DashboardEntries"] == []

    def test_a_log_group(self, adapter: Adapter, aws: Callable[[str], Any], calls: list[str]) -> None:
        inputs = {"name": "/aws/lambda/rollback", "retentionInDays": 30.0, "tags": {"a": "b"}}
        created = adapter.create(LOG_GROUP, "logs", inputs)
        assert created.outputs["arn"] == "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/rollback"
        found = aws("logs").describe_log_groups()["logGroups"][0]
        assert (found["logGroupName"], found["retentionInDays"]) == ("/aws/lambda/rollback", 30)
        calls.clear()
        forever = {"name": "/aws/lambda/rollback", "tags": {"a": "c"}}
        adapter.update(LOG_GROUP, created.id, inputs, forever, created.outputs)
        assert calls == ["DeleteRetentionPolicy", "TagResource"]
        assert "retentionInDays" not in aws("logs").describe_log_groups()["logGroups"][0]
        adapter.delete(LOG_GROUP, created.id, forever, created.outputs)
        assert aws("logs").describe_log_groups()["logGroups"] == []
