"""Config as the CLI would give it, and every fault of it at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from local.runtime import ConfigError
from local.runtime.config import load_project, stack_config, stack_names

PROJECT = """
name: shop
main: .
config:
  size: {type: integer, default: 2}
  live: {type: boolean, default: true}
  zones: {type: array, items: {type: string}, default: [a]}
  network: {type: object, default: {}}
  owner: {type: string}
  plain: 5
  aws:region: {value: eu-west-1}
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {shop:owner: ann}")
    return tmp_path


def config(directory: Path, stack: str = "dev", **overrides: object) -> dict[str, str]:
    return stack_config(load_project(directory), stack, overrides)


def faults(directory: Path, stack: str = "dev", **overrides: object) -> list[str]:
    with pytest.raises(ConfigError) as refused:
        config(directory, stack, **overrides)
    return [fault.replace(f"{directory}/", "") for fault in refused.value.faults]


def test_defaults_and_fixed_values_come_from_the_project_file(directory: Path) -> None:
    assert config(directory) == {
        "aws:region": "eu-west-1",
        "shop:live": "true",
        "shop:network": "{}",
        "shop:owner": "ann",
        "shop:plain": "5",
        "shop:size": "2",
        "shop:zones": '["a"]',
    }


def test_the_stack_file_wins_over_defaults_and_overrides_win_over_both(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_text(
        "config: {owner: ann, shop:size: 3, live: false, aws:region: eu-north-1}"
    )
    found = config(directory, size=4)
    assert (found["shop:size"], found["shop:live"], found["aws:region"]) == ("4", "false", "eu-north-1")


def test_objects_and_lists_are_compact_json_with_sorted_keys(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_text("config: {owner: ann, network: {nat: {b: 1, a: [x]}}, zones: [a, b]}")
    found = config(directory)
    assert found["shop:network"] == '{"nat":{"a":["x"],"b":1}}'
    assert found["shop:zones"] == '["a","b"]'


def test_a_date_is_the_text_that_the_engine_makes_of_it(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_text(
        "config: {owner: ann, since: 2027-01-01, network: {a: 2027-01-01T08:30:00+02:00}}"
    )
    found = config(directory)
    assert found["shop:since"] == "2027-01-01 00:00:00 +0000 UTC"
    assert found["shop:network"] == '{"a":"2027-01-01 06:30:00 +0000 UTC"}'


def test_an_unknown_stack_is_refused_with_the_stacks_there_are(directory: Path) -> None:
    (directory / "Pulumi.prod.yaml").touch()
    assert stack_names(load_project(directory)) == ["dev", "prod"]
    assert faults(directory, "test") == [
        "stack 'test' is not known; stacks of this project: dev, prod (add one as Pulumi.test.yaml)"
    ]


def test_every_type_error_is_named_at_once(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_text("config: {owner: [ann], size: two, live: 1, zones: [1, {}], network: x}")
    assert faults(directory) == [
        "Pulumi.dev.yaml: shop:size: expected integer, found str 'two'",
        "Pulumi.dev.yaml: shop:live: expected boolean, found int 1",
        "Pulumi.dev.yaml: shop:zones: [1]: expected string, found dict {}",
        "Pulumi.dev.yaml: shop:network: expected object, found str 'x'",
        "Pulumi.dev.yaml: shop:owner: expected string, found list ['ann']",
    ]


def test_what_the_program_finds_is_told_with_the_rest_and_a_key_once(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_text("config: {owner: [ann], size: two, live: 1, sizes: 4, aws:region: x}")
    asked: list[dict[str, str]] = []

    def judge(values: Mapping[str, str]) -> list[str]:
        asked.append(dict(values))
        return ["  shop:size: found two; allowed: 1 to 9", "  shop:live.deep: found 1", "  shop:sizes: no such key"]

    with pytest.raises(ConfigError) as refused:
        stack_config(load_project(directory), "dev", judge=judge)
    assert [fault.replace(f"{directory}/", "") for fault in refused.value.faults] == [
        "Pulumi.dev.yaml: shop:owner: expected string, found list ['ann']",
        "shop:size: found two; allowed: 1 to 9",
        "shop:live.deep: found 1",
        "shop:sizes: no such key",
    ]
    assert (asked[0]["shop:size"], asked[0]["shop:owner"], asked[0]["aws:region"]) == ("two", '["ann"]', "x")


@pytest.mark.parametrize("value", ["7", -7, "-7"])
def test_an_integer_may_be_written_as_text(directory: Path, value: object) -> None:
    assert config(directory, size=value)["shop:size"] == str(value)


def test_a_boolean_is_not_an_integer(directory: Path) -> None:
    assert faults(directory, size=True) == ["Pulumi.dev.yaml: shop:size: expected integer, found bool True"]


def test_a_declared_value_without_default_must_be_there(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_text("")
    assert faults(directory) == [
        "Pulumi.dev.yaml: shop:owner: missing; Pulumi.yaml declares it as string without a default"
    ]


def test_an_encrypted_value_is_refused_and_an_override_stands_in(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_text("config: {owner: {secure: 'v1:abc'}}")
    assert faults(directory) == [
        "Pulumi.dev.yaml: shop:owner: is encrypted, and the local run has no key; give it as an override"
    ]
    assert config(directory, owner="ann")["shop:owner"] == "ann"


def test_a_stack_file_with_an_unknown_key_is_refused(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_text("configs: {owner: ann}\nconfig: {owner: ann}")
    assert faults(directory) == ["Pulumi.dev.yaml: configs: not a key of a stack file"]


def test_a_schema_with_an_unknown_type_is_refused(directory: Path) -> None:
    (directory / "Pulumi.yaml").write_text("name: shop\nconfig: {size: {type: number, default: 1}}")
    assert faults(directory) == [
        "Pulumi.yaml: shop:size: type: found 'number'; allowed: string, integer, boolean, array, object"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("runtime: python", "Pulumi.yaml: name: found None; write the project's name"),
        ("name: shop\nconfig: [size]", "Pulumi.yaml: config: found list; write a mapping of config keys"),
        ("- name", "Pulumi.yaml: found list; write a mapping"),
    ],
)
def test_a_project_file_that_cannot_be_used_is_refused(directory: Path, text: str, fault: str) -> None:
    (directory / "Pulumi.yaml").write_text(text)
    assert faults(directory) == [fault]


def test_a_missing_project_file_is_refused(tmp_path: Path) -> None:
    assert faults(tmp_path) == ["Pulumi.yaml: not found; the local run needs the project's own files"]


def test_a_file_that_is_not_yaml_is_refused(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_text("config: {")
    assert faults(directory)[0].startswith("Pulumi.dev.yaml: not YAML: ")


def test_a_file_that_is_not_utf_8_is_refused(directory: Path) -> None:
    (directory / "Pulumi.dev.yaml").write_bytes("owner: Jürgen".encode("latin-1"))
    assert faults(directory) == ["Pulumi.dev.yaml: not UTF-8 (invalid start byte at byte 8); save it as UTF-8"]
