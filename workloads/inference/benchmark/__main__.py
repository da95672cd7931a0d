"""`python -m workloads.inference.benchmark`: measure, compare with the goals, write docs/benchmarks.md.

Machines are shared and their speed changes by the minute, so nothing absolute is judged: the servers of a comparison
are up at once and loaded in turn, round after round, each round gives one ratio to the naive service of the same round,
and the median of the rounds is the result.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workloads.inference.benchmark import endurance, model, report
from workloads.inference.benchmark.server import HERE, Running, Server, running

ROOT = model.ROOT
OURS, PEERS = sys.executable, str(ROOT / ".venv-bench" / "bin" / "python")
SMALL = str(ROOT / ".venv-serve" / "bin" / "python")  # requirements.lock of the image, nothing else


def table(home: Path) -> dict[str, Server]:
    """Every server of the comparison by name."""

    def uvicorn(application: str, workers: int = 1, *more: str) -> Callable[[int], list[str]]:
        fixed = ["--host", "127.0.0.1", "--log-level", "warning", "--workers", str(workers), *more]
        return lambda port: [PEERS, "-m", "uvicorn", application, "--port", str(port), *fixed]

    def service(workers: int, *more: str) -> Callable[[int], list[str]]:
        fixed = ["--model-dir", str(home), "--host", "127.0.0.1", "--workers", str(workers), *more]
        return lambda port: [SMALL, "-m", "workloads.inference", "--port", str(port), *fixed]

    def gunicorn(port: int) -> list[str]:
        threads = ["-k", "gthread", "--threads", "4", "-w", "1", "-b", f"127.0.0.1:{port}"]
        return [PEERS, "-m", "gunicorn", *threads, "servers.flask_app:app"]

    def bento(port: int) -> list[str]:
        return [
            str(Path(PEERS).with_name("bentoml")),
            "serve",
            "servers.bento_app:Churn",
            "-p",
            str(port),
            "--host",
            "127.0.0.1",
        ]

    one = {"OMP_NUM_THREADS": "1"}
    path = {"PYTHONPATH": str(ROOT)}
    servers = [
        Server(name="naive", argv=uvicorn("servers.naive:app"), batch="csv"),
        Server(name="naive/omp1", argv=uvicorn("servers.naive:app"), batch="csv", environment=one),
        Server(name="fastapi+inplace", argv=uvicorn("servers.inplace:app", 1, "--no-access-log"), environment=one),
        Server(name="flask+gunicorn", argv=gunicorn, batch="csv", environment=one),
        Server(name="litserve", argv=lambda port: [PEERS, "-m", "servers.litserve_app", str(port)], environment=one),
        Server(name="bentoml", argv=bento, environment=one),
        Server(name="mlserver", argv=lambda port: mlserver(home, port), single="v2", environment=one),
        Server(name="ours", argv=service(1), batch="csv", environment=path),
        Server(name="ours/2 workers", argv=service(2), batch="csv", environment=path),
        Server(
            name="ours/xgboost",
            argv=lambda port: [OURS, *service(1, "--predictor", "xgboost")(port)[1:]],
            batch="csv",
            environment=path,
        ),
    ]
    return {server.name: server for server in servers}


def mlserver(home: Path, port: int) -> list[str]:
    """MLServer's settings files, and the command that reads them."""
    directory = home / "mlserver"
    directory.mkdir(exist_ok=True)
    ports = {"http_port": port, "grpc_port": port + 1, "metrics_port": port + 2, "host": "127.0.0.1"}
    (directory / "settings.json").write_text(json.dumps({**ports, "parallel_workers": 0, "debug": False}))
    (directory / "model-settings.json").write_text(
        json.dumps({"name": "churn", "implementation": "servers.mlserver_app.Churn"})
    )
    return [str(Path(PEERS).with_name("mlserver")), "start", str(directory)]


@dataclass
class Results:
    """What was measured: by comparison, server and round."""

    loads: dict[str, dict[str, list[dict[str, float]]]] = field(default_factory=dict)
    cold: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, list[float]] = field(default_factory=dict)
    endurance: dict[str, Any] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def ratio(self, comparison: str, server: str, to: str, value: str = "per_second") -> float:
        """Median over the rounds of `server` to `to`."""
        pairs = zip(self.loads[comparison][server], self.loads[comparison][to], strict=True)
        return statistics.median(mine[value] / its[value] for mine, its in pairs)


