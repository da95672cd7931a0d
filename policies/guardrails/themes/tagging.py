"""Tagging and naming."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING, IN_PROD, NOWHERE
from ..reading import UNKNOWN, Prop, read
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from ..schema import mapping, strings, text
from .theme import TAGGING as THEME

REQUIRED = ("Project", "Environment", "Owner", "CostCenter", "DataClassification", "ManagedBy")
_TABLE = Path(__file__).parents[1] / "data" / "taggable.json"
_TAGS_URL = "https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html"
_NAMES = {
    "sagemaker/endpoint": "name",
    "sagemaker/modelPackageGroup": "modelPackageGroupName",
    "sagemaker/pipeline": "pipelineName",
}


@cache
def taggable() -> tuple[str, ...]:
    """The type tokens that take tags; see `policies/tools/taggable.py`."""
    return tuple(json.loads(_TABLE.read_text(encoding="utf-8"))["types"])


def tag(resource: Resource, key: str) -> Prop:
    """One tag of a resource, the provider's default tags included.

    The provider's check merges them into `tagsAll`. Where there is no check (the SDK's mocks) they are read from the
    resource and from the provider, whose nested configuration is JSON text.
    """
    merged = resource.prop("tagsAll")
    if not merged.missing:
        return merged.entry(key) if not merged.unknown else _own_tag(resource, key) or merged
    return _own_tag(resource, key) or _default_tag(resource, key)


def _own_tag(resource: Resource, key: str) -> Prop | None:
    own = resource.prop("tags").entry(key)
    return None if own.missing else own


def _default_tag(resource: Resource, key: str) -> Prop:
    defaults = read(resource.provider, "defaultTags")
    if isinstance(defaults, str):
        defaults = json.loads(defaults)
    unknown = UNKNOWN in (defaults, read(defaults, "tags"))
    value: Any = UNKNOWN if unknown else read(cast(Mapping[str, Any], read(defaults, "tags")), key)
    return Prop(resource, f"tags.{key}", value)


@THEME.policy(
    on=taggable(),
    mandatory=FROM_STAGING,
    severity=Severity.MEDIUM,
    controls=Controls(fsbp="Glue.1"),
    remedy="Set the tag in the provider's default tags, or on the resource.",
    url=_TAGS_URL,
    settings={
        "tags": strings("Keys that every resource must carry.", REQUIRED),
        "values": mapping("Values that a remediation gives to missing tags, by key."),
    },
)
def required_tags(resource: Resource) -> Findings:
    """Every resource that takes tags says whose it is, what it is for and what data it holds."""
    for key in resource.config["tags"]:
        yield from tag(resource, key).must_be_set("set")


@required_tags.remediation
def _(draft: Draft) -> None:
    for key in draft.config["tags"]:
        if key in draft.config["values"] and tag(draft.resource, key).missing:
            draft.set(f"tags.{key}", draft.config["values"][key])
            if not draft.prop("tagsAll").missing:
                draft.set(f"tagsAll.{key}", draft.config["values"][key])


@THEME.policy(
    on=taggable(),
    mandatory=EVERYWHERE,
    severity=Severity.MEDIUM,
    remedy="Set the Environment tag to the stack's name.",
    url=_TAGS_URL,
)
def environment_tag_matches_stack(resource: Resource) -> Findings:
    """The Environment tag is the stack's name, so that cost and access by tag mean what they say."""
    environment = tag(resource, "Environment")
    if not environment.missing:
        yield from environment.must_be(resource.stack)


@environment_tag_matches_stack.remediation
def _(draft: Draft) -> None:
    for block in ("tags", "tagsAll"):
        if not draft.prop(f"{block}.Environment").missing:
            draft.set(f"{block}.Environment", draft.resource.stack)


@THEME.policy(
    on=taggable(),
    mandatory=IN_PROD,
    severity=Severity.LOW,
    remedy="Use the cost centre's id as finance writes it.",
    url=_TAGS_URL,
    settings={"pattern": text("Regular expression of a cost centre.", r"[A-Za-z0-9][A-Za-z0-9_-]{1,31}")},
)
def cost_center_tag_format(resource: Resource) -> Findings:
    """The CostCenter tag has the form that the bill is split by."""
    center = tag(resource, "CostCenter")
    if not center.missing:
        pattern = str(resource.config["pattern"])
        yield from center.must_match(pattern, f"a match of {pattern}")


@THEME.policy(
    on=tuple(_NAMES),
    mandatory=NOWHERE,
    severity=Severity.LOW,
    remedy="Name it <workload>-<stack>, which the runbooks and the permissions of the platform rely on.",
    url="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
    settings={"pattern": text("Regular expression; {stack} stands for the stack's name.", "[a-z0-9-]+-{stack}")},
)
def resource_name_pattern(resource: Resource) -> Findings:
    """What people and scripts call by name is named after its workload and its stack."""
    path = next(path for short, path in _NAMES.items() if f":{short}:" in resource.type)
    pattern = str(resource.config["pattern"]).replace("{stack}", resource.stack)
    yield from resource.prop(path).must_match(pattern, f"a match of {pattern}")


@THEME.policy(
    on="sagemaker/domain",
    mandatory=IN_PROD,
    severity=Severity.LOW,
    remedy="Set tag_propagation='ENABLED'.",
    url="https://docs.aws.amazon.com/sagemaker/latest/dg/sm-domain-tag-propagation.html",
)
def sagemaker_domain_tag_propagation(domain: Resource) -> Findings:
    """What people start in Studio carries the tags of the domain, and so its cost."""
    yield from domain.prop("tagPropagation").must_be("ENABLED")


@sagemaker_domain_tag_propagation.remediation
def _(draft: Draft) -> None:
    draft.set("tagPropagation", "ENABLED")
