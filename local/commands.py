"""The commands of the local run: `python -m local up|down|preview|synth|policies|diagram --stack <stack>`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pulumi
import yaml

import settings
from automation.cost.month import Month
from automation.evidence import FORMATS
from automation.exits import Exit
from automation.operations.errors import RefusedError
from contracts.release import ReleaseError
from contracts.release.lock import BusyError
from local import disk
from local.adapter import AdapterError
from local.diagram import mermaid
from local.emulator.client import EmulatorError
from local.identity import NO_HOST_SETTINGS
from local.judge.evidence import judge
from local.judge.process import PolicyPackError
from local.loop import kept
from local.process import collect_rarely, read_models_once
from local.runtime import LocalRunError, PolicyViolationError, Stack, account, packs, synth, tree
from local.runtime.stack import PROJECT_DIRECTORY

REFUSALS = (
    LocalRunError,
    AdapterError,
    EmulatorError,
    PolicyPackError,
    pulumi.RunError,
    RefusedError,
    ReleaseError,
    BusyError,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, 1 for a refusal (its reason is on standard error), 2 for a wrong command line, 6 for
    a violation of a mandatory policy, and 130 when it was interrupted (143 by SIGTERM).
    """
    collect_rarely()
    read_models_once()
    args = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = args.command
    _leave_out_the_host()
    try:
        code = command(args)
        sys.stdout.flush()
    except PolicyViolationError as violated:
        return _refused(str(violated), args, Exit.POLICY)
    except REFUSALS as refused:
        return _refused(str(refused), args)
    except BrokenPipeError:  # whoever read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.filename is None and error.errno not in disk.NO_ROOM:
            raise
        return _refused(f"{error.filename or 'standard output or a file of the run'}: {error.strerror}", args)
    except KeyboardInterrupt as interrupted:
        print("interrupted", file=sys.stderr)
        return 128 + next(iter(interrupted.args), signal.SIGINT)
    return code


def _say(text: str) -> None:
    try:
        print(text, flush=True)
    except OSError as error:
        error.filename = "standard output"
        raise


def _refused(reason: str, args: argparse.Namespace, code: Exit = Exit.REFUSED) -> int:
    home = args.home or PROJECT_DIRECTORY / ".local" / args.stack
    print(f"error: {reason}{disk.told(disk.places(home))}", file=sys.stderr)
    return code


def _leave_out_the_host() -> None:
    """Take this machine's AWS settings (a real account's keys among them) and proxies out of the environment.

    All that a local run and its processes talk to is on 127.0.0.1, with keys of its own.
    """
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower() in _PROXIES]:
        del os.environ[name]
    os.environ.update(NO_HOST_SETTINGS)


_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")


def _up(args: argparse.Namespace) -> int:
    from local.loop import run

    return run.up(
        _stack(args),
        contract=args.contract,
        files=dict(args.data),
        keep=args.keep,
        levels=args.levels,
        beneath=args.beneath,
        tune=args.tune,
        refresh=args.refresh,
    )


def _down(args: argparse.Namespace) -> int:
    from local.loop import run

    return run.down(_stack(args))


def _preview(args: argparse.Namespace) -> int:
    """What an update would do to the running emulator, or to an empty account when none is running."""
    stack = _stack(args)
    running = kept.running_emulator(stack)
    cloud = kept.cloud_of(running) if running else None
    preview = stack.preview(cloud, packs.policy_factory(stack), refresh=args.refresh)
    against = cloud.endpoint_url if cloud else "an empty account, as no emulator is running"
    if args.json:
        _say(json.dumps({"against": against, **tree.document(preview)}))
    else:
        lines = [f"Preview of {stack.project}/{stack.name} against {against}", *preview.refreshed]
        lines += tree.told(preview)
        if stack.project == settings.PROJECT:  # others have resources without a price
            lines.append(Month.of(stack.synth()).told())
        _say("\n".join(lines))
    return 0


def _synth(args: argparse.Namespace) -> int:
    stack = _stack(args)
    content = stack.synth(bootstrap=args.bootstrap, api=account.given(sys.stdin) if args.account else None)
    document = synth.text(content)
    if args.out == "-":
        _say(document.rstrip("\n"))
        return 0
    path = Path(args.out) if args.out else stack.home / "synth.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    disk.write(path, document)
    _say(f"{len(content['resources'])} resources of {stack.project}/{stack.name} in {path}")
    return 0


