"""The commands `up` and `down`: an emulator, the loop over it, and the report; or an update of what is running."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from contracts import loader, schema
from contracts.names import Names
from contracts.schema import Contract
from local import disk
from local.emulator import client
from local.emulator.client import Emulator
from local.loop import data, home, kept, report
from local.loop.console import Console
from local.loop.platform import LoopError, Platform
from local.loop.story import Facts, Story
from local.runtime import Deployment, Stack
from local.runtime.commands import cloud_of, kept_packs, running_emulator
from local.runtime.model import Cloud, PolicyFactory
from local.runtime.stack import PROJECT_DIRECTORY
from local.warm import warm_pool
from workloads.rehearsal.split import SplitError, split
from workloads.validation.verdict import Status


def up(stack: Stack, *, contract: Path | None, data_file: Path | None, keep: bool, beneath: Path | None = None) -> int:
    """Run the whole loop on a fresh emulator; where one was kept running, only bring it up to date. Returns 0.

    An emulator that is not kept ends with this process, however that ends. `beneath` is a project that the stack
    stands on.
    """
    if data_file and not contract:
        raise LoopError("--data needs --contract: the contract says what the columns of the data mean")
    if contract and not data_file:
        raise LoopError("--contract needs --data: the embedded data set is that of contracts/churn.yaml only")
    console = Console()
    loaded = _contract(stack)
    with home.occupied(stack.home):
        if running := running_emulator(stack):
            if beneath:
                _stand_on(stack, beneath, cloud_of(running), console)
            _update(stack, running, console, data_file)
            return 0
        for option, file in (("--contract", contract), ("--data", data_file)):
            if file:
                home.refuse_inside(stack.home, option, file)
        if data_file:
            _rehearse(data_file, loaded, console)
        home.clear(stack.home)
        with kept_packs(stack) as packs, warm_pool() as pool:
            parts = _deliveries(stack, data_file)
            with _emulator(stack, console, pool, keep=keep) as emulator:
                if beneath:
                    _stand_on(stack, beneath, cloud_of(emulator), console)
                _tell(stack, loaded, emulator, pool, packs, console, parts)
    return 0


def _stand_on(stack: Stack, project: Path, cloud: Cloud, console: Console) -> None:
    """Deploy what others had in the account before; its output `config` is what the stack's config has to say."""
    ground = Stack(stack.name, project.resolve(), home=stack.home / "beneath")
    with console.step(f"Deploy {ground.project}, which was there before the platform"):
        deployed = ground.up(cloud)
        said = deployed.outputs.get("config")
        if not isinstance(said, dict):
            raise LoopError(f"--beneath: {project} has no output `config`; export one with the platform's config")
        stack.override(said)
        console.say(json.dumps(said, sort_keys=True))


@contextmanager
def _emulator(stack: Stack, console: Console, pool: str | None, *, keep: bool) -> Generator[Emulator]:
    """A fresh emulator; at the end it is stopped, or kept and recorded for `down`."""
    arguments = ("--warm-pool", pool) if pool else ()
    emulator = client.start(stack.home / "emulator", region=stack.region, arguments=arguments, bound=True)
    try:
        yield emulator
    except Exception as error:
        if not emulator.alive():
            log = stack.home / "emulator" / "emulator.log"
            raise LoopError(f"the emulator at {emulator.url} ended in the middle of the run; see {log}") from error
        raise
    finally:
        if keep and emulator.alive():
            emulator.keep()
            disk.write(_record(stack), json.dumps({"url": emulator.url, "pid": emulator.pid}))
            console.say(f"the emulator goes on at {emulator.url} until `{_down_command(stack)}`;")
            for line in kept.told(emulator):
                console.say(line)
        else:
            emulator.stop()
            stack.forget()


def down(stack: Stack) -> int:
    """Stop the emulator that `up --keep` left running, and forget what was in it. Returns 0, also when none runs."""
    console = Console()
    if not stack.home.is_dir():
        console.say(f"no emulator of {stack.name} is running")
        return 0
    with home.occupied(stack.home):
        running = running_emulator(stack)
        if running:
            running.stop()
        _record(stack).unlink(missing_ok=True)
        stack.forget()
    console.say(f"stopped the emulator at {running.url}" if running else f"no emulator of {stack.name} is running")
    return 0


def _update(stack: Stack, running: Emulator, console: Console, data_file: Path | None) -> None:
    with console.step(f"Update {stack.name} on the emulator at {running.url}"), kept_packs(stack) as packs:
        done = _deploy(stack, cloud_of(running), packs, console, "update")
        console.say(", ".join(f"{len(urns)} {op.value}" for op, urns in done.changes.items() if urns))
        for line in kept.told(running):
            console.say(line)
        if data_file:
            console.say(
                f"{data_file} is not delivered: the loop runs on a fresh emulator, after `{_down_command(stack)}`"
            )


def _down_command(stack: Stack) -> str:
    """How to stop the emulator of this stack, wherever its home is."""
    usual = PROJECT_DIRECTORY / ".local" / stack.name
    return f"python -m local down --stack {stack.name}" + ("" if stack.home == usual else f" --home {stack.home}")


