"""A new stack from another one's file."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.operations.errors import RefusedError
from automation.stacks import environments
from automation.stacks.places import Place
from contracts.names import NamesError
from tests.automation.stacks.conftest import ROOT, Engine


def config(project: Path, stack: str) -> dict[str, Any]:
    return yaml.safe_load((project / f"Pulumi.{stack}.yaml").read_text())["config"]


def test_a_third_environment_differs_in_its_name_and_range_only(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environments, "subprocess", subprocess)  # once as it is: a process of its own
    path = environments.write("qa", "staging", engine.project)
    before, after = config(engine.project, "staging"), config(engine.project, "qa")
    assert (path.name, after["ml-platform:stack"]) == ("Pulumi.qa.yaml", "qa")
    assert after["ml-platform:network"]["create"]["cidr"] == "10.0.0.0/16"  # staging has 10.20, prod 10.40
    before["ml-platform:stack"], before["ml-platform:network"]["create"]["cidr"] = "qa", "10.0.0.0/16"
    assert after == before
    levels = engine.project / "policies" / "config"
    assert (levels / "qa.json").read_text() == (levels / "staging.json").read_text()
    assert path.read_text().startswith("# yaml-language-server: $schema=settings/stack.schema.json\n")


def test_what_is_given_stands_in_the_file_and_secrets_of_the_template_do_not(engine: Engine) -> None:
    template = engine.project / "Pulumi.staging.yaml"
    template.write_text(template.read_text() + "encryptionsalt: v1:abc\nsecretsprovider: passphrase\n")
    at = Place(region="eu-central-1")
    environments.write("eu-2", "staging", engine.project, at=at, cidr="10.60.0.0/16", protect=True)
    written = yaml.safe_load((engine.project / "Pulumi.eu-2.yaml").read_text())
    assert [*written] == ["config"]
    found = written["config"]
    assert (found["aws:region"], found["ml-platform:protect"]) == ("eu-central-1", True)
    assert found["ml-platform:network"]["create"]["cidr"] == "10.60.0.0/16"


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (
            {"create": {"cidr": "banana"}},
            "Pulumi.odd.yaml: ml-platform:network.create.cidr: found 'banana'; allowed: a range ",
        ),
        ({"create": "banana"}, "Pulumi.odd.yaml: ml-platform:network: found 'banana'; allowed: a mapping of `create`"),
        ("banana", "Pulumi.odd.yaml: ml-platform:network: found 'banana'; allowed: a mapping of `create`"),
    ],
)
def test_a_stack_whose_range_cannot_be_read_is_named_and_nothing_written(
    engine: Engine, network: Any, told: str
) -> None:
    (engine.project / "Pulumi.odd.yaml").write_text(yaml.safe_dump({"config": {"ml-platform:network": network}}))
    with pytest.raises(RefusedError) as caught:
        environments.write("qa", "staging", engine.project)
    assert str(caught.value).startswith(told)
    assert not (engine.project / "Pulumi.qa.yaml").exists()


def test_a_free_range_has_the_templates_size_and_overlaps_none(engine: Engine) -> None:
    small = config(ROOT, "staging") | {"ml-platform:network": {"create": {"cidr": "10.0.0.0/20", "zones": 2}}}
    (engine.project / "Pulumi.small.yaml").write_text(yaml.safe_dump({"config": small}))
    environments.write("qa", "small", engine.project)
    environments.write("dev", "staging", engine.project)
    found = environments.ranges(engine.project)
    assert {stack: str(network) for stack, network in found.items()} == {
        "dev": "10.1.0.0/16",
        "prod": "10.40.0.0/16",
        "qa": "10.0.16.0/20",
        "small": "10.0.0.0/20",
        "staging": "10.20.0.0/16",
    }


@pytest.mark.parametrize(
    ("stack", "given", "message"),
    [
        ("prod", {}, "--stack: found 'prod', whose Pulumi.prod.yaml is there already; allowed: a new name"),
        ("prod-eu", {}, "--stack: found 'prod-eu' beside stack 'prod', and in one account the roles of one could act "),
        ("qa", {"cidr": "10.20.128.0/17"}, "--cidr: found 10.20.128.0/17; stack staging has 10.20.0.0/16; allowed: "),
        ("qa", {"cidr": "10.60.0.1/16"}, "--cidr: found '10.60.0.1/16'; allowed: a range such as 10.60.0.0/16 ("),
        ("qa", {"cidr": "10.60.0.0/30"}, "the config of stack qa (Pulumi.qa.yaml) has faults:\n  ml-platform:network"),
    ],
)
def test_what_cannot_be_is_refused_with_nothing_written(
    engine: Engine, stack: str, given: dict[str, Any], message: str
) -> None:
    before = sorted(engine.project.rglob("*"))
    with pytest.raises(RefusedError) as caught:
        environments.write(stack, "staging", engine.project, **given)
    assert str(caught.value).startswith(message)
    assert sorted(engine.project.rglob("*")) == before


def test_a_name_that_nothing_may_have_and_a_template_that_is_none_are_refused(engine: Engine) -> None:
    with pytest.raises(NamesError, match=r"^stack: found 'QA'; allowed: up to "):
        environments.write("QA", "staging", engine.project)
    with pytest.raises(RefusedError, match=r"^--template: found 'stagign'; allowed: prod, staging$"):
        environments.write("qa", "stagign", engine.project)


def test_a_template_in_an_existing_network_has_no_range(engine: Engine) -> None:
    existing = config(ROOT, "staging")
    existing["ml-platform:network"] = {"existing": {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-1"]}}
    (engine.project / "Pulumi.lent.yaml").write_text(yaml.safe_dump({"config": existing}))
    with pytest.raises(RefusedError, match=r"^--cidr: the template's network makes no VPC; "):
        environments.write("qa", "lent", engine.project, cidr="10.60.0.0/16")


def test_what_is_the_templates_accounts_own_is_named(engine: Engine) -> None:
    template = engine.project / "Pulumi.staging.yaml"
    own = """\
  aws:allowedAccountIds: ["111122223333"]
  ml-platform:registry: {readers: ["arn:aws:iam::210987654321:role/deployer"]}
  ml-platform:lake: {access_log_bucket: logs-of-the-account}
