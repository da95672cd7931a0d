"""One RegisterResource call of the program, read from the SDK's request into a plain value, with the engine's URN."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToJson
from pulumi.runtime.proto import alias_pb2, resource_pb2

from local import values
from local.runtime.errors import UnsupportedError

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"

NO_TRANSFORMS = "transforms of a whole stack are run by the Pulumi engine only; name them in the resource's own options"

_RUN_HOOKS = ("before_create", "after_create", "before_update", "after_update", "on_error")
_ENGINE_HOOKS = ("before_delete", "after_delete")

#: Request fields whose meaning the local runtime does not carry out, with what the program can do instead.
_REFUSED = {
    "importId": "import_: nothing exists in the emulated cloud that could be imported; leave it out",
    "replace_with": "replace_with: name the other resource's property in an input of this one instead",
    "deletedWith": "deleted_with: everything is deleted here by itself; leave it out",
    "state_migrations": "state_migrations: they rewrite an engine's state, which is not used here",
}


@dataclass(frozen=True, kw_only=True)
class Options:
    """The resource options that shape a deployment, as `pulumi.ResourceOptions` names them; a trigger as JSON."""

    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_before_replace: bool | None = None
    replacement_trigger: str = ""
    retain_on_delete: bool = False
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    custom_timeouts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A resource as the program declares it.

    `inputs` are in the form of `local.values`. `dependencies` are all URNs it waits for;
    `property_dependencies` says which of them each input reads. `provider` is the engine's provider reference,
    `<urn>::<id>`, empty for the default one. `generated` are the inputs that the provider's check filled in.
    """

    urn: str
    type: str
    name: str
    parent: str = ""
    custom: bool = True
    remote: bool = False
    inputs: values.Properties = field(default_factory=dict)
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    provider: str = ""
    providers: Mapping[str, str] = field(default_factory=dict)
    package_version: str = ""
    options: Options = Options()
    generated: tuple[str, ...] = ()


def make_urn(stack: str, project: str, parent: str, type_token: str, name: str) -> str:
    """The URN that the engine gives a resource.

    The type part is the chain of the parents' types, and the stack itself is left out of the chain
    (pkg/resource/deploy, `generateURN`).
    """
    parent_type = qualified_type(parent) if parent else ""
    chain = type_token if parent_type in ("", STACK_TYPE) else f"{parent_type}${type_token}"
    return f"urn:pulumi:{stack}::{project}::{chain}::{name}"


def qualified_type(urn: str) -> str:
    """The type part of a URN, parents included."""
    return urn.split("::", 3)[2]


def urn_name(urn: str) -> str:
    """The resource name in a URN."""
    return urn.split("::", 3)[3]


def from_request(request: resource_pb2.RegisterResourceRequest, stack: str, project: str) -> Registration:
    """Read a request of the SDK. Raises UnsupportedError for an option that this runtime does not carry out."""
    urn = make_urn(stack, project, request.parent, request.type, request.name)
    refused = [text for name, text in _REFUSED.items() if getattr(request, name)]
    refused += [
        f"hooks.{name}: run by the Pulumi engine only; {', '.join(_RUN_HOOKS)} are run here too"
        for name in _ENGINE_HOOKS
        if getattr(request.hooks, name)
    ]
    if refused:
        raise UnsupportedError(f"{urn}: not supported in the local run:\n  " + "\n  ".join(refused))
    aliases = tuple(dict.fromkeys(_alias_urn(alias, request, stack, project) for alias in request.aliases))
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=request.custom,
        remote=request.remote,
        inputs=values.from_struct(request.object),
        dependencies=tuple(sorted(request.dependencies)),
        property_dependencies={
            key: tuple(sorted(found.urns)) for key, found in sorted(request.propertyDependencies.items()) if found.urns
        },
        provider=request.provider,
        providers=dict(request.providers),
        package_version=request.version,
        options=_options(request, aliases),
    )


def _options(request: resource_pb2.RegisterResourceRequest, aliases: tuple[str, ...]) -> Options:
    timeouts, triggered = request.customTimeouts, request.HasField("replacement_trigger")
    return Options(
        protect=request.protect,
        ignore_changes=tuple(request.ignoreChanges),
        replace_on_changes=tuple(request.replaceOnChanges),
        delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
        replacement_trigger=MessageToJson(request.replacement_trigger, indent=None) if triggered else "",
        retain_on_delete=request.retainOnDelete,
        hooks={name: tuple(found) for name in _RUN_HOOKS if (found := getattr(request.hooks, name))},
        additional_secret_outputs=tuple(request.additionalSecretOutputs),
        aliases=aliases,
        custom_timeouts={
            operation: text
            for operation in ("create", "update", "delete")
            if (text := str(getattr(timeouts, operation)))
        },
    )


def _alias_urn(alias: alias_pb2.Alias, request: resource_pb2.RegisterResourceRequest, stack: str, project: str) -> str:
    if alias.urn:
        return alias.urn
    spec = alias.spec
    parent = "" if spec.noParent else spec.parentUrn or request.parent
    return make_urn(
        spec.stack or stack, spec.project or project, parent, spec.type or request.type, spec.name or request.name
    )


def inherited_aliases(registration: Registration, parent_alias: str) -> tuple[str, ...]:
    """The former URNs that a child has because its parent had another URN before.

    A child whose name starts with its parent's name is taken to have been renamed with it (pkg/resource/deploy,
    `inheritedChildAlias`).
    """
    own = [(registration.name, registration.type)]
    own += [(urn_name(alias), qualified_type(alias).split("$")[-1]) for alias in registration.options.aliases]
    stack, project = parent_alias.split("::")[0].removeprefix("urn:pulumi:"), parent_alias.split("::")[1]
    parent_name, former_parent_name = urn_name(registration.parent), urn_name(parent_alias)
    former: list[str] = []
    for name, type_token in own:
        renamed = former_parent_name + name.removeprefix(parent_name) if name.startswith(parent_name) else name
        former.append(make_urn(stack, project, parent_alias, type_token, renamed))
    return tuple(former)


def option_fields(options: Options) -> dict[str, Any]:
    """The options that are set, with the names of `pulumi.ResourceOptions` in camel case; for files and comparison."""
    found: dict[str, Any] = {
        "protect": options.protect,
        "ignoreChanges": list(options.ignore_changes),
        "replaceOnChanges": list(options.replace_on_changes),
        "replacementTrigger": options.replacement_trigger,
        "retainOnDelete": options.retain_on_delete,
        "hooks": {name: list(hooks) for name, hooks in options.hooks.items()},
        "additionalSecretOutputs": list(options.additional_secret_outputs),
        "aliases": list(options.aliases),
        "customTimeouts": dict(options.custom_timeouts),
    }
    found = {key: value for key, value in found.items() if value}
    if options.delete_before_replace is not None:
        found["deleteBeforeReplace"] = options.delete_before_replace
    return found
