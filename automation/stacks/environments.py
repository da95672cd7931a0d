"""A new stack from another one's file: its own name and address range, checked before anything is written."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from automation.operations import stack_files
from automation.operations.errors import RefusedError
from automation.stacks.places import Place
from automation.stacks.workspace import PROJECT
from contracts.names import Names, covers

_OURS: Final = "ml-platform"
#: What another account or another team would set anew; told where a template has it.
_ACCOUNTS_OWN: Final = (
    "aws:allowedAccountIds", "aws:assumeRoles", "aws:profile",
    *(f"{_OURS}:{key}" for key in (
        "access", "delivery", "keys", "lake.access_log_bucket", "network.existing", "notifications", "registry",
    )),
)  # fmt: skip


_AS_TEMPLATE: Final = Place()


def stack_file(stack: str, project: Path) -> Path:
    """Where the config of a stack stands."""
    return project / f"Pulumi.{stack}.yaml"


def write(
    stack: str,
    template: str,
    project: Path,
    *,
    at: Place = _AS_TEMPLATE,
    cidr: str | None = None,
    protect: bool | None = None,
    tags: Mapping[str, str] | None = None,
    copy_levels: bool = True,
) -> Path:
    """Write `Pulumi.<stack>.yaml` and the stack's policy levels after those of a template; returns the file.

    Without a `cidr` the network takes a range that no stack of the project has. RefusedError, with nothing written, for
    a stack that has a file, a name in another's, a range that is taken, and for every fault that the settings find.
    """
    path = stack_file(stack, project)
    if path.exists():
        raise RefusedError(f"--stack: found {stack!r}, whose {path.name} is there already; allowed: a new name")
    Names(stack=stack, account="0" * 12, region="")
    _apart(stack, project)
    content = at.of(read(template, project))
    config = content["config"]
    config[f"{_OURS}:stack"] = stack
    if protect is not None:
        config[f"{_OURS}:protect"] = protect
    if tags:
        config[f"{_OURS}:tags"] = {**(config.get(f"{_OURS}:tags") or {}), **tags}
    _place(config, cidr, project)
    path.write_text(_checked(stack, content, project), encoding="utf-8")
    levels = project / "policies" / "config"
    if copy_levels and (levels / f"{template}.json").is_file() and not (levels / f"{stack}.json").exists():
        (levels / f"{stack}.json").write_text((levels / f"{template}.json").read_text("utf-8"), encoding="utf-8")
    return path


def remove(stack: str, project: Path) -> None:
    """Take away what `write` wrote."""
    stack_file(stack, project).unlink(missing_ok=True)
    (project / "policies" / "config" / f"{stack}.json").unlink(missing_ok=True)


def read(stack: str, project: Path) -> dict[str, Any]:
    """A stack file as it stands. RefusedError where there is none, with those that are."""
    path = stack_file(stack, project)
    if not path.is_file():
        known = sorted(file.stem.removeprefix("Pulumi.") for file in project.glob("Pulumi.*.yaml"))
        raise RefusedError(f"--template: found {stack!r}; allowed: {', '.join(known)}")
    return stack_files.read(path)


def set_tag(stack: str, project: Path, key: str, value: str) -> None:
    """Write one tag into a stack's file."""
    content = read(stack, project)
    tags = content.setdefault("config", {}).setdefault(f"{_OURS}:tags", {})
    tags[key] = value
    stack_file(stack, project).write_text(_checked(stack, content, project), encoding="utf-8")


def to_look_at(stack: str, template: str, project: Path) -> list[str]:
    """Keys of a new stack's file that say something of the template's account or team, as the template says it."""
    own, its = (read(name, project).get("config") or {} for name in (stack, template))
    return [key for key in _ACCOUNTS_OWN if (found := _said(own, key)) and found == _said(its, key)]


