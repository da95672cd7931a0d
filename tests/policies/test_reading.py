"""Reading properties, known and unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pulumi_policy import proxy
from pulumi_policy.proxy import unknown_checking_proxy

from policies.guardrails.finding import Finding, Malformed, Undecided, independently
from policies.guardrails.reading import Prop, show
from policies.guardrails.resource import Resource

SENTINEL = proxy.UNKNOWN_STRING_VALUE
INPUTS: dict[str, Any] = {
    "name": "raw",
    "count": 3.0,
    "none": None,
    "later": SENTINEL,
    "rules": [{"id": "a", "days": 7.0}, {"id": SENTINEL}, SENTINEL],
    "block": {"on": True, "later": SENTINEL},
    "tags": {"a.b": "dotted"},
    "json": '{"a": [1]}',
    "broken": "{",
}


@pytest.fixture(params=[unknown_checking_proxy, lambda inputs: inputs], ids=["proxies", "plain"])
def resource(request: pytest.FixtureRequest) -> Resource:
    """A resource as Analyze shows it (proxies that raise) and as Remediate does (plain sentinels)."""
    return Resource(type="aws:s3/bucket:Bucket", name="raw", urn="urn:raw", inputs=request.param(INPUTS))


def problems(findings: list[Finding]) -> list[tuple[str, bool]]:
    return [(finding.problem, finding.undecided) for finding in findings]


def test_a_value_is_known_missing_or_unknown(resource: Resource) -> None:
    assert resource.prop("name").value == "raw"
    assert [resource.prop(path).missing for path in ("none", "absent", "block.absent", "name.below")] == [True] * 4
    assert resource.prop("later").unknown
    assert resource.prop("block.later").unknown
    below = resource.prop("later.below.it")
    assert (below.unknown, below.path) == (True, "later")


@pytest.mark.parametrize(
    "sentinel",
    [
        proxy.UNKNOWN_ARCHIVE_VALUE,
        proxy.UNKNOWN_ARRAY_VALUE,
        proxy.UNKNOWN_ASSET_VALUE,
        proxy.UNKNOWN_BOOLEAN_VALUE,
        proxy.UNKNOWN_NUMBER_VALUE,
        proxy.UNKNOWN_OBJECT_VALUE,
        proxy.UNKNOWN_STRING_VALUE,
    ],
)
def test_every_sentinel_of_the_engine_is_unknown(sentinel: str) -> None:
    assert Resource(type="t", name="n", urn="u", inputs={"x": sentinel}).prop("x").unknown


def test_the_value_of_an_unknown_stops_the_check_as_undecided(resource: Resource) -> None:
    with pytest.raises(Undecided) as waiting:
        _ = resource.prop("block.later").value
    assert waiting.value.finding == Finding(
        subject="s3/bucket 'raw'", urn="urn:raw", problem="block.later is not known yet", undecided=True
    )


def test_a_path_with_brackets_names_every_item(resource: Resource) -> None:
    ids = resource.props("rules[].id")
    assert [(prop.path, prop.raw if not prop.unknown else "?") for prop in ids] == [
        ("rules[0].id", "a"),
        ("rules[1].id", "?"),
        ("rules[2]", "?"),
    ]
    assert resource.props("absent[].id") == []
    assert [prop.path for prop in resource.props("later[].id")] == ["later[]"]
    # The provider flattens a block that may occur once: an object is a list of one.
    assert [prop.path for prop in resource.props("block[].on")] == ["block.on"]


def test_a_key_may_hold_a_dot(resource: Resource) -> None:
    assert resource.prop("tags").entry("a.b").value == "dotted"
    assert [(key, prop.value) for key, prop in resource.prop("tags").entries()] == [("a.b", "dotted")]


JUDGEMENTS: list[tuple[str, Callable[[Prop], list[Finding]], list[str]]] = [
    ("name", lambda prop: prop.must_be("raw", "cooked"), []),
    ("name", lambda prop: prop.must_be("cooked"), ['name is "raw"; it must be "cooked"']),
    ("absent", lambda prop: prop.must_be(True, when_missing=True), []),
    ("absent", lambda prop: prop.must_be(True), ["absent is not set; it must be true"]),
    ("absent", lambda prop: prop.must_be("a", None), []),
    ("name", lambda prop: prop.must_be("a", None), ['name is "raw"; it must be "a" or left out']),
    ("name", lambda prop: prop.must_be_set("a name"), []),
    ("none", lambda prop: prop.must_be_set("a name"), ["none is not set; it must be a name"]),
    ("count", lambda prop: prop.must_be_at_least(3, "days"), []),
    ("count", lambda prop: prop.must_be_at_least(4, "days"), ["count is 3; it must be at least 4 days"]),
    ("absent", lambda prop: prop.must_be_at_least(1), ["absent is not set; it must be at least 1"]),
    ("count", lambda prop: prop.must_be_at_most(2), ["count is 3; it must be at most 2"]),
    ("name", lambda prop: prop.must_match("[a-z]+", "lower case"), []),
    ("name", lambda prop: prop.must_match("[a-z]", "one letter"), ['name is "raw"; it must be one letter']),
    ("count", lambda prop: prop.must_match(".*", "text"), ["count is 3; it must be text"]),
]


@pytest.mark.parametrize(("path", "judge", "said"), JUDGEMENTS)
def test_judgements(resource: Resource, path: str, judge: Callable[[Prop], list[Finding]], said: list[str]) -> None:
    assert [finding.problem for finding in judge(resource.prop(path))] == said
    assert problems(judge(resource.prop("later"))) == [("later is not known yet", True)]


def test_findings_under_a_condition(resource: Resource) -> None:
    wrong = [resource.violation("wrong")]
    assert resource.prop("name").when(lambda name: name == "raw", wrong) == wrong
    assert resource.prop("name").when(lambda name: name == "else", wrong) == []
    assert problems(resource.prop("later").when(lambda _: True, wrong)) == [("later is not known yet", True)]
    assert resource.prop("later").when(lambda _: True, []) == []
    assert resource.prop("absent").when_unset(wrong) == wrong
    assert resource.prop("name").when_unset(wrong) == []


def test_json_is_parsed_and_a_fault_in_it_is_a_violation(resource: Resource) -> None:
    assert resource.prop("json").parsed() == {"a": [1]}
    assert resource.prop("absent").parsed() is None
    with pytest.raises(Malformed) as broken:
        resource.prop("broken").parsed()
    assert broken.value.finding.problem.startswith("broken is no JSON: Expecting property name")
    assert not broken.value.finding.undecided


def test_one_check_that_cannot_be_decided_does_not_end_the_others(resource: Resource) -> None:
    def stops() -> Any:
        yield resource.violation("before")
        _ = resource.prop("later").value
        yield resource.violation("never reached")

    found = independently(stops(), [resource.violation("other")])
    assert [finding.problem for finding in found] == ["before", "later is not known yet", "other"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "not set"),
        (True, "true"),
        (30.0, "30"),
        (0.5, "0.5"),
        ("a", '"a"'),
        ("x" * 130, '"' + "x" * 120 + '..."'),
        ([1, 2], "a list of 2"),
        ({"a": 1}, "an object of 1"),
    ],
)
def test_values_as_messages_show_them(value: object, text: str) -> None:
    assert show(value) == text
