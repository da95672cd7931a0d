"""The sum of a stack: its lines, what is refused, its limit, and what a change changes."""

from __future__ import annotations

from typing import Any

import pytest

from automation.cost import Document, estimate
from automation.cost.estimate import Change, Line, changes, changes_as_json
from automation.operations.errors import PolicyViolationError, RefusedError
from tests.automation.cost.written import WORKLOAD, drift_schedule, endpoint, estimated, resource, synth, usd

ALARM = resource("cloudwatch/metricAlarm:MetricAlarm", "errors", within=WORKLOAD, period=300)
KEY = resource("kms/key:Key", "keys-raw")
VPC_ENDPOINT = resource("ec2/vpcEndpoint:VpcEndpoint", "sns", vpcEndpointType="Interface", subnetIds=["a", "b"])


def test_a_line_says_who_uses_how_much_of_what_at_which_price() -> None:
    (line,) = estimated(ALARM).lines
    assert line == Line(
        workload="churn",
        component="errors",
        resource="errors",
        type="aws:cloudwatch/metricAlarm:MetricAlarm",
        service="cloudwatch",
        item="alarm, standard",
        traffic=False,
        quantity=1,
        unit="month",
        price=0.1,
        usd=0.1,
        seen=False,
    )


def test_components_add_up_to_the_stack_and_what_rests_on_memory_is_said() -> None:
    found = estimated(ALARM, KEY, VPC_ENDPOINT)
    assert [
        (each.workload, each.component, round(each.fixed, 4), round(each.traffic, 4), round(each.from_memory, 4))
        for each in found.components
    ] == [
        ("", "keys-raw", 1, 0.03, 1.03),
        ("", "sns", 14.6, 0.002, 0),
        ("churn", "errors", 0.1, 0, 0.1),
    ]
    assert usd(found) == 15.73
    assert found.total.usd == pytest.approx(sum(each.usd for each in found.components))


def test_what_lies_within_a_component_counts_for_the_topmost_one() -> None:
    lake = {"urn": "lake", "type": "mlplatform:lake:Lake", "name": "lake", "parent": "root", "inputs": {}}
    raw = {"urn": "raw", "type": "mlplatform:bucket:Bucket", "name": "lake-raw", "parent": "lake", "inputs": {}}
    (line,) = estimated(lake, raw, resource("ec2/eip:Eip", within="raw")).lines
    assert (line.workload, line.component, line.resource) == ("", "lake", "it")


def test_a_type_without_a_rule_and_an_item_without_a_price_are_all_errors_at_once() -> None:
    unknown = resource("redshift/cluster:Cluster", "warehouse")
    native = {"urn": "n", "type": "aws-native:s3:Bucket", "name": "native", "parent": "root", "inputs": {}}
    with pytest.raises(RefusedError) as refused:
        estimated(unknown, native, *endpoint({"instanceType": "ml.c8i.96xlarge"}), ALARM)
    assert str(refused.value).splitlines() == [
        "the cost of the stack is not known:",
        "  warehouse: type aws:redshift/cluster:Cluster has no rule; give it one in automation/cost/rules",
        "  native: type aws-native:s3:Bucket has no rule; give it one in automation/cost/rules",
        "  it (aws:sagemaker/endpoint:Endpoint): price: found none of 'instance ml.c8i.96xlarge' of sagemaker; "
        "add a line to contracts/prices.csv",
    ]


def test_another_region_has_its_own_prices() -> None:
    assert usd(estimated(*endpoint(), region="us-east-1")) == pytest.approx(
        3 * (730 * 0.115 + 30 * 0.14) + 0.02, abs=0.01
    )
    assert usd(estimated(*endpoint(), region="eu-west-1")) == pytest.approx(
        3 * (730 * 0.128 + 30 * 0.154) + 0.02, abs=0.01
    )
    with pytest.raises(
        RefusedError, match="region: found sa-east-1, without a price of 'alarm, standard' of cloudwatch"
    ):
        estimated(ALARM, region="sa-east-1")


@pytest.mark.parametrize(
    ("written", "lacks"),
    [
        ({}, "'resources'"),
        ({"resources": []}, "stack with a provider and resources"),
        ({"stack": "s", "resources": [], "outputs": {}}, "stack with a provider and resources"),
        ([], "stack with a provider and resources"),
        ("x", "stack with a provider and resources"),
    ],
)
def test_what_is_no_synth_is_refused(written: Any, lacks: str) -> None:
    with pytest.raises(RefusedError, match=f"^synth: found no {lacks}; give what `python -m local synth` wrote$"):
        Document.of(written)


def test_a_resource_that_another_one_names_and_nobody_has_is_refused() -> None:
    config, made = endpoint()
    with pytest.raises(RefusedError, match="EndpointConfiguration: found none with name 'churn-s-live-1'"):
        estimated(made)
    assert usd(estimated(config)) == 0


def test_a_stack_above_its_limit_is_refused_with_both_figures() -> None:
    within = estimate(Document.of(synth(VPC_ENDPOINT, monthly_limit_usd=14.61)))
    within.check()
    above = estimate(Document.of(synth(VPC_ENDPOINT, ALARM, monthly_limit_usd=14.61)))
    with pytest.raises(PolicyViolationError) as refused:
        above.check()
    assert str(refused.value) == (
        "cost: found 14.70 USD a month; allowed: 14.61 (cost.monthly_limit_usd of stack s); "
        "take less of what its lines name, or raise the limit"
    )
    estimate(Document.of(synth(VPC_ENDPOINT, ALARM))).check()


def test_what_changes_is_said_by_component_the_largest_first() -> None:
    before, after = estimated(ALARM, KEY), estimated(KEY, VPC_ENDPOINT, resource("sqs/queue:Queue", "letters"))
    assert changes(before, after) == [
        Change(workload="", component="sns", before=0, after=14.602),
        Change(workload="churn", component="errors", before=0.1, after=0),
    ]
    assert changes_as_json(before, after) == {
        "before": 1.13,
        "after": 15.63,
        "change": 14.5,
        "components": [
            {"workload": "", "component": "sns", "before": 0, "after": 14.6, "change": 14.6},
            {"workload": "churn", "component": "errors", "before": 0.1, "after": 0, "change": -0.1},
        ],
    }


def test_the_json_has_the_sum_the_components_the_lines_and_what_was_assumed() -> None:
    found = estimated(drift_schedule(), VPC_ENDPOINT).as_json()
    assert found["total"] == {"fixed": 21.88, "traffic": 0, "usd": 21.89, "from_memory": 0.29}
    assert found["components"][0] == {
        "workload": "",
        "component": "sns",
        "fixed": 14.6,
        "traffic": 0,
        "usd": 14.6,
        "from_memory": 0,
    }
    assert (found["stack"], found["region"], found["limit_usd"]) == ("s", "us-east-1", None)
    assert found["assumed"]["requests"] == 1_000_000
    assert {line["item"] for line in found["lines"]} >= {"instance ml.m5.large", "interface endpoint"}
    (key,) = (line for line in estimated(KEY, region="eu-west-1").as_json()["lines"] if line["item"] == "requests")
    assert (key["price"], key["usd"], key["seen"]) == (0.033, 0.033, False)