def _contract(stack: Stack) -> Contract:
    """The stack's contract, checked before anything is started for it."""
    path = PROJECT_DIRECTORY / next(iter(stack.workloads.values()))["contract"]
    try:
        return loader.load(path)
    except loader.ContractError as error:
        raise LoopError(str(error)) from error
    except OSError as error:
        raise LoopError(
            f"--contract: {path} cannot be read ({error.strerror}); give a contract like contracts/churn.yaml"
        ) from error


def _deliveries(stack: Stack, data_file: Path | None) -> tuple[Path, Path]:
    """The data of the run in two files; the embedded data set where none is given."""
    work = stack.home / "run"
    work.mkdir(parents=True)
    if data_file is None:
        data_file = work / "churn.csv"
        data.write_churn(data_file, day=datetime.now(UTC).date())
    return split(data_file, work / "deliveries")


def _rehearse(data_file: Path, contract: Contract, console: Console) -> None:
    """Say what of the file is for later; LoopError if no model could be trained on it, before anything is deployed."""
    from workloads.rehearsal.rehearse import rehearse

    try:
        rehearsal = rehearse(data_file, contract, now=datetime.now(UTC))
    except SplitError as error:
        raise LoopError(f"--data: {error}") from error
    if rehearsal.faults:
        told = "\n  ".join([f"--data: no model can be trained on {data_file}", *rehearsal.faults])
        raise LoopError(f"{told}\nthe whole of it: python -m contracts check CONTRACT --data {data_file}")
    first, second = rehearsal.first, rehearsal.second
    console.say(f"{data_file}: {first.rows_in} rows are delivered first, {second.rows_in} are held out until later")
    if second.status is not Status.ACCEPTED:
        console.say(f"the second delivery will be {second.status}: {'; '.join(f.text for f in second.findings)}")


def _tell(
    stack: Stack,
    contract: Contract,
    emulator: Emulator,
    pool: str | None,
    packs: PolicyFactory,
    console: Console,
    parts: tuple[Path, Path],
) -> None:
    work = stack.home / "run"
    cloud = cloud_of(emulator)
    contract_file = work / "contract.json"
    disk.write(contract_file, schema.to_json(contract))
    workload, written = next(iter(stack.workloads.items()))
    names = (
        Names(stack=stack.name, account=emulator.account, region=stack.region)
        .of_workload(workload)
        .of_endpoint(next(iter(written.get("endpoints") or ["live"])))
    )
    story = Story(
        console=console,
        platform=Platform(emulator, names, contract_file, pool),
        emulator=emulator,
        contract=contract,
        up=lambda title: _deploy(stack, cloud, packs, console, title),
        deliveries=parts,
        workdir=work,
    )
    title = f"{contract.name} on {stack.name}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    page = stack.home / home.REPORT
    try:
        story.tell()
    except BaseException as error:  # also of an interruption: what was found until then is worth a look
        ending = "Interrupted." if isinstance(error, KeyboardInterrupt) else f"Stopped: {error}"
        if console.steps:
            _write_report(page, title, story.facts, console, ending)
            console.say(f"report: {page}")
        raise
    _write_report(page, title, story.facts, console, "")
    console.say("")
    for name, value in _figures(story.facts).items():
        console.say(f"{name}: {value}")
    console.say(f"report: {page}")
    console.say(f"done in {console.elapsed:.0f} s")


def _write_report(page: Path, title: str, facts: Facts, console: Console, ending: str) -> None:
    """The report in place of the former one, at once: until it is whole, the former one stays."""
    text = report.render(
        title=title,
        ending=ending,
        figures=_figures(facts),
        steps=console.steps,
        reports={title: path.read_text(encoding="utf-8") for title, path in facts.reports.items() if path.is_file()},
    )
    new = page.with_suffix(".new")
    disk.write(new, text)
    new.replace(page)


def _deploy(stack: Stack, cloud: Cloud, packs: PolicyFactory, console: Console, title: str) -> Deployment:
    with console.deployment(title) as progress:
        return stack.up(cloud, packs, on_event=progress)


def _figures(facts: Facts) -> dict[str, str]:
    """The run in a few figures, as far as it came."""
    figures: dict[str, str] = {}
    if facts.deployments:
        last = facts.deployments[-1]
        policies, judged = last.judged_by
        created = f"{len(last.created)} created, {len(last.recorded)} recorded only"
        figures["resources"] = f"{created}, {judged} judged by {policies} policies"
    if facts.verdicts:
        rows, quarantined = (sum(v[key] for v in facts.verdicts) for key in ("rows_in", "quarantined"))
        figures["rows"] = f"{rows} in, {quarantined} quarantined"
    if facts.evaluations:
        judged_models = (f"{e['metrics']['auc']['value']:.4f} ({e['gate']['decision']})" for e in facts.evaluations)
        figures["AUC"] = ", ".join(judged_models)
    scores = [report["drift_score"] for report in facts.drift]
    if scores:
        figures["drift"] = " -> ".join("none" if score is None else f"{score:.3f}" for score in scores)
    if facts.latency:
        p50, p99 = facts.latency.percentile(0.5), facts.latency.percentile(0.99)
        figures["predictions"] = f"{facts.latency.served} served, p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    return figures


def _record(stack: Stack) -> Path:
    return stack.home / home.RECORD