"""
    template.write_text(template.read_text() + own)
    environments.write("qa", "staging", engine.project)
    assert environments.to_look_at("qa", "staging", engine.project) == [
        "aws:allowedAccountIds",
        "ml-platform:lake.access_log_bucket",
        "ml-platform:registry",
    ]
    at = Place(role="arn:aws:iam::444455556666:role/deployer")
    environments.write("dev", "staging", engine.project, at=at)
    found = config(engine.project, "dev")
    assert (found["aws:assumeRoles"], found["aws:allowedAccountIds"]) == (
        [{"roleArn": "arn:aws:iam::444455556666:role/deployer"}],
        ["444455556666"],
    )
    assert "aws:allowedAccountIds" not in environments.to_look_at("dev", "staging", engine.project)


def test_the_file_is_written_as_the_cli_writes_it(engine: Engine) -> None:
    at = Place(
        backend="https://api.pulumi.com",
        secrets_provider="awskms://alias/state?region=eu-west-1",
        environments=("ml/base", "ml/qa@stable"),
    )
    path = environments.write("qa", "staging", engine.project, at=at)
    written = yaml.safe_load(path.read_text())
    assert [*written] == ["secretsprovider", "config", "environment"]
    assert written["secretsprovider"] == "awskms://alias/state?region=eu-west-1"
    assert written["environment"] == ["ml/base", "ml/qa@stable"]
    assert written["config"]["ml-platform:backend"] == "https://api.pulumi.com"
    inherited = environments.write("dev", "qa", engine.project, at=Place(secrets_provider="default"))
    written = yaml.safe_load(inherited.read_text())
    assert [*written] == ["config", "environment"]
    assert written["config"]["ml-platform:backend"] == "https://api.pulumi.com"


def test_the_bucket_that_roles_of_delivery_read_goes_with_the_backend(engine: Engine) -> None:
    template = engine.project / "Pulumi.staging.yaml"
    delivery = {"github": {"repository": "example/ml-platform"}, "state_bucket": "states"}
    text = template.read_text() + f"  ml-platform:delivery: {json.dumps(delivery)}\n"
    template.write_text(f"{text}  ml-platform:backend: s3://states\n")
    environments.write("qa", "staging", engine.project, at=Place(backend="s3://states-of-qa?region=eu-west-1"))
    found = config(engine.project, "qa")["ml-platform:delivery"]
    assert found == {**delivery, "state_bucket": "states-of-qa"}
    template.write_text(f"{text}  ml-platform:backend: s3://others\n")
    with pytest.raises(RefusedError) as caught:
        environments.write("dev", "staging", engine.project)
    assert str(caught.value).splitlines()[1] == (
        '  ml-platform:delivery.state_bucket: found "states"; allowed: the bucket of backend s3://others; the roles of '
        "delivery read the state there: name the backend's bucket, or drop one of the two"
    )


@pytest.mark.parametrize(
    ("at", "message"),
    [
        (
            Place(secrets_provider="kms"),
            "--secrets-provider: found 'kms'; allowed: awskms://alias/<key>?region=<region> or a key of another "
            "cloud, passphrase, default",
        ),
        (
            Place(region="moon-1", role="arn:aws:iam::12:role/x", secrets_provider="kms", environments=("a b",)),
            "--region: found 'moon-1'; allowed: a region of AWS, such as eu-west-1; correct its name\n"
            "--role: found 'arn:aws:iam::12:role/x'; allowed: the ARN of a role, such as "
            "arn:aws:iam::210987654321:role/deployer\n"
            "--secrets-provider: found 'kms'; allowed: awskms://alias/<key>?region=<region> or a key of another "
            "cloud, passphrase, default\n"
            "--environment: found 'a b'; allowed: <project>/<environment> of Pulumi ESC",
        ),
        (Place(environments=("a b",)), "--environment: found 'a b'; allowed: <project>/<environment> of Pulumi ESC"),
        (
            Place(environments=("ml/qa",), backend="s3://states"),
            "--environment: found ['ml/qa'] with backend s3://states, which keeps no environments of Pulumi ESC; "
            "allowed: with Pulumi Cloud (--backend https://api.pulumi.com)",
        ),
        (
            Place(role="deployer"),
            "--role: found 'deployer'; allowed: the ARN of a role, such as arn:aws:iam::210987654321:role/deployer",
        ),
        (Place(backend="states"), "the config of stack qa (Pulumi.qa.yaml) has faults:\n  ml-platform:backend: found "),
        (Place(region="mars-1"), "--region: found 'mars-1'; allowed: a region of AWS, such as eu-west-1; correct "),
    ],
)
def test_a_place_that_cannot_be_is_refused_with_nothing_written(engine: Engine, at: Place, message: str) -> None:
    before = sorted(engine.project.rglob("*"))
    with pytest.raises(RefusedError) as caught:
        environments.write("qa", "staging", engine.project, at=at)
    assert str(caught.value).startswith(message)
    assert sorted(engine.project.rglob("*")) == before
