"""Variants of several models: loaded when they are asked for, unloaded when there is no room, told by metrics."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.emulator import Emulator
from tests.local.emulator.conftest import IMAGE, ROLE
from tests.local.emulator.test_endpoints import refusal


def several(serving: Any, name: str, models: dict[str, dict[str, Any]], room: int = 100) -> str:
    """An endpoint whose models behave so, of which `room` fit into its memory."""
    for model, behaviour in models.items():
        uri = serving.artifact(f"{name}-{model}", {"name": model, **behaviour})
        key = uri.removeprefix(f"s3://{serving.bucket}/")
        source = {"Bucket": serving.bucket, "Key": key}
        serving.s3.copy_object(CopySource=source, Bucket=serving.bucket, Key=f"{name}/{model}.tar.gz")
    container = {
        "Image": IMAGE,
        "Mode": "MultiModel",
        "ModelDataUrl": f"s3://{serving.bucket}/{name}/",
        "Environment": {"MAX_MODELS": str(room), "MAX_MEMORY_PERCENT": "80"},
    }
    serving.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)
    return serving.endpoint(name, serving.config(name, {"champion": (name, 1.0)}))


def ask(runtime: Any, name: str, target: str | None) -> dict[str, Any]:
    more = {"TargetModel": target} if target else {}
    return json.loads(runtime.invoke_endpoint(EndpointName=name, Body=b"1,2", **more)["Body"].read())


def test_each_request_is_answered_by_the_model_that_it_names(serving: Any, runtime: Any, name: str) -> None:
    several(serving, name, {"eu": {}, "us": {}})
    assert [ask(runtime, name, f"{model}.tar.gz")["model"] for model in ("eu", "us", "eu")] == ["eu", "us", "eu"]


def test_what_was_not_asked_for_longest_makes_room(
    serving: Any, runtime: Any, cloudwatch: Any, emulator: Emulator, name: str
) -> None:
    several(serving, name, {"a": {}, "b": {}, "c": {}}, room=2)
    for model in ("a", "b", "a", "c", "a", "b"):  # c takes the place of b, and b that of c
        assert ask(runtime, name, f"{model}.tar.gz")["model"] == model
    emulator.flush()
    hits = statistics(cloudwatch, name, "ModelCacheHit")
    assert (hits["SampleCount"], hits["Sum"]) == (6, 2)
    waits = statistics(cloudwatch, name, "ModelLoadingTime")
    assert waits["SampleCount"] == 4
    assert waits["Sum"] > 0


def statistics(cloudwatch: Any, name: str, metric: str) -> dict[str, float]:
    """Over all that was published, in however many periods."""
    now = datetime.now(UTC)
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": "EndpointName", "Value": name}, {"Name": "VariantName", "Value": "champion"}],
        StartTime=now - timedelta(hours=2),
        EndTime=now + timedelta(hours=2),
        Period=3600,
        Statistics=["SampleCount", "Sum"],
    )["Datapoints"]
    return {each: sum(point[each] for point in points) for each in ("SampleCount", "Sum")}


def test_a_model_that_never_fits_is_its_own_error(serving: Any, runtime: Any, name: str) -> None:
    several(serving, name, {"eu": {}}, room=0)
    code, message = refusal(lambda: ask(runtime, name, "eu.tar.gz"))
    assert code == "ModelError"
    assert "server error (507)" in message


def test_what_others_fill_of_the_machine_unloads_no_model(serving: Any, emulator: Emulator, name: str) -> None:
    several(serving, name, {"eu": {}})
    (pid,) = [each["pid"] for each in emulator.model_servers() if each["endpoint"] == name]
    given = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    assert [each for each in given if each.startswith(b"MAX_MEMORY_PERCENT")] == [b"MAX_MEMORY_PERCENT=100"]


@pytest.mark.parametrize("target", [None, "mars.tar.gz"])
def test_a_request_for_no_model_is_refused(serving: Any, runtime: Any, name: str, target: str | None) -> None:
    several(serving, name, {"eu": {}})
    code, message = refusal(lambda: ask(runtime, name, target))
    assert code == "ValidationError"
    assert ("TargetModel is required" if target is None else f"{name}/mars.tar.gz") in message


def test_an_endpoint_of_one_model_takes_no_name(serving: Any, runtime: Any, name: str) -> None:
    serving.endpoint(name, serving.config(name, {"champion": (serving.model(name), 1.0)}))
    code, message = refusal(lambda: ask(runtime, name, "eu.tar.gz"))
    assert (code, message.split(" by ")[0]) == ("ValidationError", "TargetModel is not supported")
