"""A `pulumi` that speaks what `pulumi.automation` calls, with no engine: the argv, exit codes and events of the CLI.

    STUB_HOME=<directory> python -m tests.automation.stacks.stub_pulumi preview --stack staging ...

`scenario.json` in that directory says what the program wants and what goes wrong (`Scenario` in conftest.py writes it),
`<stack>.json` is the state, and every call is a line of `calls.jsonl` with its argv and the variables of the pack.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

VERSION = "v3.272.0"
HOME = Path(os.environ["STUB_HOME"])
NOTED = ("PULUMI_OPTION_POLICY_PACK", "PULUMI_OPTION_POLICY_PACK_CONFIG", "PULUMI_BACKEND_URL")
Event = dict[str, Any]


class CliError(Exception):
    """How the command ends: what stands on standard error."""


def scenario() -> dict[str, Any]:
    return json.loads((HOME / "scenario.json").read_text(encoding="utf-8"))


def state_path(stack: str) -> Path:
    return HOME / f"{stack}.json"


def read(stack: str) -> dict[str, Any]:
    if not state_path(stack).is_file():
        raise CliError(f"error: no stack named '{stack}' found")
    return json.loads(state_path(stack).read_text(encoding="utf-8"))


def write(stack: str, state: dict[str, Any]) -> None:
    state_path(stack).write_text(json.dumps(state), encoding="utf-8")


def urn(stack: str, resource: dict[str, Any]) -> str:
    return f"urn:pulumi:{stack}::ml-platform::{resource['type']}::{resource['name']}"


def step(kind: str, op: str, stack: str, resource: dict[str, Any], **more: Any) -> Event:
    metadata = {"op": op, "urn": urn(stack, resource), "type": resource["type"], "provider": "", **more}
    return {kind: {"metadata": metadata}}


class Run:
    """One run of the engine: its events, and the state that it leaves."""

    def __init__(self, stack: str, options: list[str]) -> None:
        self.stack, self.state, self.told = stack, read(stack), scenario()
        self.dry = "--preview-only" in options
        self.cleared = "--clear-pending-creates" in options
        self.taken_over = [after for flag, after in pairwise(options) if flag == "--import-pending-creates"]
        self.import_file = options[options.index("--import-file") + 1] if "--import-file" in options else ""
        self.counts = Counter[str]()

    def preview(self) -> Iterator[Event]:
        yield from self._judged()
        known = {found["name"] for found in self.state["resources"]}
        for wanted in self.told["resources"]:
            op = "same" if wanted["name"] in known else "create"
            self.counts[op] += 1
            event = step("resourcePreEvent", op, self.stack, wanted)
            event["resourcePreEvent"]["planning"] = True
            yield event
        if self.import_file:
            wanted = [{**each, "id": "<PLACEHOLDER>"} for each in self.told["resources"] if each["name"] not in known]
            Path(self.import_file).write_text(json.dumps({"nameTable": {}, "resources": wanted}), encoding="utf-8")
        yield self._summary()

    def up(self) -> Iterator[Event]:
        yield from self._judged()
        known = {found["name"] for found in self.state["resources"]}
        for wanted in self.told["resources"]:
            op = "same" if wanted["name"] in known else "create"
            yield from self._acted(op, "creating", wanted)
            if op == "create":
                self.state["resources"].append(wanted)
        self.state["outputs"] = self.told["outputs"]
        yield self._summary()

    def refresh(self) -> Iterator[Event]:
        self._take_over()
        for found in self.state["resources"]:
            drifted = self.told["drift"].get(found["name"])
            yield step("resourcePreEvent", "refresh", self.stack, found)
            op = drifted["op"] if drifted else "same"
            self.counts[op] += 1
            old, new = ({"outputs": drifted[side]} for side in ("old", "new")) if drifted else ({}, {})
            yield step("resOutputsEvent", op, self.stack, found, old=old, new=new)
        if not self.dry:
            left = [] if self.cleared else [each for each in self.state["pending"] if each["type"] == "creating"]
            self.state["pending"] = left
        yield self._summary()

    def _take_over(self) -> None:
        """`--import-pending-creates <urn> --import-pending-creates <id>`, as often as needed."""
        if len(self.taken_over) % 2:
            raise CliError("error: each URN must be followed by an ID: found an odd number of entries")
        ids = dict(zip(self.taken_over[::2], self.taken_over[1::2], strict=True))
        for each in [each for each in self.state["pending"] if each["resource"]["urn"] in ids]:
            self.state["pending"].remove(each)
            urn_ = each["resource"]["urn"]
            taken = {**each["resource"], "name": urn_.rpartition("::")[2], "id": ids[urn_]}
            self.state["resources"].append(taken)

    def destroy(self) -> Iterator[Event]:
        protected = [found for found in self.state["resources"] if found.get("protect")]
        if protected:
            text = f'resource "{urn(self.stack, protected[0])}" cannot be deleted\n    because it is protected.'
            yield {"diagnosticEvent": {"message": text, "severity": "error", "color": "never"}}
            raise CliError("error: preview failed")
        for found in reversed([*self.state["resources"]]):
            if self.dry:
                self.counts["delete"] += 1
                event = step("resourcePreEvent", "delete", self.stack, found)
                event["resourcePreEvent"]["planning"] = True
                yield event
                continue
            yield from self._acted("delete", "deleting", found)
            self.state["resources"].remove(found)
        yield self._summary()

    def _acted(self, op: str, pending: str, resource: dict[str, Any]) -> Iterator[Event]:
        """One resource; a step that fails ends the run, one that hangs waits for an interrupt."""
        self.counts[op] += 1
        yield step("resourcePreEvent", op, self.stack, resource)
        name = resource["name"]
        if op != "same" and name == self.told["hangs"]:
            self.state["pending"].append({"type": pending, "resource": {"urn": urn(self.stack, resource), **resource}})
            interrupted.wait()
            raise CliError("error: update canceled")
        if op != "same" and name in self.told["fails"]:
            text = f"<{{%reset%}}>{self.told['fails'][name]}<{{%reset%}}>"
            diagnostic = {"message": text, "severity": "error", "urn": urn(self.stack, resource), "color": "never"}
            yield {"diagnosticEvent": diagnostic}
            yield step("resOpFailedEvent", op, self.stack, resource)
            if self.told["fails_once"]:
                (HOME / "scenario.json").write_text(json.dumps(self.told | {"fails": {}}), encoding="utf-8")
            raise CliError("error: update failed")
        yield step("resOutputsEvent", op, self.stack, resource)

    def _judged(self) -> Iterator[Event]:
        for found in self.told["violations"]:
            yield {"policyEvent": {"color": "never", "policyPackName": "guardrails", **found}}
        if any(found["enforcementLevel"] == "mandatory" for found in self.told["violations"]):
            raise CliError("error: preview failed")

    def _summary(self) -> Event:
        return {"summaryEvent": {"durationSeconds": 1, "resourceChanges": dict(self.counts), "PolicyPacks": {}}}


interrupted = threading.Event()


def engine(command: str, stack: str, arguments: list[str]) -> None:
    """Run `preview`, `up`, `refresh` or `destroy`, streaming events to where --event-log says."""
    import grpc
    from pulumi.runtime.proto import events_pb2, events_pb2_grpc

    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    run = Run(stack, arguments)
    ended: list[CliError] = []

    def requests() -> Iterator[Any]:
        try:
            for number, event in enumerate(getattr(run, command)()):
                yield events_pb2.EventRequest(event=json.dumps({"sequence": number, "timestamp": 0, **event}))
        except CliError as error:
            ended.append(error)
        yield events_pb2.EventRequest(event=json.dumps({"cancelEvent": {}}))

    if "--event-log" in arguments:
        target = arguments[arguments.index("--event-log") + 1].removeprefix("tcp://")
        with grpc.insecure_channel(target) as channel:
            events_pb2_grpc.EventsStub(channel).StreamEvents(requests())
    else:
        list(requests())
    if command != "preview" and not run.dry:
        result = "failed" if ended else "succeeded"
        run.state["history"].insert(0, history(command, result, run))
        write(stack, run.state)
    if ended:
        raise ended[0]


def history(command: str, result: str, run: Run) -> dict[str, Any]:
    return {
        "kind": "update" if command == "up" else command,
        "startTime": "2026-11-28T10:00:00.000Z",
        "endTime": "2026-11-28T10:01:00.000Z",
        "message": "",
        "environment": {},
        "config": scenario()["config"].get(run.stack, {}),
        "result": result,
        "version": len(run.state["history"]) + 1,
        "resourceChanges": dict(run.counts),
    }


def stack_command(arguments: list[str], stack: str) -> str:
    """`stack ...`, and what it prints."""
    match [each for each in arguments if not each.startswith("--")]:
        case ["init", name, *_]:
            if state_path(name).exists():
                raise CliError(f"error: stack '{name}' already exists")
            write(name, {"resources": [], "pending": [], "outputs": {}, "history": []})
            encrypt(name, arguments)
            return ""
        case ["ls", *_]:
            stacks = sorted(path.stem for path in HOME.glob("*.json") if path.stem != "scenario")
            return json.dumps([{"name": name, "current": False} for name in stacks])
        case ["rm", name, *_]:
            if read(name)["resources"]:
                raise CliError(f"error: Stack '{name}' still has resources; removal rejected")
            state_path(name).unlink()
            return ""
        case ["export", *_]:
            state = read(stack)
            found = [{"urn": urn(stack, each), **each} for each in state["resources"]]
            return json.dumps(
                {"version": 3, "deployment": {"resources": found, "pending_operations": state["pending"]}}
            )
        case ["output", *_]:
            outputs: dict[str, Any] = read(stack)["outputs"]
            shown = "--show-secrets" in arguments
            return json.dumps({k: v if shown or k != "secret" else "[secret]" for k, v in outputs.items()})
        case ["history", *_]:
            return json.dumps(read(stack)["history"][:1])
        case _:
            read(stack)
            return stack


def encrypt(stack: str, arguments: list[str]) -> None:
    """`stack init` of a cloud's key writes a data key into the stack's file, which it encrypted with that one."""
    import yaml

    given = dict(pairwise(arguments)).get("--secrets-provider", "")
    path = Path(f"Pulumi.{stack}.yaml")
    if "://" in given and path.is_file():
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content |= {"secretsprovider": given, "encryptedkey": "AQICAHh="}
        path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def shield(protect: bool, named: str, stack: str) -> None:
    """`state protect` and `state unprotect`."""
    state = read(stack)
    next(each for each in state["resources"] if urn(stack, each) == named)["protect"] = protect
    write(stack, state)


def config_command(arguments: list[str], stack: str) -> str:
    """`config refresh` writes the stack's file as its last update had it, `config --json` reads it."""
    config = scenario()["config"].get(stack, {})
    if arguments[0] == "refresh":
        # JSON is YAML
        written = {"config": {key: value["value"] for key, value in config.items()}}
        Path(f"Pulumi.{stack}.yaml").write_text(json.dumps(written), encoding="utf-8")
        return ""
    return json.dumps(config)


