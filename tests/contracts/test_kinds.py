"""Facts of endpoint kinds, against SageMaker's own API."""

from __future__ import annotations

from typing import Any, get_args

import botocore.session

from contracts import kinds


def test_a_kind_is_found_by_its_name_and_none_is_both_there_and_to_come() -> None:
    assert [kind.name for kind in kinds.KINDS.values()] == list(kinds.KINDS)
    assert not set(kinds.KINDS) & set(kinds.PLANNED)


def test_limits_of_the_real_time_endpoint_are_those_of_the_api() -> None:
    session: Any = botocore.session.get_session()
    body = session.get_service_model("sagemaker-runtime").shape_for("InvokeEndpointInput").members["Body"]
    config = session.get_service_model("sagemaker").shape_for("CreateEndpointConfigInput").members
    assert kinds.REALTIME.limits.payload_bytes == body.metadata["max"]
    assert kinds.REALTIME.limits.seconds == 60
    assert kinds.REALTIME.most_variants == config["ProductionVariants"].metadata["max"]
    assert kinds.REALTIME.rollouts == get_args(kinds.Rollout)


def test_a_metric_says_its_unit_and_what_it_is_counted_by() -> None:
    found = {metric.name: metric for metric in kinds.REALTIME.metrics}
    assert found["ModelLatency"] == kinds.Metric(
        name="ModelLatency", namespace="AWS/SageMaker", unit="Microseconds", dimensions=("EndpointName", "VariantName")
    )
    assert (found["CPUUtilization"].namespace, found["CPUUtilization"].unit) == ("/aws/sagemaker/Endpoints", "Percent")


def test_the_queue_of_an_asynchronous_endpoint_is_counted_as_a_whole() -> None:
    found = {metric.name: metric.dimensions for metric in kinds.ASYNCHRONOUS.metrics}
    assert found["ApproximateBacklogSizePerInstance"] == found["HasBacklogWithoutCapacity"] == ("EndpointName",)
    assert found["InvocationFailures"] == ("EndpointName", "VariantName")
    assert "Invocations" not in found


def test_an_asynchronous_request_may_take_an_hour_and_a_gigabyte() -> None:
    session: Any = botocore.session.get_session()
    asked = session.get_service_model("sagemaker-runtime").shape_for("InvokeEndpointAsyncInput").members
    limits = kinds.ASYNCHRONOUS.limits
    assert limits.seconds == asked["InvocationTimeoutSeconds"].metadata["max"]
    assert limits.payload_bytes == 1_073_741_824


def test_an_image_of_others_serves_where_it_is_isolated_and_sagemaker_captures() -> None:
    assert [name for name, kind in kinds.KINDS.items() if kind.serves_images] == ["realtime", "asynchronous"]
