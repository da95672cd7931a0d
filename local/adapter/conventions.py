"""What a table leaves out, as botocore's model of the service and the SDK's of the provider tell it.

A type is created by `CreateX` and changed by `UpdateX`, or both by `PutX`, `SetX` or `RegisterX`; it is deleted by
`DeleteX` or `DeregisterX` and read, where its outputs are read back, by `DescribeX` or `GetX`. X is its noun.

What such a call asks for beside its settings names the resource: the input that goes to the member of that name when
the resource is made, else its id. An input that no update takes makes a new resource, as do those that name it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from local.adapter import provider
from local.adapter.matching import descend, find_member, spellings
from local.adapter.table import (
    ABSENT,
    CONVENTION,
    EVERYTHING,
    ID,
    Autoname,
    Call,
    ForEach,
    ResourceType,
    Scope,
    Source,
    Step,
    Tagging,
    To,
    live,
    response,
    text,
    value,
)
from shapes.models import Shape, operation_model, service_model

#: Inputs that the adapter itself carries out for every type.
GENERIC_INPUTS = frozenset({"region", "tags", "tagsAll"})
_PUTS = ("Put{}", "Set{}", "Register{}")
_UNTAGS = {"AddTags": "DeleteTags", "CreateTags": "DeleteTags"}
_LONGEST_NAME = 255


def completed(kind: ResourceType) -> ResourceType:
    """The type with all that its table leaves out.

    Raises TypeError for what the models do not tell; the table must say it.
    """
    if kind.noun is CONVENTION:
        kind = replace(kind, noun=kind.type.rpartition(":")[2])
    if kind.create is CONVENTION:
        kind = replace(kind, create=(Call(_operation(kind, "create", "Create{}", *_PUTS)),))
    kind = replace(kind, fields={**_fields(kind, kind.create[0], kind.inside), **kind.fields})
    kind = _with_autoname(kind)
    kind = replace(kind, update=_update(kind))
    if kind.delete is CONVENTION:
        kind = replace(kind, delete=(Call(_operation(kind, "delete", "Delete{}", "Deregister{}")),))
    if kind.replace is CONVENTION:
        kind = replace(kind, replace=_replace(kind))
    kind = _with_arn(_with_id(kind))
    if kind.tags is CONVENTION:
        kind = replace(kind, tags=_tags(kind))
    return replace(
        kind,
        create=(kind.create[0], *_named(kind, kind.create[1:])),
        update=tuple(_named(kind, kind.update)),
        delete=tuple(_named(kind, kind.delete, more=True)),
        read=tuple(_named(kind, _read(kind), more=True)),
    )


def _operation(kind: ResourceType, part: str, *forms: str) -> str:
    known: Any = service_model(kind.service)
    names = [form.format(kind.noun) for form in forms]
    for name in names:
        if name in known.operation_names:
            return name
    raise TypeError(f"{kind.type}: {kind.service} has no {' or '.join(names)}; say `{part}` or `noun` in its table")


def _shape(kind: ResourceType, operation: str) -> Shape:
    return operation_model(kind.service, operation).input_shape


def _own(kind: ResourceType) -> list[str]:
    """The inputs that reach the API by a call of the table."""
    left_out = {*GENERIC_INPUTS, *kind.provider_only, *kind.refused}
    return [key for key in provider.inputs_of(kind.type) if key not in left_out]


def _fields(kind: ResourceType, call: Step, inside: str) -> dict[str, str]:
    """`name` is the API's `RoleName`, and an input that is no member of the call is one of what is `inside` it."""
    if not isinstance(call, Call):
        return {}
    shape = _shape(kind, call.operation)
    places = {"": shape, f"{inside}.": descend(shape, inside)} if inside else {"": shape}
    found: dict[str, str] = {}
    for key in _own(kind):
        names = (key, f"{kind.noun}Name") if key == "name" else (key,)
        members = ((place, find_member(inner, name)) for place, inner in places.items() for name in names)
        place, member = next(((place, member) for place, member in members if member is not None), ("", None))
        if member is not None and find_member(shape, key) is None:
            found[key] = f"{place}{member}"
    return found


def _destination(kind: ResourceType, call: Call, key: str) -> str | None:
    """The member path that an input of a call goes to; None where there is none, "" where it is dropped."""
    to = {**kind.fields, **call.fields}.get(key)
    if to is None:
        return find_member(_shape(kind, call.operation), key)
    return to.member if isinstance(to, To) else to


def _top(path: str) -> str:
    return path.partition(".")[0].removesuffix("[]")


