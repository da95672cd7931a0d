"""Secrets, unknowns, assets and paths in property values."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pytest

from local import values
from local.values import UNKNOWN, secret

ASSET = {"4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17"}
ARCHIVE = {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7"}


def test_a_property_bag_survives_its_wire_form() -> None:
    bag = {"a": [1.0, True, {"b": "x"}], "s": secret("p"), "u": UNKNOWN}
    assert values.from_struct(values.to_struct(bag)) == bag


def test_null_properties_are_absent() -> None:
    assert values.from_struct(values.to_struct({"a": None, "b": 1})) == {"b": 1}


def test_plain_opens_secrets_and_gives_assets_as_objects() -> None:
    bag = {"s": [secret({"x": "p"})], "f": ASSET | {"path": "a.py"}, "t": ASSET | {"text": "hi"}}
    plain = values.plain(bag | {"z": ARCHIVE | {"assets": {"m.py": ASSET | {"text": "1"}}}})
    assert plain["s"] == [{"x": "p"}]
    assert isinstance(plain["f"], pulumi.FileAsset) and plain["f"].path == "a.py"
    assert isinstance(plain["t"], pulumi.StringAsset) and plain["t"].text == "hi"
    assert isinstance(plain["z"], pulumi.AssetArchive) and plain["z"].assets["m.py"].text == "1"


def test_plain_gives_a_reference_as_the_id_of_its_resource() -> None:
    assert values.plain(values.reference("urn:a", "vpc-1")) == "vpc-1"
    assert values.plain(values.reference("urn:a", "")) == UNKNOWN


def test_masked_hides_secrets_and_names_unknowns() -> None:
    bag = {"p": secret("hunter2"), "u": UNKNOWN, "n": 30.0, "f": 0.5, "r": values.reference("urn:a", "vpc-1")}
    assert values.masked(bag) == {"p": "[secret]", "u": "[unknown]", "n": 30, "f": 0.5, "r": "urn:a"}


def test_secrets_are_found_at_any_depth() -> None:
    assert values.has_secret({"a": [{"b": secret(1)}]}) and not values.has_secret({"a": ["x"]})
    assert values.unwrapped({"a": [secret({"b": secret(1)})]}) == {"a": [{"b": 1}]}


def test_an_archive_is_the_same_until_a_file_in_it_changes(tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "inner").mkdir(parents=True)
    (code / "a.py").write_text("1")
    (code / "inner" / "b.py").write_text("2")
    archive = ARCHIVE | {"path": "code"}
    before = values.hashed(archive, tmp_path)
    assert values.hashed(archive, tmp_path) == before
    (code / "inner" / "b.py").write_text("3")
    assert values.hashed(archive, tmp_path)["hash"] != before["hash"]
    (code / "inner" / "b.py").write_text("2")
    (code / "a.py").rename(code / "c.py")
    assert values.hashed(archive, tmp_path)["hash"] != before["hash"]


def test_a_missing_asset_and_a_remote_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.zip"):
        values.hashed({"code": ARCHIVE | {"path": "gone.zip"}}, tmp_path)
    with pytest.raises(ValueError, match=r"^asset 'https://x': a remote asset cannot be read in the local run"):
        values.hashed({"code": ARCHIVE | {"uri": "https://x"}}, tmp_path)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tags", ("tags",)),
        ("tags.Name", ("tags", "Name")),
        ("rules[0].id", ("rules", 0, "id")),
        ('tags["a.b"].c', ("tags", "a.b", "c")),
    ],
)
def test_property_paths_are_read_as_the_engine_reads_them(text: str, path: tuple[str | int, ...]) -> None:
    assert values.parse_path(text) == path


def test_a_path_that_does_not_close_is_refused() -> None:
    with pytest.raises(ValueError, match=r"""^property path 'tags\["a': '\["' is not closed by '"\]'$"""):
        values.parse_path('tags["a')


def test_a_part_of_a_value_is_replaced_or_removed_and_the_rest_kept() -> None:
    value = {"tags": {"a": "1", "b": "2"}, "rules": [{"id": "x"}, {"id": "y"}]}
    assert values.with_path(value, ("tags", "a"), None) == {"tags": {"b": "2"}, "rules": [{"id": "x"}, {"id": "y"}]}
    assert values.with_path(value, ("rules", 1, "id"), "z")["rules"] == [{"id": "x"}, {"id": "z"}]
    assert values.with_path({}, ("tags", "a"), "1") == {"tags": {"a": "1"}}
    assert value["tags"] == {"a": "1", "b": "2"}
    assert values.get_path(value, ("rules", 1, "id")) == "y"
    assert values.get_path(value, ("rules", 5, "id")) is None
