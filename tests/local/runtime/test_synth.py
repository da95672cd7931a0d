"""`synth` on small programs: what the file holds, that it is the same each time, and the sample answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts import release
from local.adapter import InvalidInput
from local.runtime import Stack, UnsupportedError, synth
from local.runtime.sample import SampleCloud

STACK = "urn:pulumi:dev::shop::"
TOPIC = f"{STACK}aws:sns/topic:Topic::news"


def document(project: Any, program: str, **arguments: Any) -> dict[str, Any]:
    project.program(program)
    return Stack("dev", project_dir=project.directory).synth(**arguments)


def resource(content: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in content["resources"] if found["name"] == name)


def test_each_resource_has_its_identity_inputs_options_and_dependencies(project: Any) -> None:
    project.write("Pulumi.dev.yaml", "config: {aws:defaultTags: {tags: {Owner: ann}}}")
    content = document(
        project,
        """
        parent = pulumi.ComponentResource("shop:index:Shop", "shop")
        topic = aws.sns.Topic("news", name="news", opts=pulumi.ResourceOptions(parent=parent, protect=True))
        queue = aws.sqs.Queue("jobs", name="jobs", delay_seconds=30)
        aws.sns.TopicSubscription("sub", topic=topic.arn, protocol="sqs", endpoint=queue.arn,
                                  opts=pulumi.ResourceOptions(depends_on=[queue]))
        pulumi.export("topic", topic.arn)
        """,
    )
    assert (content["project"], content["stack"]) == ("shop", "dev")
    assert content["outputs"] == {"topic": "arn:aws:sns:eu-west-1:123456789012:news"}
    urn = f"{STACK}shop:index:Shop$aws:sns/topic:Topic::news"
    news = resource(content, "news")
    assert news["inputs"].items() >= {"name": "news", "tagsAll": {"Owner": "ann"}}.items()
    assert {key: value for key, value in news.items() if key != "inputs"} == {
        "urn": urn,
        "type": "aws:sns/topic:Topic",
        "name": "news",
        "parent": f"{STACK}shop:index:Shop::shop",
        "options": {"protect": True},
        "dependencies": [],
        "propertyDependencies": {},
    }
    jobs = f"{STACK}aws:sqs/queue:Queue::jobs"
    assert resource(content, "jobs")["inputs"]["delaySeconds"] == 30
    assert resource(content, "sub")["propertyDependencies"] == {"endpoint": [jobs], "topic": [urn]}
    assert resource(content, "sub")["inputs"]["endpoint"] == "arn:aws:sqs:eu-west-1:123456789012:jobs"
    assert [found["urn"] for found in content["resources"]] == sorted(found["urn"] for found in content["resources"])


def test_an_explicit_dependency_and_provider_are_told_from_implicit_ones(project: Any) -> None:
    content = document(
        project,
        """
        provider = aws.Provider("own", region="eu-west-1")
        opts = pulumi.ResourceOptions(provider=provider)
        queue = aws.sqs.Queue("jobs", name="jobs", opts=opts)
        aws.sns.Topic("news", name="news", opts=pulumi.ResourceOptions(provider=provider, depends_on=[queue]))
        """,
    )
    assert resource(content, "news")["options"] == {
        "dependsOn": [f"{STACK}aws:sqs/queue:Queue::jobs"],
        "provider": f"{STACK}pulumi:providers:aws::own",
    }


def test_the_same_program_gives_the_same_bytes(project: Any) -> None:
    program = "\n".join(f'aws.sns.Topic("t{n}", tags={{"b": "1", "a": "2"}})' for n in range(20))
    first, second = (synth.text(document(project, program)) for _ in range(2))
    assert first == second
    assert first.endswith("}\n")
    assert str(project.directory) not in first


def test_secrets_are_masked_in_inputs_and_outputs(project: Any) -> None:
    content = document(
        project,
        """
        topic = aws.sns.Topic("news", name="news", display_name=pulumi.Output.secret("hunter2"))
        pulumi.export("password", topic.display_name)
        """,
    )
    assert resource(content, "news")["inputs"]["displayName"] == "[secret]"
    assert content["outputs"] == {"password": "[secret]"}
    assert "hunter2" not in synth.text(content)


def test_code_is_shown_by_its_hash(project: Any) -> None:
    project.write("handler.py", "x = 1")
    program = """
        aws.s3.BucketObjectv2("code", bucket="my-bucket", key="k", source=pulumi.FileAsset("handler.py"))
    """
    before = resource(document(project, program), "code")["inputs"]["source"]
    project.write("handler.py", "x = 2")
    after = resource(document(project, program), "code")["inputs"]["source"]
    assert list(before) == ["asset"]
    assert before != after


def test_inputs_that_the_api_refuses_are_refused(project: Any) -> None:
    with pytest.raises(InvalidInput, match="aws:sqs/queue:Queue 'jobs': "):
        document(project, 'aws.sqs.Queue("jobs", name="jobs", delay_seconds=99999)')


def test_a_data_source_without_a_sample_is_refused_by_name(project: Any) -> None:
    with pytest.raises(
        UnsupportedError, match=r"^aws:kms/getKey:getKey: no sample answer; add one to local\.runtime\.answers"
    ):
        document(project, 'aws.kms.get_key(key_id="x")')


READ = """
found = aws.ssm.get_parameters_by_path(path="PATH", recursive=False)
pulumi.export("parameters", dict(zip(found.names, found.values)))
"""


def test_the_steady_state_has_images_by_digest_and_a_live_release_with_a_good_one_before_it(project: Any) -> None:
    images = document(project, READ.replace("PATH", "/mlplatform/dev/images"))["outputs"]["parameters"]
    assert sorted(images) == [
        f"/mlplatform/dev/images/{image}" for image in ("inference", "inference-arm64", "training")
    ]
    assert all("@sha256:" in uri for uri in images.values())
    found = document(project, READ.replace("PATH", "/mlplatform/dev/churn/live"))["outputs"]["parameters"]
    assert list(found) == ["/mlplatform/dev/churn/live/release"]
    record = release.from_json(next(iter(found.values())))
    assert record.wanted.champion.endswith(":model-package/churn-dev/2")
    assert record.known_good is not None


def test_a_bootstrap_has_neither(project: Any) -> None:
    for path in ("/mlplatform/dev/images", "/mlplatform/dev/churn/live"):
        content = document(project, READ.replace("PATH", path), bootstrap=True)
        assert content["outputs"]["parameters"] == {}


def test_the_sample_region_is_the_one_of_the_stack(project: Any) -> None:
    project.write("Pulumi.dev.yaml", "config: {aws:region: eu-north-1}")
    program = """
        pulumi.export("zones", aws.get_availability_zones().names)
        pulumi.export("identity", [aws.get_caller_identity().account_id, aws.get_region().region])
        pulumi.export("partition", aws.get_partition().partition)
    """
    assert document(project, program)["outputs"] == {
        "zones": ["eu-north-1a", "eu-north-1b", "eu-north-1c"],
        "identity": ["123456789012", "eu-north-1"],
        "partition": "aws",
    }


ROLE = "arn:aws:iam::123456789012:role/job"
TRUST = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}}'
VARIANT = {"variantName": "v", "modelName": "m", "initialInstanceCount": 1.0, "instanceType": "ml.m5.large"}


@pytest.mark.parametrize(
    ("type_token", "inputs", "resource_id", "arn"),
    [
        ("aws:s3/bucket:Bucket", {"bucket": "data"}, "data", "arn:aws:s3:::data"),
        ("aws:iam/role:Role", {"name": "job", "path": "/p/", "assumeRolePolicy": TRUST}, "job", f"{ROLE[:-3]}p/job"),
        ("aws:sns/topic:Topic", {"name": "n"}, None, "arn:aws:sns:eu-west-1:123456789012:n"),
        (
            "aws:ssm/parameter:Parameter",
            {"name": "/a/b", "type": "String", "value": "v"},
            "/a/b",
            "arn:aws:ssm:eu-west-1:123456789012:parameter/a/b",
        ),
        (
            "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
            {"name": "c", "productionVariants": [VARIANT]},
            "c",
            "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/c",
        ),
        (
            "aws:sagemaker/modelPackageGroup:ModelPackageGroup",
            {"modelPackageGroupName": "g"},
            "g",
            "arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/g",
        ),
        (
            "aws:scheduler/schedule:Schedule",
            {
                "name": "s",
                "scheduleExpression": "rate(1 day)",
                "flexibleTimeWindow": {"mode": "OFF"},
                "target": {"arn": ROLE, "roleArn": ROLE},
            },
            "default/s",
            "arn:aws:scheduler:eu-west-1:123456789012:schedule/default/s",
        ),
    ],
)
def test_sample_arns_have_the_form_that_aws_gives_them(
    type_token: str, inputs: dict[str, Any], resource_id: str | None, arn: str
) -> None:
    made = SampleCloud("dev", "eu-west-1").create(type_token, "x", inputs, urn="u")
    assert (made.id, made.outputs["arn"]) == (resource_id or arn, arn)
    assert made.emulated is False


def test_sample_outputs_that_others_build_on() -> None:
    cloud = SampleCloud("dev", "eu-west-1")
    key = cloud.create("aws:kms/key:Key", "k", {}, urn="u")  # SHA-256 of "u": 0bfe935e70c321c7ca3afc75...
    assert key.outputs["keyId"] == key.id == "0bfe935e-70c3-21c7-ca3a-fc75ce0d0ca2"
    address = cloud.create("aws:ec2/eip:Eip", "a", {}, urn="u")
    assert address.outputs["allocationId"] == address.id == "eipalloc-0bfe935e70c321c7c"
    repository = cloud.create("aws:ecr/repository:Repository", "r", {"name": "churn"}, urn="u")
    assert repository.outputs["repositoryUrl"] == "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn"
    queue = cloud.create("aws:sqs/queue:Queue", "q", {"name": "jobs"}, urn="u")
    assert queue.outputs["url"] == queue.id == "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs"


def test_what_no_table_tells_is_made_up_by_its_declared_type() -> None:
    topic = SampleCloud("dev", "eu-west-1").create("aws:sns/topic:Topic", "t", {"name": "n"}, urn="u")
    assert topic.outputs["owner"] == "123456789012"
    assert topic.outputs["beginningArchiveTime"] == f"{topic.id}-beginning-archive-time"


def test_the_text_is_json_that_reads_back(project: Any) -> None:
    content = document(project, 'aws.sns.Topic("news", name="news")')
    assert json.loads(synth.text(content)) == content


def test_hooks_have_nothing_to_look_at_on_paper(project: Any) -> None:
    text = """
    def fail(args):
        raise ValueError("no endpoint is live")
    hooks = pulumi.ResourceHookBinding(after_create=[pulumi.ResourceHook("verify", fail)])
    aws.sns.Topic("news", name="news", opts=pulumi.ResourceOptions(hooks=hooks))
    """
    assert resource(document(project, text), "news")["type"] == "aws:sns/topic:Topic"