def _with_autoname(kind: ResourceType) -> ResourceType:
    inputs, autoname = provider.inputs_of(kind.type), kind.autoname
    if autoname is CONVENTION:
        named = "name" in inputs and "name" not in provider.required_of(kind.type)
        autoname = Autoname() if named else None
    if autoname is None:
        return replace(kind, autoname=None)
    prefix = f"{autoname.key}Prefix"
    if autoname.prefix_key is CONVENTION:
        autoname = replace(autoname, prefix_key=prefix if prefix in inputs else "")
    first = kind.create[0]
    if autoname.longest is CONVENTION and isinstance(first, Call):
        member = descend(_shape(kind, first.operation), _destination(kind, first, autoname.key) or "")
        autoname = replace(autoname, longest=member.metadata.get("max", _LONGEST_NAME) if member else _LONGEST_NAME)
    hidden = (autoname.prefix_key,) if autoname.prefix_key else ()
    return replace(kind, autoname=autoname, provider_only=(*kind.provider_only, *hidden))


def _update(kind: ResourceType) -> tuple[Step, ...]:
    """The update steps, each call with the inputs that it takes."""
    steps = kind.update
    if steps is CONVENTION:
        known: Any = service_model(kind.service)
        first, name = kind.create[0], f"Update{kind.noun}"
        if isinstance(first, Call) and first.operation.startswith(tuple(form.format("") for form in _PUTS)):
            steps = (first,)
        else:
            steps = (Call(name),) if name in known.operation_names else ()
    others = {key for step in steps for key in step.takes or ()}
    return tuple(_with_takes(kind, step, others) if isinstance(step, Call) else step for step in steps)


def _with_takes(kind: ResourceType, call: Call, others: set[str]) -> Call:
    if call.takes is not None:
        return call
    if call not in kind.create and kind.replace is not CONVENTION:
        others = {*others, *kind.replace}
    return replace(call, takes=tuple(key for key in _own(kind) if key not in others and _takes(kind, call, key)))


def _takes(kind: ResourceType, call: Call, key: str) -> bool:
    destination = _destination(kind, call, key)
    members = _shape(kind, call.operation).members
    return destination is not None and (not destination or _top(destination) in members)


def _read(kind: ResourceType) -> tuple[Call, ...]:
    if kind.read is not CONVENTION:
        return kind.read
    if kind.wait is None and not any(isinstance(source, live) for source in kind.outputs.values()):
        return ()
    return (Call(_operation(kind, "read", "Describe{}", "Get{}", "Describe{}s")),)


def _keys(kind: ResourceType) -> dict[str, str]:
    """Member of the first create call, in lower case -> the input that goes there; the noun stands for its name."""
    first = kind.create[0]
    if not isinstance(first, Call):
        return {}
    paths = {key: _destination(kind, first, key) for key in _own(kind)}
    found = {path.rpartition(".")[2].removesuffix("[]").lower(): key for key, path in paths.items() if path}
    called = {kind.noun.lower(): "name", f"{kind.noun}name".lower(): "name"} if "name" in paths else {}
    return called | found


def _naming(kind: ResourceType, call: Call, *, more: bool) -> Iterator[tuple[str, str | None]]:
    """What of a call names the resource: member path -> input, None for the id.

    With `more`, members that it could do without too: all that are told of a resource to read or delete it name it.
    """
    shape, keys = _shape(kind, call.operation), _keys(kind)
    more = more and call.operation not in [step.operation for step in kind.create if isinstance(step, Call)]
    filled = {_top(path) for path in call.given}
    filled |= {_top(_destination(kind, call, key) or "") for key in call.takes or ()}
    plural = [f"{kind.noun}ids"] if more and not shape.required_members else []
    for name, member in shape.members.items():
        if name in filled or member.metadata.get("idempotencyToken"):
            continue
        key = next((keys[spelling] for spelling in spellings(name.lower()) if spelling in keys), None)
        needed = name in shape.required_members or name.lower() in map(str.lower, plural)
        if (needed and _is_text(member)) or (more and key is not None):
            yield f"{name}[]" if member.type_name == "list" else name, key


def _is_text(shape: Shape) -> bool:
    return shape.type_name == "string" or (shape.type_name == "list" and shape.member.type_name == "string")


def _named(kind: ResourceType, steps: tuple[Any, ...], *, more: bool = False) -> Iterator[Any]:
    """The steps, each call with what names the resource."""
    for step in steps:
        if isinstance(step, ForEach):
            yield replace(step, find=next(_named(kind, (step.find,))))
        elif isinstance(step, Call):
            names = {path: ID if key is None else value(key) for path, key in _naming(kind, step, more=more)}
            yield replace(step, given={**names, **step.given})
        else:
            yield step


def _replace(kind: ResourceType) -> tuple[str, ...]:
    """What no update takes, and what names the resource."""
    if not kind.update:
        return EVERYTHING
    taken = {key for step in kind.update for key in step.takes or ()}
    calls = [step for step in kind.delete if isinstance(step, Call)]
    names = {key for call in calls for _, key in _naming(kind, call, more=True) if key is not None}
    prefix = {kind.autoname.prefix_key} - {""} if kind.autoname is not None else set[str]()
    return tuple(sorted((set(_own(kind)) - taken) | names | prefix))


