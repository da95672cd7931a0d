"""The program as the engine would see it: URNs, unknowns, secrets, tags, data sources, refusals."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from local.judge.model import Judged
from local.runtime import DefaultProviderError, DuplicateUrnError, UnsupportedError
from local.values import UNKNOWN

STACK = "urn:pulumi:dev::shop::"


def seen(judged: list[Judged], name: str) -> Judged:
    return next(resource for resource in judged if resource.name == name)


def previewed(project: Any, policies: Any) -> list[Judged]:
    project.preview(policies)
    return policies.judged


def test_urns_carry_the_types_of_all_parents_but_the_stack(project: Any, policies: Any) -> None:
    project.program("""
        class Shop(pulumi.ComponentResource):
            def __init__(self, name, opts=None):
                super().__init__("shop:index:Shop", name, None, opts)
        outer = Shop("outer")
        inner = Shop("inner", pulumi.ResourceOptions(parent=outer))
        bucket = aws.s3.Bucket("data", opts=pulumi.ResourceOptions(parent=inner))
        aws.sns.Topic("news", opts=pulumi.ResourceOptions(parent=bucket))
        aws.sns.Topic("top")
    """)
    chain = "shop:index:Shop$shop:index:Shop$aws:s3/bucket:Bucket"
    assert {resource.urn for resource in previewed(project, policies) if resource.type.startswith(("aws", "shop"))} == {
        f"{STACK}shop:index:Shop::outer",
        f"{STACK}shop:index:Shop$shop:index:Shop::inner",
        f"{STACK}{chain}::data",
        f"{STACK}{chain}$aws:sns/topic:Topic::news",
        f"{STACK}aws:sns/topic:Topic::top",
    }
    assert seen(policies.judged, "top").parent == f"{STACK}pulumi:pulumi:Stack::shop-dev"


def test_an_output_is_unknown_in_the_preview_and_known_in_the_update(project: Any, policies: Any) -> None:
    project.program("""
        bucket = aws.s3.Bucket("data", bucket="data")
        aws.sns.Topic("news", name="news", display_name=bucket.arn, tags={"for": bucket.bucket})
        pulumi.export("arn", bucket.arn)
    """)
    deployment = project.up(policies)
    topics = [resource for resource in policies.judged if resource.name == "news"]
    assert topics[0].properties["displayName"] == UNKNOWN
    assert topics[0].properties["tags"] == {"for": "data"}
    assert topics[1].properties["displayName"] == "arn:aws:test:::data"
    bucket = f"{STACK}aws:s3/bucket:Bucket::data"
    assert topics[0].property_dependencies == {"displayName": (bucket,), "tags": (bucket,)}
    assert topics[0].dependencies == (bucket,)
    assert deployment.outputs == {"arn": "arn:aws:test:::data"}
    assert policies.dry_runs == [True, False]


def test_an_apply_does_not_run_on_an_unknown_value(project: Any) -> None:
    project.program("""
        bucket = aws.s3.Bucket("data", bucket="data")
        bucket.arn.apply(lambda arn: pulumi.export("length", len(arn)) if not pulumi.runtime.is_dry_run() else 1 / 0)
    """)
    project.preview()


def test_secrets_stay_secrets_on_their_way_and_are_opened_for_the_cloud(project: Any) -> None:
    project.program("""
        topic = aws.sns.Topic("news", name="news", display_name=pulumi.Output.secret("hunter2"))
        aws.sns.Topic("copy", name="copy", display_name=topic.display_name)
    """)
    project.up()
    assert project.cloud.live["copy"]["displayName"] == "hunter2"
    text = project.stack().state_path.read_text()
    assert text.count('"1b47061264138c4ac30d75fd1eb44270"') == 4  # inputs and outputs of both are marked
    assert oct(project.stack().state_path.stat().st_mode & 0o777) == "0o600"


def test_two_resources_with_one_urn_are_refused(project: Any) -> None:
    project.program('aws.sns.Topic("news")\naws.sns.Topic("news")')
    with pytest.raises(
        DuplicateUrnError,
        match=rf"^{STACK}aws:sns/topic:Topic::news: declared twice; give one of the two another name or another parent",
    ):
        project.preview()


def test_config_reaches_the_program(project: Any) -> None:
    project.write("Pulumi.dev.yaml", "config: {names: [a, b], size: 3}")
    project.program("""
        config = pulumi.Config()
        for name in config.require_object("names"):
            aws.sns.Topic(name, display_name=f"{config.require_int('size')} in {pulumi.get_stack()}")
    """)
    project.up(config_overrides={"size": 4})
    assert [inputs["displayName"] for inputs in project.cloud.live.values()] == ["4 in dev", "4 in dev"]


def test_the_program_runs_in_its_own_directory_and_can_import_from_it(project: Any) -> None:
    project.write("shop_names.py", 'NAME = "from-module"')
    project.write("text.txt", "from-file")
    project.program('import shop_names\naws.sns.Topic("t", name=shop_names.NAME, display_name=open("text.txt").read())')
    project.up()
    assert project.cloud.live["from-module"]["displayName"] == "from-file"


def test_data_sources_are_answered_by_the_cloud(project: Any) -> None:
    token = "aws:index/getCallerIdentity:getCallerIdentity"
    asked: list[dict[str, Any]] = []

    def identity(args: dict[str, Any]) -> dict[str, Any]:
        asked.append(args)
        return {"accountId": "123456789012", "arn": "a", "userId": "u", "id": "i"}

    project.cloud.answers[token] = identity
    project.program("""
        pulumi.export("now", aws.get_caller_identity().account_id)
        pulumi.export("later", aws.get_caller_identity_output().account_id)
    """)
    assert project.up().outputs == {"now": "123456789012", "later": "123456789012"}
    assert asked == [{}] * 4


def test_a_data_source_that_fails_is_the_error_of_the_run(project: Any) -> None:
    def fail(args: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("no such parameter")

    project.cloud.answers["aws:ssm/getParameter:getParameter"] = fail
    project.program('aws.ssm.get_parameter(name="/x")')
    with pytest.raises(RuntimeError, match=r"^no such parameter$"):
        project.preview()


def test_default_tags_of_the_default_provider_are_merged_under_the_resources_own(project: Any, policies: Any) -> None:
    project.write("Pulumi.dev.yaml", "config: {aws:defaultTags: {tags: {Owner: team, Stage: dev}}}")
    project.program("""
        aws.sns.Topic("news", tags={"Owner": "ann"})
        aws.sns.Topic("bare")
        aws.sns.TopicPolicy("policy", arn="x", policy="{}")
    """)
    judged = previewed(project, policies)
    assert seen(judged, "news").properties["tagsAll"] == {"Owner": "ann", "Stage": "dev"}
    assert seen(judged, "bare").properties["tagsAll"] == {"Owner": "team", "Stage": "dev"}
    assert "tagsAll" not in seen(judged, "policy").properties
    provider = seen(judged, "news").provider
    assert provider is not None
    assert provider.type == "pulumi:providers:aws"
    assert provider.properties == {"region": "eu-west-1", "defaultTags": '{"tags":{"Owner":"team","Stage":"dev"}}'}


def test_default_tags_of_an_explicit_provider_win_and_reach_children(project: Any, policies: Any) -> None:
    project.write("Pulumi.dev.yaml", "config: {aws:defaultTags: {tags: {Owner: team}}}")
    project.program("""
        provider = aws.Provider("own", region="eu-west-1", default_tags={"tags": {"Project": "shop"}})
        parent = pulumi.ComponentResource("shop:index:Shop", "shop", None, pulumi.ResourceOptions(providers=[provider]))
        aws.sns.Topic("news", opts=pulumi.ResourceOptions(parent=parent))
    """)
    news = seen(previewed(project, policies), "news")
    assert news.properties["tagsAll"] == {"Project": "shop"}
    assert news.provider is not None
    assert news.provider.name == "own"


@pytest.mark.parametrize("disabled", ["[aws]", '["*"]'])
@pytest.mark.parametrize(
    ("program", "named"),
    [
        ('aws.sns.Topic("news")', f"{STACK}aws:sns/topic:Topic::news"),
        ("aws.get_caller_identity()", "aws:index/getCallerIdentity:getCallerIdentity"),
        ("aws.get_region_output().name.apply(print)", "aws:index/getRegion:getRegion"),
    ],
)
def test_what_names_no_provider_is_refused_where_the_default_one_is_disabled(
    project: Any, disabled: str, program: str, named: str
) -> None:
    project.write("Pulumi.dev.yaml", f"config: {{pulumi:disable-default-providers: {disabled}}}")
    project.program(program)
    with pytest.raises(DefaultProviderError) as refused:
        project.preview()
    assert str(refused.value).startswith(f"Default provider for 'aws' disabled. '{named}' must use an explicit")


def test_a_disabled_default_provider_leaves_named_ones_and_other_packages(project: Any, policies: Any) -> None:
    project.write("Pulumi.dev.yaml", "config: {pulumi:disable-default-providers: [docker]}")
    project.cloud.answers["aws:index/getRegion:getRegion"] = lambda args: {"name": "eu-west-1", "id": "eu-west-1"}
    project.program("""
        provider = aws.Provider("own", region="eu-west-1")
        aws.get_region(opts=pulumi.InvokeOptions(provider=provider))
        parent = pulumi.ComponentResource("shop:index:Shop", "shop", None, pulumi.ResourceOptions(providers=[provider]))
        aws.sns.Topic("news", opts=pulumi.ResourceOptions(parent=parent))
        aws.sns.Topic("top")
    """)
    providers = [seen(previewed(project, policies), name).provider for name in ("news", "top")]
    assert [provider.name.partition("_")[0] for provider in providers if provider] == ["own", "default"]


def test_a_generated_name_is_shown_to_the_policies(project: Any, policies: Any) -> None:
    project.program('aws.sns.Topic("news")')
    name = seen(previewed(project, policies), "news").properties["name"]
    assert name.startswith("news-") and len(name) == len("news-") + 4


def test_options_reach_the_policies(project: Any, policies: Any) -> None:
    project.program("""
        first = aws.sns.Topic("first")
        aws.sns.Topic("news", opts=pulumi.ResourceOptions(
            protect=True, depends_on=[first], ignore_changes=["display_name"], delete_before_replace=False,
            retain_on_delete=True, aliases=[pulumi.Alias(name="old")], replace_on_changes=["kms_master_key_id"],
            additional_secret_outputs=["display_name"], custom_timeouts=pulumi.CustomTimeouts(create="5m")))
    """)
    news = seen(previewed(project, policies), "news")
    assert news.options == {
        "protect": True,
        "ignoreChanges": ["displayName"],
        "deleteBeforeReplace": False,
        "retainOnDelete": True,
        "aliases": [f"{STACK}aws:sns/topic:Topic::old"],
        "replaceOnChanges": ["kmsMasterKeyId"],
        "additionalSecretOutputs": ["displayName"],
        "customTimeouts": {"create": "5m"},
    }
    assert news.dependencies == (f"{STACK}aws:sns/topic:Topic::first",)


def test_the_error_of_the_program_is_the_error_of_the_run(project: Any) -> None:
    project.program('aws.sns.Topic("news")\nraise pulumi.RunError("size: found 3; allowed: 1, 2")')
    with pytest.raises(pulumi.RunError, match=r"^size: found 3; allowed: 1, 2$"):
        project.up()
    assert project.cloud.live == {}


def test_an_error_in_an_apply_is_the_error_of_the_run(project: Any) -> None:
    project.program("""
        topic = aws.sns.Topic("news", name="news")
        aws.sns.Topic("next", display_name=topic.name.apply(lambda name: 1 / 0))
    """)
    with pytest.raises(ZeroDivisionError):
        project.preview()


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            'aws.sns.Topic.get("news", "id")',
            "Resource.get is not supported in the local run; use the type's data source",
        ),
        (
            'aws.sns.Topic("news", opts=pulumi.ResourceOptions(import_="id"))',
            "import_: nothing exists in the emulated cloud that could be imported; leave it out",
        ),
        (
            "pulumi.runtime.register_resource_transform(lambda args: None)",
            "transforms of a whole stack are run by the Pulumi engine only; name them in the resource's own options",
        ),
        (
            "pulumi.runtime.register_invoke_transform(lambda args: None)",
            "register_invoke_transform: not supported in the local run; change the call",
        ),
        (
            'aws.sns.Topic("n", opts=pulumi.ResourceOptions(hooks=pulumi.ResourceHookBinding('
            'after_delete=[pulumi.ResourceHook("h", lambda args: None)])))',
            "hooks.after_delete: run by the Pulumi engine only; before_create, after_create, before_update, "
            "after_update, on_error are run here too",
        ),
        (
            'first = aws.sns.Topic("n")\naws.sns.Topic("m", opts=pulumi.ResourceOptions(replace_with=[first]))',
            "replace_with: name the other resource's property in an input of this one instead",
        ),
        (
            'first = aws.sns.Topic("n")\naws.sns.Topic("m", opts=pulumi.ResourceOptions(deleted_with=first))',
            "deleted_with: everything is deleted here by itself; leave it out",
        ),
        (
            'pulumi.ComponentResource("eks:index:Cluster", "c", {}, None, remote=True)',
            "a remote component that the local run cannot expand; it knows awsx:ec2:Vpc, awsx:ecr:Repository",
        ),
    ],
)
def test_what_this_runtime_cannot_do_is_refused(project: Any, program: str, message: str) -> None:
    project.program(program)
    with pytest.raises(UnsupportedError) as refused:
        project.preview()
    assert str(refused.value).endswith(message)


def test_transformations_run_in_the_sdk(project: Any) -> None:
    project.program("""
        def louder(args):
            return pulumi.ResourceTransformationResult({**args.props, "display_name": "LOUD"}, args.opts)
        pulumi.runtime.register_stack_transformation(louder)
        aws.sns.Topic("news", name="news", display_name="quiet")
    """)
    project.up()
    assert project.cloud.live["news"]["displayName"] == "LOUD"
