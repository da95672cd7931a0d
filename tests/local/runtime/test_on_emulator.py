"""The runtime with the real adapter, emulator and policy pack, on a small program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.adapter import Adapter
from local.emulator import client
from local.runtime import Op, PolicyViolationError
from local.runtime.packs import policy_factory

QUEUE = "urn:pulumi:dev::shop::aws:sqs/queue:Queue::jobs"
BLOCK = "urn:pulumi:dev::shop::aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock::open"
TOPIC = "urn:pulumi:dev::shop::aws:sns/topic:Topic::news"
PROGRAM = """
queue = aws.sqs.Queue("jobs", name="jobs", delay_seconds=DELAY, sqs_managed_sse_enabled=True)
aws.sns.Topic("news", display_name=queue.arn.apply(lambda arn: arn.split(":")[-1]))
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[client.Emulator]:
    started = client.start(tmp_path_factory.mktemp("emulator"))
    yield started
    started.stop()


@pytest.fixture
def project(project: Any, emulator: client.Emulator) -> Any:
    project.cloud = Adapter(emulator.url, emulator.account, emulator.region)
    return project


def changes(deployment: Any) -> dict[Op, list[str]]:
    return {
        op: [urn for urn in urns if "aws:" in urn and "providers" not in urn] for op, urns in deployment.changes.items()
    }


def test_create_same_update_and_delete_reach_the_emulated_aws(project: Any, emulator: client.Emulator) -> None:
    queues, topics = emulator.client("sqs"), emulator.client("sns")
    project.program(PROGRAM.replace("DELAY", "5"))
    first = project.up()
    assert changes(first)[Op.CREATE] == [QUEUE, TOPIC]
    assert (first.created, first.recorded) == ([QUEUE, TOPIC], [])
    url = queues.get_queue_url(QueueName="jobs")["QueueUrl"]

    second = project.up()
    assert changes(second) == {op: [QUEUE, TOPIC] if op is Op.SAME else [] for op in Op}

    project.program(PROGRAM.replace("DELAY", "7"))
    third = project.up()
    assert (changes(third)[Op.UPDATE], changes(third)[Op.SAME]) == ([QUEUE], [TOPIC])
    assert queues.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"] == {
        "DelaySeconds": "7"
    }

    arn = third.resources[TOPIC]["outputs"]["arn"]
    assert topics.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "jobs"
    project.program("")
    assert changes(project.up())[Op.DELETE] == [TOPIC, QUEUE]
    assert topics.list_topics()["Topics"] == []


def test_the_real_pack_stops_a_public_bucket_before_it_exists(project: Any, emulator: client.Emulator) -> None:
    project.program("""
        bucket = aws.s3.Bucket("open", bucket="open-to-all")
        aws.s3.BucketPublicAccessBlock("open", bucket=bucket.bucket, block_public_acls=False, block_public_policy=False,
                                       ignore_public_acls=False, restrict_public_buckets=False)
    """)
    with pytest.raises(PolicyViolationError) as refused:
        project.up(policy_factory(project.stack()))
    (violation,) = (found for found in refused.value.violations if "blockPublicPolicy" in found.message)
    assert (violation.policy, violation.level) == ("s3-public-access-block-complete", "mandatory")
    assert violation.urn == BLOCK
    assert emulator.client("s3").list_buckets()["Buckets"] == []


def test_a_state_outlives_the_process_but_not_the_emulator(project: Any) -> None:
    project.program(PROGRAM.replace("DELAY", "5"))
    project.up()
    state = Path(project.stack().state_path)
    assert project.cloud.endpoint_url in state.read_text()
    assert len(project.stack().destroy(project.cloud)) == 4
    assert not state.exists()
