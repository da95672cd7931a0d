"""Tagging and naming."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pulumi_policy import Severity

from ..finding import Findings
from ..levels import EVERYWHERE, FROM_STAGING, IN_PROD, NOWHERE
from ..reading import UNKNOWN, Prop, read
from ..remediation import Draft
from ..resource import Resource
from ..rule import Controls
from ..schema import expression, mapping, strings
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
    own = next((value for name, value in _entries(resource.prop("tags")) if name == key), None)
    return own or (resource.prop("tags") if resource.prop("tags").unknown else None)


def _default_tag(resource: Resource, key: str) -> Prop:
    return Prop(resource, "tags", _default_tags(resource)).entry(key)


def _default_tags(resource: Resource) -> Any:
    defaults = read(resource.provider, "defaultTags")
    if isinstance(defaults, str):
        defaults = json.loads(defaults)
    return UNKNOWN if defaults is UNKNOWN else read(defaults, "tags")


def _entries(tags: Prop) -> list[tuple[str, Prop]]:
    """Key and value of each tag; an Auto Scaling group has a list of objects in place of an object."""
    if isinstance(tags.raw, Mapping):
        return [(key, value) for key, value in tags.entries() if not value.missing]
    listed = [] if tags.unknown else tags.each()
    return [(tag.prop("key").text, tag.prop("value")) for tag in listed if not tag.prop("key").unknown]


def _tag_sources(resource: Resource) -> list[Prop]:
    """Where the tags of a resource stand: merged in `tagsAll`, or on the resource and in the provider's defaults."""
    merged = resource.prop("tagsAll")
    defaults = Prop(resource, "defaultTags", _default_tags(resource))
    return [merged] if isinstance(merged.raw, Mapping) else [resource.prop("tags"), defaults]


@THEME.policy(
    on=taggable(),
    gathered=True,
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
    gathered=True,
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
    gathered=True,
    mandatory=IN_PROD,
    severity=Severity.LOW,
    remedy="Use the cost centre's id as finance writes it.",
    url=_TAGS_URL,
    settings={"pattern": expression("Regular expression of a cost centre.", r"[A-Za-z0-9][A-Za-z0-9_-]{1,31}")},
)
def cost_center_tag_format(resource: Resource) -> Findings:
    """The CostCenter tag has the form that the bill is split by."""
    center = tag(resource, "CostCenter")
    if not center.missing:
        pattern = str(resource.config["pattern"])
        yield from center.must_match(pattern, f"a match of {pattern}")


@THEME.policy(
    on=taggable(),
    gathered=True,
    mandatory=EVERYWHERE,
    severity=Severity.MEDIUM,
    remedy="Write each key in one case and begin none with aws:, in the provider's default tags as on resources.",
    url="https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html",
)
def tag_keys_valid(resource: Resource) -> Findings:
    """Tag keys are distinct whatever their case, and none takes the prefix aws:.

    IAM refuses both, and so half of a stack would be there before the first role is refused; for the bill two spellings
    of one key are two keys.
    """
    alike: dict[str, set[str]] = {}
    for source in _tag_sources(resource):
        for key, _ in _entries(source):
            alike.setdefault(key.lower(), set()).add(key)
    for folded, keys in alike.items():
        written = " and ".join(sorted(keys))
        if len(keys) > 1:
            yield resource.violation(f"the tags {written} differ only in case")
        if folded.startswith("aws:"):
            yield resource.violation(f"the tag {written} begins with aws:, the prefix of AWS's own tags")
    for source in (*_tag_sources(resource), resource.prop("tagsAll")):
        if source.unknown:
            yield resource.undecided(source.path)
            return


@THEME.policy(
    on=tuple(_NAMES),
    mandatory=NOWHERE,
    severity=Severity.LOW,
    remedy="Name it <workload>-<stack>, an endpoint <workload>-<stack>-<endpoint>: runbooks and roles rely on it.",
    url="https://docs.aws.amazon.com/whitepapers/latest/tagging-best-practices/tagging-best-practices.html",
    settings={
        "pattern": expression(
            "Regular expression; {stack} stands for the stack's name.", "[a-z][a-z0-9-]*-{stack}(-[a-z][a-z0-9]*)?"
        )
    },
)
def resource_name_pattern(resource: Resource) -> Findings:
    """What people and scripts call by name is named after its workload and its stack."""
    path = next(path for short, path in _NAMES.items() if f":{short}:" in resource.type)
    pattern = str(resource.config["pattern"]).replace("{stack}", re.escape(resource.stack))
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