def _said(config: Mapping[str, Any], key: str) -> Any:
    """The value of a key, or of a field of a section: `ml-platform:network.existing`."""
    name, _, field = key.partition(".")
    found = config.get(name)
    return found.get(field) if field and isinstance(found, dict) else found


def _apart(stack: str, project: Path) -> None:
    """Roles and boundaries tell the stacks of an account apart by their names, as whole words between hyphens."""
    for other in sorted(file.stem.removeprefix("Pulumi.") for file in project.glob("Pulumi.*.yaml")):
        if covers(stack, other) or covers(other, stack):
            raise RefusedError(
                f"--stack: found {stack!r} beside stack {other!r}, and in one account the roles of one could act on "
                "the other; allowed: a name of which neither has the other's words"
            )


def _place(config: dict[str, Any], cidr: str | None, project: Path) -> None:
    """Give the network its range."""
    create = _created(config, "--template")
    if create is None:
        if cidr:
            raise RefusedError("--cidr: the template's network makes no VPC; leave it out, or take another template")
        return
    taken = ranges(project)
    create["cidr"] = _free(taken, create.get("cidr")) if cidr is None else _own(taken, cidr)


def ranges(project: Path) -> dict[str, ipaddress.IPv4Network]:
    """The range of each stack of the project that makes a VPC."""
    found: dict[str, ipaddress.IPv4Network] = {}
    for file in sorted(project.glob("Pulumi.*.yaml")):
        create = _created(stack_files.read(file).get("config") or {}, file.name)
        if create and (cidr := create.get("cidr")):
            try:
                found[file.stem.removeprefix("Pulumi.")] = ipaddress.IPv4Network(cidr, strict=False)
            except ValueError as error:
                told = f"{file.name}: {_OURS}:network.create.cidr: found {cidr!r}; allowed: a range like 10.20.0.0/16"
                raise RefusedError(f"{told}; mend it first, since no other range may overlap it") from error
    return found


def _created(config: Mapping[str, Any], where: str) -> dict[str, Any] | None:
    """What a stack's config says of the VPC that it makes."""
    network = config.get(f"{_OURS}:network") or {}
    create = network.get("create") if isinstance(network, dict) else network
    if create is not None and not isinstance(create, dict):
        told = (
            f"{where}: {_OURS}:network: found {create!r}; allowed: a mapping of `create`, which is one, or `existing`"
        )
        raise RefusedError(f"{told}; mend it first")
    return create


def _free(taken: Mapping[str, ipaddress.IPv4Network], like: str | None) -> str:
    """The first range of 10.0.0.0/8, of the template's size, that overlaps no other."""
    size = ipaddress.IPv4Network(like, strict=False).prefixlen if like else 16
    for network in ipaddress.IPv4Network("10.0.0.0/8").subnets(new_prefix=max(size, 8)):
        if not any(network.overlaps(other) for other in taken.values()):
            return str(network)
    raise RefusedError("--cidr: the stacks of this project take all of 10.0.0.0/8; give a range of your own")


def _own(taken: Mapping[str, ipaddress.IPv4Network], cidr: str) -> str:
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise RefusedError(f"--cidr: found {cidr!r}; allowed: a range such as 10.60.0.0/16 ({error})") from error
    for stack, other in taken.items():
        if network.overlaps(other):
            raise RefusedError(f"--cidr: found {cidr}; stack {stack} has {other}; allowed: a range that overlaps none")
    return cidr


def _checked(stack: str, content: Mapping[str, Any], project: Path) -> str:
    """The text of a stack file that the settings found no fault in (`python -m settings check`)."""
    head = "# yaml-language-server: $schema=settings/stack.schema.json\n"
    text = head + yaml.safe_dump(dict(content), sort_keys=False, width=120)
    with tempfile.TemporaryDirectory() as directory:
        draft = Path(directory) / stack_file(stack, project).name
        draft.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "settings", "check", str(draft)]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RefusedError(done.stderr.strip())
    return text
