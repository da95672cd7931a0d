"""Property values as the engine passes them.

A value is plain JSON (dict, list, str, float, bool, None) in which secrets, assets and resource references are small
dicts that carry Pulumi's signature key (sdk/python/lib/pulumi/runtime/rpc.py), and what is not known yet is the
`UNKNOWN` string. In this form a value can be compared, written to the state file and sent back to the SDK; the
functions below lead out of it: `plain` for what calls AWS, `masked` for what people and files see.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pulumi
from google.protobuf import struct_pb2
from pulumi.runtime import rpc

UNKNOWN = rpc.UNKNOWN
MASK = "[secret]"
UNKNOWN_LABEL = "[unknown]"

_SIGNATURE = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature that marks secrets
_ASSET = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"

Value = Any
Properties = dict[str, Any]


def from_struct(struct: struct_pb2.Struct) -> Properties:
    """Read a property bag from its wire form; null properties are dropped, as the engine treats them as absent."""
    return {key: value for key, field in struct.fields.items() if (value := _from_field(field)) is not None}


def to_struct(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """Write a property bag to its wire form; the inverse of `from_struct`."""
    struct = struct_pb2.Struct()
    struct.update(properties)
    return struct


def secret(value: Value) -> Value:
    """Mark a value as secret; one that is marked already stays as it is."""
    return value if signature(value) == _SECRET else {_SIGNATURE: _SECRET, "value": value}


def reference(urn: str, resource_id: str) -> Value:
    """A reference to a custom resource; an empty id means that it is not known yet."""
    return {_SIGNATURE: _RESOURCE, "urn": urn, "id": resource_id}


def signature(value: Value) -> str | None:
    """The signature of a special value, None for ordinary data."""
    return cast("str | None", value.get(_SIGNATURE)) if isinstance(value, dict) else None


def has_secret(value: Value) -> bool:
    """Whether anything inside is marked as secret."""
    if signature(value) == _SECRET:
        return True
    return any(has_secret(child) for child in _children(value))


def plain(value: Value) -> Any:
    """What a provider gets: secrets opened, assets as `pulumi.Asset` and `pulumi.Archive`, references as ids."""
    match signature(value):
        case str() as found if found == _SECRET:
            return plain(value["value"])
        case str() as found if found == _RESOURCE:
            return (value["id"] or UNKNOWN) if "id" in value else value["urn"]
        case str() as found if found == _ASSET:
            return pulumi.StringAsset(value["text"]) if "text" in value else pulumi.FileAsset(value["path"])
        case str() as found if found == _ARCHIVE:
            return (
                pulumi.AssetArchive(plain(value["assets"])) if "assets" in value else pulumi.FileArchive(value["path"])
            )
        case _:
            return _rebuild(value, plain)


def unwrapped(value: Value) -> Value:
    """The same value with secrets opened and everything else in place: what the engine shows to policies."""
    return unwrapped(value["value"]) if signature(value) == _SECRET else _rebuild(value, unwrapped)


def masked(value: Value) -> Any:
    """What people and files see: secrets and unknowns by name only, assets by their hash, whole numbers as integers."""
    found = signature(value)
    if found == _SECRET:
        return MASK
    if found == _RESOURCE:
        return value["urn"]
    if found in (_ASSET, _ARCHIVE):
        return {"asset" if found == _ASSET else "archive": value["hash"]}
    if value == UNKNOWN:
        return UNKNOWN_LABEL
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _rebuild(value, masked)


def hashed(value: Value, root: Path) -> Value:
    """Give every asset the SHA-256 of its content, so that a change of a file's content is a change of the input.

    One that has a hash already, as an input whose changes are ignored, keeps it.

    Relative paths are relative to `root`. Raises FileNotFoundError for an asset that does not exist and ValueError
    for a remote asset, which cannot be hashed without a network.
    """
    if signature(value) in (_ASSET, _ARCHIVE):
        return value if "hash" in value else value | {"hash": _digest(value, root)}
    return _rebuild(value, lambda child: hashed(child, root))


def get_path(value: Value, path: tuple[str | int, ...]) -> Value:
    """The value at a property path; None where the path does not exist."""
    for key in path:
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def with_path(value: Value, path: tuple[str | int, ...], new: Value) -> Value:
    """A copy of a value with the part at a property path replaced, or removed where `new` is None."""
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(value, list) and isinstance(key, int):
        items = [with_path(item, rest, new) if index == key else item for index, item in enumerate(value)]
        return [item for item in items if item is not None]
    if not isinstance(value, dict):
        return value
    inner = with_path(value.get(str(key), {} if rest else None), rest, new)
    others = {name: item for name, item in value.items() if name != key}
    return others if inner is None else others | {str(key): inner}


def parse_path(text: str) -> tuple[str | int, ...]:
    """A property path as the engine reads it: `tags.Name`, `rules[0].id`, `tags["a.b"]`."""
    parts: list[str | int] = []
    rest = text
    while rest:
        if rest.startswith('["'):
            name, found, rest = rest[2:].partition('"]')
            if not found:
                raise ValueError(f"property path {text!r}: '[\"' is not closed by '\"]'")
            parts.append(name)
        elif rest.startswith("["):
            index, _, rest = rest[1:].partition("]")
            parts.append(index if index == "*" else int(index))
        else:
            rest = rest.removeprefix(".")
            end = min((at for at in (rest.find("."), rest.find("[")) if at >= 0), default=len(rest))
            parts.append(rest[:end])
            rest = rest[end:]
    return tuple(parts)


def _from_field(field: struct_pb2.Value) -> Value:
    match field.WhichOneof("kind"):
        case "struct_value":
            return {key: _from_field(inner) for key, inner in field.struct_value.fields.items()}
        case "list_value":
            return [_from_field(inner) for inner in field.list_value.values]
        case "string_value":
            return field.string_value
        case "number_value":
            return field.number_value
        case "bool_value":
            return field.bool_value
        case _:
            return None


def _children(value: Value) -> Iterator[Value]:
    if isinstance(value, dict):
        yield from cast("dict[str, Value]", value).values()
    elif isinstance(value, list):
        yield from value


def _rebuild(value: Value, convert: Callable[[Value], Any]) -> Any:
    if isinstance(value, dict):
        return {key: convert(item) for key, item in value.items()}
    if isinstance(value, list):
        return [convert(item) for item in value]
    return value


def _digest(asset: Properties, root: Path) -> str:
    content = hashlib.sha256()
    if "assets" in asset:
        for name in sorted(asset["assets"]):
            content.update(f"{name}\0{_digest(asset['assets'][name], root)}\0".encode())
    elif "text" in asset:
        content.update(asset["text"].encode())
    elif "path" in asset:
        path = root / asset["path"]
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if not file.is_dir():
                content.update(file.relative_to(path).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    else:
        raise ValueError(
            f"asset {asset.get('uri')!r}: a remote asset cannot be read in the local run; use a local path or text"
        )
    return content.hexdigest()