def _with_id(kind: ResourceType) -> ResourceType:
    """An id is the input that names the resource when it is deleted, or what the service makes up."""
    target = next((step for step in kind.delete if isinstance(step, Call)), None)
    names = list(_naming(kind, target, more=False)) if target is not None else []
    if kind.found is CONVENTION:
        made_up = [path.removesuffix("[]") for path, key in names if key is None]
        kind = replace(kind, found=_told(kind, *made_up) if len(names) == len(made_up) == 1 else "")
    if kind.id is CONVENTION:
        if len(names) != 1 or names[0][1] is None:
            raise TypeError(f"{kind.type}: several inputs name it, or none; say the form of its `id` in its table")
        kind = replace(kind, id=f"{{{names[0][1]}}}")
    return kind if callable(kind.id) else replace(kind, id=text(kind.id))


def _told(kind: ResourceType, *names: str) -> str:
    """Where the create call's answer has a member: at its top, or one structure down; "" where it has none."""
    members = _answer(kind)
    for name in names:
        for wanted in spellings(name.lower()):
            for member, inner in members.items():
                if member.lower() == wanted:
                    return f"{member}[0]" if inner.type_name == "list" else member
                deeper = inner.members if inner.type_name == "structure" else {}
                if found := next((deep for deep in deeper if deep.lower() == wanted), None):
                    return f"{member}.{found}"
    return ""


def _answer(kind: ResourceType) -> Mapping[str, Shape]:
    """The members of the create call's answer."""
    first = kind.create[0]
    shape = operation_model(kind.service, first.operation).output_shape if isinstance(first, Call) else None
    return getattr(shape, "members", {})


def _with_arn(kind: ResourceType) -> ResourceType:
    """The ARN is what the create call tells, else its form: that of the table, or `<noun in kebab case>/<id>`."""
    form = kind.arn if kind.arn is not CONVENTION else f"{kebab(kind.noun)}/{{id}}"
    whole = (
        form
        if form.startswith("arn:") or form == "{id}"
        else f"arn:{{partition}}:{kind.service}:{{region}}:{{account}}:{form}"
    )
    kind = replace(kind, arn=whole)
    declared = "arn" in provider.outputs_of(kind.type) and "arn" not in _own(kind)
    if not declared or "arn" in kind.outputs:
        return kind
    return replace(
        kind, outputs={"arn": _arn(_told(kind, f"{kind.noun}Arn", "Arn") or _only_arn(kind), whole), **kind.outputs}
    )


def _only_arn(kind: ResourceType) -> str:
    found = [member for member in _answer(kind) if member.lower().endswith("arn")]
    return found[0] if len(found) == 1 else ""


def _arn(path: str, form: str) -> Source:
    told, filled = response(path) if path else (lambda _: ABSENT), text(form)

    def read(scope: Scope) -> Any:
        found = told(scope)
        former = scope.outputs.get("arn", ABSENT) if found is ABSENT else found
        return filled(scope) if former is ABSENT else former

    return read


def kebab(name: str) -> str:
    """`ModelPackageGroup` -> `model-package-group`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", name).lower()


def _tags(kind: ResourceType) -> Tagging | None:
    if "tags" not in provider.inputs_of(kind.type):
        return None
    tag = _operation(kind, "tags", "TagResource", "Tag{}", *_UNTAGS)
    untag = _UNTAGS.get(tag, f"Un{tag[0].lower()}{tag[1:]}")
    shape, undone = _shape(kind, tag), _shape(kind, untag)
    keys = _tag_member(undone)
    given = {
        f"{name}[]" if member.type_name == "list" else name: value("arn") if _is_arn(name) else ID
        for name, member in shape.members.items()
        if name in shape.required_members and name != _tag_member(shape)
    }
    first = kind.create[0]
    made = _shape(kind, first.operation).members if isinstance(first, Call) else {}
    create = next((name for name in made if name.lower() in ("tags", "resourcetags", "tagspecifications")), "")
    specified = create == "TagSpecifications"
    return Tagging(
        create=create,
        tag=tag,
        untag=untag,
        given=given,
        member=_tag_member(shape),
        keys=keys,
        wrap=_specification(kind) if specified else None,
        as_key_objects=undone.members[keys].member.type_name == "structure",
    )


def _tag_member(shape: Shape) -> str:
    return next(name for name in shape.members if "tag" in name.lower())


def _is_arn(name: str) -> bool:
    return name == "Resource" or name.lower().endswith("arn")


def _specification(kind: ResourceType) -> Any:
    """EC2 is told with the tags what they are for, by the name that stands in the ARN."""
    resource_type = kind.arn.rpartition(":")[2].partition("/")[0]
    return lambda tags: [{"resourceType": resource_type, "tags": tags}]
