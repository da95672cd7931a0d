"""`python -m local.emulator`: an AWS for one machine. Its first line on stdout is its URL; it serves until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import signal
import sys
import threading
from pathlib import Path

from local.emulator.clock import Clock
from local.identity import NO_HOST_SETTINGS
from local.process import collect_rarely, read_models_once
from workloads.job import leave

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "eu-west-1"
DEFAULT_TIME_SCALE = 1 / 1200
_SIGNAL_SECONDS = 0.5


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.emulator", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="directory for logs, models and unpacked functions")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 (default) takes a free one")
    parser.add_argument("--account", default=DEFAULT_ACCOUNT, help="account id (default %(default)s)")
    parser.add_argument("--region", default=DEFAULT_REGION, help="region told by the admin API (default %(default)s)")
    parser.add_argument("--inference-command", type=shlex.split, help="starts a model server (default: the platform's)")
    parser.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="URI=COMMAND",
        help="starts a model server of an image that others made, as there is no container engine here",
    )
    parser.add_argument("--pipeline-command", type=shlex.split, help="runs an execution (default: local.executor)")
    parser.add_argument("--warm", action="store_true", help="have the libraries of jobs loaded (default: no)")
    parser.add_argument(
        "--bound", action="store_true", help="end at the end of stdin, unless a byte comes first (default: go on)"
    )
    return parser.parse_args(argv)


def _time_scale() -> float:
    """EMULATOR_TIME_SCALE: wall seconds per second that a deployment waits, as a number or a fraction such as 1/600."""
    text = os.environ.get("EMULATOR_TIME_SCALE", "")
    if not text:
        return DEFAULT_TIME_SCALE
    above, _, below = text.partition("/")
    try:
        return float(above) / float(below or 1)
    except (ValueError, ZeroDivisionError):
        raise SystemExit(f"EMULATOR_TIME_SCALE is {text!r}, allowed is a number such as 0.01 or 1/600") from None


def _end_with_starter(over: threading.Event) -> None:
    """Whoever started this holds the other end of stdin: the system closes it with that process."""
    if not os.read(sys.stdin.fileno(), 1):
        over.set()


def main(argv: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    collect_rarely()
    read_models_once()
    arguments = _arguments(argv)
    try:
        clock = Clock(_time_scale())
    except ValueError as error:
        raise SystemExit(f"EMULATOR_TIME_SCALE: {error}") from error
    # moto reads these when it is imported; nothing of the host's AWS settings may reach it or what it starts.
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {"MOTO_ACCOUNT_ID": arguments.account, "AWS_DEFAULT_REGION": arguments.region, **NO_HOST_SETTINGS}
    from local.emulator.context import Context
    from local.emulator.server import Server

    context = Context(home=arguments.home.resolve(), account=arguments.account, region=arguments.region, clock=clock)
    if arguments.warm:
        context.jobs.warm()
    if arguments.inference_command:
        context.inference_command = tuple(arguments.inference_command)
    for uri, _, command in (each.partition("=") for each in arguments.image):
        context.images[uri] = tuple(shlex.split(command))
    if arguments.pipeline_command:
        context.pipeline_command = tuple(arguments.pipeline_command)
    log_format = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(filename=context.home / "emulator.log", level=logging.INFO, format=log_format)
    over = threading.Event()
    if arguments.bound:
        threading.Thread(target=_end_with_starter, args=(over,), name="lifeline", daemon=True).start()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    server = Server(context, arguments.port)
    server.start()
    print(context.url, flush=True)
    while not over.wait(_SIGNAL_SECONDS):  # a signal that another thread took is handled when this one wakes up
        pass
    server.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
    leave(0)
