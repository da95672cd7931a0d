"""The month of a stack in one sentence, and the limit that holds before the stack is changed."""

from __future__ import annotations

import pytest

from automation.cost.month import Month
from automation.operations.errors import PolicyViolationError, RefusedError
from tests.automation.cost.written import resource, synth

VPC_ENDPOINT = resource("ec2/vpcEndpoint:VpcEndpoint", "sns", vpcEndpointType="Interface", subnetIds=["a", "b"])
ALARM = resource("cloudwatch/metricAlarm:MetricAlarm", "errors", period=300)
UNPRICED = resource("redshift/cluster:Cluster", "warehouse")


def test_what_is_known_is_one_sentence_with_the_limit_and_what_rests_on_memory() -> None:
    within = Month.of(synth(VPC_ENDPOINT, monthly_limit_usd=20))
    assert within.told() == ("a month costs 14.60 USD at the assumed traffic; limit 20 (`python -m automation cost`)")
    assert within.as_json() == {"usd": 14.6, "from_memory": 0, "limit_usd": 20}
    within.check()
    free = Month.of(synth(VPC_ENDPOINT, ALARM))
    assert free.told() == (
        "a month costs 14.70 USD at the assumed traffic, of it ~0.10 by prices from memory; no limit "
        "(`python -m automation cost`)"
    )
    free.check()


def test_above_the_limit_it_is_refused() -> None:
    with pytest.raises(PolicyViolationError, match=r"found 14\.60 USD a month; allowed: 14 \(cost\.monthly_limit_usd"):
        Month.of(synth(VPC_ENDPOINT, monthly_limit_usd=14)).check()


def test_what_is_not_known_is_said_and_refused_where_there_is_a_limit() -> None:
    unknown = Month.of(synth(VPC_ENDPOINT, UNPRICED))
    assert unknown.told().startswith("what a month costs is not known: the cost of the stack is not known:\n")
    assert unknown.as_json() == {"usd": None, "from_memory": None, "limit_usd": None}
    unknown.check()
    with pytest.raises(RefusedError, match="limit_usd: found 90, and a month that is not known") as refused:
        Month.of(synth(VPC_ENDPOINT, UNPRICED, monthly_limit_usd=90)).check()
    assert "aws:redshift/cluster:Cluster" in str(refused.value)
