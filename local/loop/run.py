"""The commands `up` and `down`: an emulator, the loop over it, and the report; or an update of what is running."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from automation.cost.month import Month
from contracts import schema
from contracts.names import Names
from local import disk
from local.emulator import client
from local.emulator.client import Emulator
from local.loop import LoopError, chapters, home, kept, report, searched
from local.loop.chapters import Chapter
from local.loop.console import Console
from local.loop.facts import Facts
from local.loop.kept import cloud_of, running_emulator
from local.loop.platform import Platform
from local.loop.story import Story
from local.runtime import Deployment, Stack
from local.runtime.model import Cloud, PolicyFactory
from local.runtime.packs import kept_packs
from local.runtime.stack import PROJECT_DIRECTORY


def up(
    stack: Stack,
    *,
    contract: Path | None,
    files: Mapping[str, Path],
    keep: bool,
    levels: str | None = None,
    beneath: Path | None = None,
    tune: bool = False,
    refresh: bool = False,
) -> int:
    """Run the whole loop on a fresh emulator; where one was kept running, only bring it up to date, with `refresh`
    after what is live was read. Returns 0.

    `files` is the data of the workloads by name (`chapters.chapters`). An emulator that is not kept ends with this
    process, however that ends. `beneath` is a project that the stack stands on. To `tune` is to have a search find the
    first model, by the workload's `tuning` or one of few trials.
    """
    console = Console()
    if tune:
        stack.override({"workloads": {name: {"tuning": searched.FEW} | its for name, its in stack.workloads.items()}})
    with home.occupied(stack.home):
        if running := running_emulator(stack):
            if beneath:
                stand_on(stack, beneath, cloud_of(running), console)
            _update(stack, running, console, files, levels, refresh=refresh)
            return 0
        told = chapters.chapters(stack, files)
        for option, file in (("--contract", contract), *(("--data", file) for file in files.values())):
            if file:
                home.refuse_inside(stack.home, option, file)
        for chapter in told:
            chapters.rehearse(chapter, console)
        home.clear(stack.home)
        with kept_packs(stack, levels) as packs:
            work = {chapter.workload: _place(stack, chapter, alone=len(told) == 1) for chapter in told}
            parts = {chapter.workload: chapters.deliveries(chapter, work[chapter.workload]) for chapter in told}
            with _emulator(stack, console, keep=keep) as emulator:
                cloud = cloud_of(emulator)
                if beneath:
                    stand_on(stack, beneath, cloud, console)
                stories = [
                    Story(
                        console=console,
                        platform=_platform(stack, chapter, emulator, work[chapter.workload]),
                        emulator=emulator,
                        contract=chapter.contract,
                        up=lambda title: _deploy(stack, cloud, packs, console, title),
                        deliveries=parts[chapter.workload],
                        workdir=work[chapter.workload],
                        label="" if len(told) == 1 else f"{chapter.workload}: ",
                        tune=tune,
                    )
                    for chapter in told
                ]
                _tell(stack, stories, console)
    return 0


def stand_on(stack: Stack, project: Path, cloud: Cloud, console: Console) -> None:
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
def _emulator(stack: Stack, console: Console, *, keep: bool) -> Generator[Emulator]:
    """A fresh emulator; at the end it is stopped, or kept and recorded for `down`."""
    emulator = client.start(stack.home / "emulator", region=stack.region, arguments=("--warm",))
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


def _update(
    stack: Stack, running: Emulator, console: Console, files: Mapping[str, Path], levels: str | None, *, refresh: bool
) -> None:
    with console.step(f"Update {stack.name} on the emulator at {running.url}"), kept_packs(stack, levels) as packs:
        done = _deploy(stack, cloud_of(running), packs, console, "update", refresh=refresh)
        for line in done.refreshed:
            console.say(line)
        console.say(", ".join(f"{len(urns)} {op.value}" for op, urns in done.changes.items() if urns))
        for line in kept.told(running):
            console.say(line)
        for file in files.values():
            console.say(f"{file} is not delivered: the loop runs on a fresh emulator, after `{_down_command(stack)}`")


def _down_command(stack: Stack) -> str:
    """How to stop the emulator of this stack, wherever its home is."""
    usual = PROJECT_DIRECTORY / ".local" / stack.name
    return f"python -m local down --stack {stack.name}" + ("" if stack.home == usual else f" --home {stack.home}")


def _place(stack: Stack, chapter: Chapter, *, alone: bool) -> Path:
    """Where the files of a workload's loop are: the only one's in `run` itself."""
    return stack.home / "run" if alone else stack.home / "run" / chapter.workload


def _platform(stack: Stack, chapter: Chapter, emulator: Emulator, work: Path) -> Platform:
    contract_file = work / "contract.json"
    disk.write(contract_file, schema.to_json(chapter.contract))
    ground = Names(stack=stack.name, account=emulator.account, region=stack.region)
    names = ground.of_workload(chapter.workload).of_endpoint(chapter.endpoint)
    platform = Platform(emulator, names, contract_file, chapter.kind)
    if chapter.kind.host == "ecs":
        said = stack.workloads[chapter.workload]["endpoints"][chapter.endpoint]
        emulator.have(
            security_groups=said.get("client_security_groups", []), certificates=[said.get("certificate_arn", "")]
        )
    if any(column.pii is schema.Pii.HASH for column in chapter.contract.columns):
        platform.make_salt()
    return platform


def _tell(stack: Stack, stories: Sequence[Story], console: Console) -> None:
    """The whole loop of the first workload, and of every other one as far as its predictions."""
    workloads = ", ".join(story.platform.names.workload for story in stories)
    title = f"{workloads} on {stack.name}, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    page = stack.home / home.REPORT
    try:
        stories[0].lay_the_ground()
        for story in stories:
            story.reach_predictions()
        stories[0].close_the_loop()
        stories[0].serve_another()
        stories[0].rest_and_wake()
    except BaseException as error:  # also of an interruption: what was found until then is worth a look
        ending = "Interrupted." if isinstance(error, KeyboardInterrupt) else f"Stopped: {error}"
        if console.steps:
            _write_report(page, title, _figures(stories), stories, console, ending)
            console.say(f"report: {page}")
        raise
    figures = {**_figures(stories), "on AWS": Month.of(stack.synth()).told()}
    _write_report(page, title, figures, stories, console, "")
    console.say("")
    for name, value in figures.items():
        console.say(f"{name}: {value}")
    if others := [story.platform.names.workload for story in stories[1:]]:
        first = stories[0].platform.names.workload
        console.say(
            f"drift, retraining and rollback are told of {first}, the first workload, not of {', '.join(others)}"
        )
    console.say(f"report: {page}")
    console.say(f"done in {console.elapsed:.0f} s")


def _write_report(
    page: Path, title: str, figures: Mapping[str, str], stories: Sequence[Story], console: Console, ending: str
) -> None:
    """The report in place of the former one, at once: until it is whole, the former one stays."""
    text = report.render(
        title=title,
        ending=ending,
        figures=figures,
        steps=console.steps,
        reports={
            f"{story.label}{title}": path.read_text(encoding="utf-8")
            for story in stories
            for title, path in story.facts.reports.items()
            if path.is_file()
        },
    )
    new = page.with_suffix(".new")
    disk.write(new, text)
    new.replace(page)


def _deploy(
    stack: Stack, cloud: Cloud, packs: PolicyFactory, console: Console, title: str, *, refresh: bool = False
) -> Deployment:
    with console.deployment(title) as progress:
        return stack.up(cloud, packs, on_event=progress, refresh=refresh)


def _figures(stories: Sequence[Story]) -> dict[str, str]:
    """The run in a few figures, as far as it came."""
    figures: dict[str, str] = {}
    if deployments := [deployment for story in stories for deployment in story.facts.deployments]:
        last = deployments[-1]
        policies, judged = last.judged_by
        created = f"{len(last.created)} created, {len(last.recorded)} recorded only"
        figures["resources"] = f"{created}, {judged} judged by {policies} policies"
    for story in stories:
        figures |= {f"{story.label}{name}": value for name, value in _of_one(story.facts).items()}
    return figures


def _of_one(facts: Facts) -> dict[str, str]:
    """The figures of one workload."""
    figures: dict[str, str] = {}
    if facts.verdicts:
        rows, quarantined = (sum(v[key] for v in facts.verdicts) for key in ("rows_in", "quarantined"))
        figures["rows"] = f"{rows} in, {quarantined} quarantined"
    if facts.evaluations:
        judged_models = (f"{e['headline']['value']:.4f} ({e['gate']['decision']})" for e in facts.evaluations)
        metric = facts.evaluations[0]["headline"]["metric"]
        figures["AUC" if metric == "auc" else metric] = ", ".join(judged_models)
    scores = [report["drift_score"] for report in facts.drift]
    if scores:
        figures["drift"] = " -> ".join("none" if score is None else f"{score:.3f}" for score in scores)
    if facts.latency:
        p50, p99 = facts.latency.percentile(0.5), facts.latency.percentile(0.99)
        figures["predictions"] = f"{facts.latency.served} served, p50 {p50:.2f} ms, p99 {p99:.2f} ms"
    return figures


def _record(stack: Stack) -> Path:
    return stack.home / home.RECORD
