"""What components say of their resources, collected for the roles of delivery."""

from __future__ import annotations

from components.service import Service, collected


def test_what_several_components_say_of_a_service_becomes_one() -> None:
    model = Service("sagemaker", types="sagemaker/model", reads="DescribeModel ListTags", changes="CreateModel")
    endpoint = Service("sagemaker", types="sagemaker/endpoint", reads="ListTags DescribeEndpoint", unnamed="endpoint/*")
    queue = Service("sqs", types="sqs/queue", changes="CreateQueue", changes_anywhere="ListQueues")
    assert collected([queue, model, endpoint]) == {
        "sagemaker": Service(
            "sagemaker",
            types="sagemaker/endpoint sagemaker/model",
            reads="DescribeEndpoint DescribeModel ListTags",
            changes="CreateModel",
            unnamed="endpoint/*",
        ),
        "sqs": queue,
    }