def _diagram(args: argparse.Namespace) -> int:
    _say(mermaid(_stack(args).synth(bootstrap=False)))
    return 0


def _policies(args: argparse.Namespace) -> int:
    stack = _stack(args)
    pack = PROJECT_DIRECTORY / "policies"
    levels = pack / "config" / f"{args.levels or stack.name}.json"
    report = judge(stack.synth(bootstrap=False), pack, levels if args.levels or levels.is_file() else None)
    text = FORMATS[args.format](report)
    if args.out:
        disk.write(Path(args.out), text)
    else:
        _say(text)
    return Exit.POLICY if report.stops else Exit.DONE


def _stack(args: argparse.Namespace) -> Stack:
    return Stack(
        args.stack,
        home=args.home,
        contract_override=args.contract,
        config_overrides=dict(args.config),
        config_file=args.config_file,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local", description="The platform on one machine, without an account."
    )
    commands_of = parser.add_subparsers(required=True, metavar="command")
    up = _command(commands_of, "up", _up, "deploy to an emulated AWS and run the whole loop")
    up.add_argument(
        "--data",
        type=_data,
        action="append",
        default=[],
        metavar="[WORKLOAD=]FILE",
        help="CSV or Parquet to run the loop of a workload on",
    )
    up.add_argument("--levels", metavar="NAME", help="policies/config/NAME.json (default that of the stack)")
    up.add_argument(
        "--beneath", type=Path, metavar="DIR", help="a Pulumi project to deploy first, whose output `config` is ours"
    )
    up.add_argument("--tune", action="store_true", help="have a search of hyper-parameters find the first model")
    up.add_argument("--keep", action="store_true", help="leave emulator and endpoint running until `down`")
    _refreshable(up)
    _command(commands_of, "down", _down, "stop what `up --keep` left running")
    preview = _command(commands_of, "preview", _preview, "say what `up` would change, judged by the policies")
    preview.add_argument("--json", action="store_true", help="one JSON object")
    _refreshable(preview)
    _command(commands_of, "diagram", _diagram, "draw the components of the stack as a Mermaid flowchart")
    policies = _command(commands_of, "policies", _policies, "report what every policy says of every resource")
    policies.add_argument("--format", choices=sorted(FORMATS), default="table", help="(default table)")
    policies.add_argument("--levels", metavar="NAME", help="policies/config/NAME.json (default that of the stack)")
    policies.add_argument("--out", metavar="FILE", help="where to (default standard output)")
    synth = _command(commands_of, "synth", _synth, "write every resource of the stack as JSON")
    synth.add_argument(
        "--out", metavar="FILE", help="where to, - for standard output (default .local/<stack>/synth.json)"
    )
    synth.add_argument(
        "--bootstrap", action="store_true", help="as on the first run: no image built, no model released"
    )
    synth.add_argument(
        "--account",
        action="store_true",
        help="have the account look data sources up whose credentials stand on standard input, as JSON; reads only",
    )
    return parser


def _command(
    commands_of: Any, name: str, run: Callable[[argparse.Namespace], int], text: str
) -> argparse.ArgumentParser:
    command = commands_of.add_parser(name, help=text, description=text)
    command.add_argument("--stack", default="staging", help="a Pulumi.<stack>.yaml of the project (default staging)")
    command.add_argument("--contract", type=Path, metavar="FILE", help="a data contract in place of the stack's")
    command.add_argument("--config-file", type=Path, metavar="FILE", help="a file in place of Pulumi.<stack>.yaml")
    command.add_argument("--home", type=Path, metavar="DIR", help="where to keep state (default .local/<stack>)")
    command.add_argument(
        "--config",
        type=_assignment,
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a config value in place of the stack's; the value is read as YAML",
    )
    command.set_defaults(command=run)
    return command


def _refreshable(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--refresh", action="store_true", help="first read what is live in the emulator that was kept into the state"
    )


def _data(text: str) -> tuple[str, Path]:
    """`churn=data.csv`, or a file alone for the only workload; a file may have a `=` in its name."""
    name, found, file = text.partition("=")
    return (name, Path(file)) if found and not Path(text).exists() else ("", Path(text))


def _assignment(text: str) -> tuple[str, Any]:
    key, found, value = text.partition("=")
    if not key or not found:
        raise argparse.ArgumentTypeError(f"found {text!r}; write KEY=VALUE")
    try:
        return key, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise argparse.ArgumentTypeError(f"found {text!r}, whose value is not YAML; put it in quotes") from error
