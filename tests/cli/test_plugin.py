"""The plugin alone, asked as the engine asks it at a preview: many resources at once, in a process that is new."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import provider_pb2_grpc

from local import values

ROOT = Path(__file__).parents[2]
#: Types of many modules of the SDK, each with an output that is always there.
ALWAYS_THERE = {
    "aws:cloudwatch/logGroup:LogGroup": "arn",
    "aws:dynamodb/table:Table": "arn",
    "aws:ec2/securityGroup:SecurityGroup": "arn",
    "aws:ecr/repository:Repository": "repositoryUrl",
    "aws:iam/role:Role": "uniqueId",
    "aws:kms/key:Key": "keyId",
    "aws:lambda/function:Function": "invokeArn",
    "aws:s3/bucket:Bucket": "bucketDomainName",
    "aws:sagemaker/endpoint:Endpoint": "arn",
    "aws:sagemaker/model:Model": "arn",
    "aws:scheduler/schedule:Schedule": "arn",
    "aws:sns/topic:Topic": "arn",
    "aws:sqs/queue:Queue": "url",
}


@pytest.fixture(params=["steady"])
def plugin(request: pytest.FixtureRequest) -> Generator[Any]:
    command = [sys.executable, "-m", "tests.cli.plugin", "aws", "prod", request.param]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}") as channel:
            yield provider_pb2_grpc.ResourceProviderStub(channel)
        process.terminate()


def test_resources_are_previewed_side_by_side(plugin: Any) -> None:
    def preview(kind: str) -> Any:
        request = pb.CreateRequest(urn=f"urn:pulumi:prod::ml-platform::{kind}::r", preview=True)
        return values.from_struct(plugin.Create(request).properties).get(ALWAYS_THERE[kind])

    kinds = [*ALWAYS_THERE] * 4
    with ThreadPoolExecutor(max_workers=16) as pool:
        assert list(pool.map(preview, kinds)) == [values.UNKNOWN] * len(kinds)


@pytest.mark.parametrize(("plugin", "serves"), [("steady", "b"), ("turned-back", "a")], indirect=["plugin"])
def test_an_endpoint_serves_what_its_rollout_came_to(plugin: Any, serves: str) -> None:
    urn = "urn:pulumi:prod::ml-platform::aws:sagemaker/endpoint:Endpoint::live"
    old, new = (values.to_struct({"name": "live", "endpointConfigName": name}) for name in "ab")
    answer = plugin.Update(pb.UpdateRequest(id="live", urn=urn, olds=old, old_inputs=old, news=new))
    assert values.from_struct(answer.properties)["endpointConfigName"] == serves
    again = plugin.Diff(pb.DiffRequest(id="live", urn=urn, olds=answer.properties, old_inputs=new, news=new))
    assert list(again.diffs) == ([] if serves == "b" else ["endpointConfigName"])
