"""Transform jobs: a real container over HTTP, records cut, filtered and joined, answers in S3, an event at the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator
from local.emulator.sagemaker.transform_data import BYTES, DataError, filtered, joined, requests
from tests.local.emulator.conftest import Serving


def job(name: str, model: str, bucket: str, **more: Any) -> dict[str, Any]:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bucket}/{name}/requests/"}}
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": {"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        "TransformOutput": {
            "S3OutputPath": f"s3://{bucket}/{name}/predictions/",
            "Accept": "application/x-echo",
            "AssembleWith": "Line",
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        "DataProcessing": {"InputFilter": "$[1:]", "JoinSource": "Input"},
    } | more


def ended(sagemaker: Any, name: str, eventually: Callable[..., Any]) -> dict[str, Any]:
    def over() -> Any:
        found = sagemaker.describe_transform_job(TransformJobName=name)
        return found if found["TransformJobStatus"] != "InProgress" else None

    return eventually(over)


def test_a_job_joins_each_record_with_what_the_container_answered_and_tells_of_its_end(
    emulator: Emulator,
    sagemaker: Any,
    s3: Any,
    bucket: str,
    serving: Serving,
    name: str,
    eventually: Callable[..., Any],
) -> None:
    queue = emulator.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:eu-west-1:123456789012:{name}"
    policy = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    emulator.client("sqs").set_queue_attributes(
        QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [policy]})}
    )
    rules, detail = emulator.client("events"), {"TransformJobName": [name], "TransformJobStatus": ["Completed"]}
    rules.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.sagemaker"], "detail": detail}))
    rules.put_targets(Rule=name, Targets=[{"Id": "queue", "Arn": arn}])
    s3.put_object(Bucket=bucket, Key=f"{name}/requests/day/a.csv", Body=b'ann,1,2\n"b,c",3,4\n')
    sagemaker.create_transform_job(**job(name, serving.model(f"{name}-model"), bucket))
    assert ended(sagemaker, name, eventually)["TransformJobStatus"] == "Completed"
    found = s3.get_object(Bucket=bucket, Key=f"{name}/predictions/day/a.csv.out")["Body"].read()
    assert found == b'ann,1,2,1,2\n"b,c",3,4,3,4\n'
    told = eventually(lambda: emulator.client("sqs").receive_message(QueueUrl=queue).get("Messages"))
    event = json.loads(told[0]["Body"])
    assert event["detail-type"] == "SageMaker Transform Job State Change"
    assert event["detail"]["ModelName"] == f"{name}-model"


@pytest.mark.parametrize(
    ("behaviour", "body", "reason"),
    [
        ({"status": 422}, b"a,1\n", "the model answered 422"),
        ({"exit": 1}, b"a,1\n", "did not pass the ping health check"),
        ({}, None, "No S3 objects found under S3 URL"),
    ],
)
def test_a_job_that_fails_says_why(
    sagemaker: Any,
    s3: Any,
    bucket: str,
    serving: Serving,
    name: str,
    eventually: Callable[..., Any],
    behaviour: dict[str, Any],
    body: bytes | None,
    reason: str,
) -> None:
    if body:
        s3.put_object(Bucket=bucket, Key=f"{name}/requests/a.csv", Body=body)
    asked = job(name, serving.model(f"{name}-model", **behaviour), bucket)
    asked["TransformOutput"]["Accept"] = "text/csv"
    sagemaker.create_transform_job(**asked)
    found = ended(sagemaker, name, eventually)
    assert found["TransformJobStatus"] == "Failed"
    assert reason in found["FailureReason"]


def test_a_job_is_refused_without_its_model_and_with_too_much_at_once(
    sagemaker: Any, bucket: str, serving: Serving, name: str
) -> None:
    with pytest.raises(ClientError, match="Could not find model"):
        sagemaker.create_transform_job(**job(name, "nothing", bucket))
    model = serving.model(f"{name}-model")
    with pytest.raises(ClientError, match="must not exceed 100 MB, found 102"):
        sagemaker.create_transform_job(**job(name, model, bucket, MaxPayloadInMB=51, MaxConcurrentTransforms=2))


def test_records_are_cut_by_lines_and_bytes() -> None:
    assert list(requests(b"aa\nbb\n\ncc\n", "Line", "MultiRecord", 6)) == [["aa", "bb"], ["cc"]]
    assert list(requests(b"aa\nbb", "Line", "SingleRecord", 6)) == [["aa"], ["bb"]]
    assert list(requests(b"aa\nbb", "None", "MultiRecord", 6)) == [["aa\nbb"]]
    odd = "a\u2028\x0b\x85b"  # of which str.splitlines makes four lines
    assert list(requests(f"{odd}\r\ncc\rdd".encode(), "Line", "MultiRecord", 99)) == [[odd, "cc", "dd"]]
    assert (
        joined(["x,1", "y,2"], f"{odd},0.5\nc,1\n".encode(), {"JoinSource": "Input"})
        == f"x,1,{odd},0.5\ny,2,c,1\n".encode()
    )
    with pytest.raises(DataError, match="a record of 7 bytes is larger than MaxPayloadInMB"):
        list(requests(b"aaaaaa\n", "Line", "MultiRecord", 6))


def test_a_filter_takes_columns_and_a_join_wants_one_answer_for_each_record() -> None:
    assert filtered(['x,"1,5",2'], "$[1:]") == ['"1,5",2']
    assert filtered(["x,1,2"], "$") == ["x,1,2"]
    assert joined(["x,1"], b"0.5,1\n", {"JoinSource": "Input", "OutputFilter": "$[1:3]"}) == b"1,0.5\n"
    assert joined(["x,1"], b"0.5,1\n", {}) == b"0.5,1\n"
    with pytest.raises(DataError, match="2 records were sent and 1 came back"):
        joined(["x,1", "y,2"], b"0.5\n", {"JoinSource": "Input"})


def test_bytes_of_another_encoding_pass_as_they_are() -> None:
    content = "Köln,1\nDüren,2\n".encode("cp1252")
    ((first, second),) = requests(content, "Line", "MultiRecord", 100)
    assert [each.encode("utf-8", BYTES) for each in (first, second)] == content.split()
    assert joined([first, second], b"0.5\n0.25\n", {"JoinSource": "Input"}) == b"K\xf6ln,1,0.5\nD\xfcren,2,0.25\n"