class Benchmark:
    """One run. `seconds` is the length of one load, `rounds` how often each server gets its turn.

    `endurance_seconds` is the length of the load during which models and workers are exchanged.
    """

    def __init__(self, home: Path, seconds: float, rounds: int, endurance_seconds: float) -> None:
        self.home, self.seconds, self.rounds, self.endurance_seconds = home, seconds, rounds, endurance_seconds
        self.results = Results()
        self.servers = table(home)

    def prepare(self) -> None:
        """The model, the requests and the load generator."""
        if not (self.home / "json.request").exists():
            model.make(self.home)
        subprocess.run(["cc", "-O2", "-o", str(self.home / "load"), str(HERE / "load.c")], check=True)  # noqa: S603, S607

    def load(self, server: Running, request: str, connections: int) -> dict[str, float]:
        """One load on one server."""
        before = server.cpu_seconds()
        argv = [str(self.home / "load"), str(server.port), str(connections), str(self.seconds)]
        output = subprocess.run(  # noqa: S603 - compiled above
            [*argv, str(self.home / f"{request}.request")], capture_output=True, text=True, check=True
        ).stdout
        found: dict[str, float] = json.loads(output)
        if found["other"] or found["broken"]:
            raise RuntimeError(f"{server.server.name}: {found}")
        found["cpu_us"] = 1e6 * (server.cpu_seconds() - before) / max(found["good"], 1)
        return found

    def compare(self, name: str, servers: list[str], request: str, connections: int) -> None:
        """Load the servers in turn, all of them up at once."""
        results: dict[str, list[dict[str, float]]] = {}
        with contextlib.ExitStack() as stack:
            up: list[Running] = []
            for server in servers:
                try:
                    up.append(stack.enter_context(running(self.servers[server], self.home)))
                except (TimeoutError, OSError) as error:
                    self.results.left_out[server] = str(error)
            for number in range(self.rounds):
                for server in up:
                    kind = server.server.single if request == "single" else str(server.server.batch)
                    found = self.load(server, kind, connections)
                    results.setdefault(server.server.name, []).append(found)
                    figures = f"{found['per_second']:.0f}/s p99 {found['p99_us']:.0f} us"
                    say(f"{name} round {number + 1}: {server.server.name} {figures}")
        self.results.loads[name] = results

    def starts(self, servers: list[str]) -> None:
        """Time from the start of the process to the first prediction, and memory after it."""
        for _ in range(max(3, self.rounds)):
            for name in servers:
                with running(self.servers[name], self.home) as server:
                    self.results.cold.setdefault(name, []).append(server.cold_seconds)
                    self.results.memory.setdefault(name, []).append(server.memory_mb())
        for name in servers:
            cold, memory = (statistics.median(found[name]) for found in (self.results.cold, self.results.memory))
            say(f"start: {name} {cold:.2f} s, {memory:.0f} MB")

    def neighbour(self) -> None:
        """The service alone and beside a process that wants a core all the time."""
        with running(self.servers["ours"], self.home) as server:
            quiet: list[dict[str, float]] = []
            busy: list[dict[str, float]] = []
            for _ in range(self.rounds):
                quiet.append(self.load(server, "json", 1))
                hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                try:
                    busy.append(self.load(server, "json", 1))
                finally:
                    hog.kill()
                    hog.wait()
        self.results.loads["neighbour"] = {"quiet": quiet, "busy": busy}

    def run(self) -> Any:
        """Everything, in the order of the report."""
        self.prepare()
        peers = ["flask+gunicorn", "litserve", "bentoml", "mlserver"]
        self.compare("single", ["naive", "ours", "naive/omp1", "fastapi+inplace", *peers, "ours/xgboost"], "single", 16)
        self.compare("one connection", ["naive", "ours"], "single", 1)
        self.compare("two workers", ["naive", "ours/2 workers"], "single", 16)
        self.compare("batch", ["naive/omp1", "naive", "ours", "ours/2 workers", "ours/xgboost"], "batch", 4)
        self.starts(["naive", "ours", "ours/xgboost"])
        self.neighbour()
        self.results.endurance = endurance.run(self.home / "endurance", self.endurance_seconds, SMALL)
        say(f"endurance: {self.results.endurance}")
        return self.results


def say(text: str) -> None:
    """Progress."""
    print(text, flush=True)


def main() -> int:
    """The command line; exit code 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m workloads.inference.benchmark", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--home", type=Path, default=ROOT / ".local" / "bench-serve")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--endurance-seconds", type=float, default=300)
    parser.add_argument("--report", type=Path, default=ROOT / "docs" / "benchmarks.md")
    options = parser.parse_args()
    results = Benchmark(options.home, options.seconds, options.rounds, options.endurance_seconds).run()
    goals = report.goals(results, Path(SMALL).parents[1])
    options.report.write_text(report.markdown(results, goals, options.seconds, options.rounds))
    for goal in goals:
        say(str(goal))
    return 0 if all(goal.reached for goal in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