def main(arguments: list[str]) -> int:
    """One command."""
    arguments = [each for each in arguments if each != "--non-interactive"]
    if arguments == ["version"]:
        sys.stdout.write(f"{VERSION}\n")
        return 0
    with (HOME / "calls.jsonl").open("a", encoding="utf-8") as calls:
        calls.write(json.dumps({"argv": arguments, **{name: os.environ.get(name) for name in NOTED}}) + "\n")
    try:
        sys.stdout.write(answer(*arguments))
    except CliError as error:
        sys.stderr.write(f"{error}\n")
        return 255
    return 0


def answer(command: str, *arguments: str) -> str:
    """What a command prints, and does."""
    if refusal := scenario()["refuses"].get(command):
        raise CliError(refusal)
    rest = [*arguments]
    named = rest.index("--stack") if "--stack" in rest else len(rest)
    stack = rest[named + 1] if "--stack" in rest else ""
    if command == "stack":
        return stack_command(rest[:named] + rest[named + 2 :], stack)
    if command in ("preview", "up", "refresh", "destroy"):
        engine(command, stack, rest)
    elif command == "config":
        return config_command(rest, stack)
    elif command == "state":
        shield(rest[0] == "protect", rest[1], stack)
    elif command != "cancel":
        raise CliError(f"error: unknown command {command}")
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
