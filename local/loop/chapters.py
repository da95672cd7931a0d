"""What each workload of a stack brings to the loop: its contract, one endpoint, and data in two deliveries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from contracts import loader
from contracts.kinds import KINDS, REALTIME, Kind
from contracts.schema import Contract
from local.loop import LoopError, data
from local.loop.console import Console
from local.runtime import Stack
from local.runtime.stack import PROJECT_DIRECTORY
from workloads.rehearsal.split import SplitError, split
from workloads.validation.verdict import Status

#: The contract that there is an embedded data set for.
EMBEDDED = PROJECT_DIRECTORY / "contracts" / "churn.yaml"


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One workload with an endpoint of a kind; `data_file` is None for the embedded data set."""

    workload: str
    endpoint: str
    kind: Kind
    contract: Contract
    data_file: Path | None


def chapters(stack: Stack, files: Mapping[str, Path]) -> list[Chapter]:
    """The workloads of a stack with their data: workload -> file, where "" stands for the only workload.

    Raises LoopError for a contract that cannot be read, and for data that is missing or nobody's.
    """
    workloads = stack.workloads
    if "" in files and len(workloads) > 1:
        raise LoopError(f"--data: found a file alone; the stack has {_list(workloads)}: write --data NAME=FILE")
    if unknown := sorted(set(files) - {"", *workloads}):
        raise LoopError(f"--data: found {unknown[0]}=...; allowed: {_list(workloads)}")
    return [
        _chapter(name, written, files.get(name, files.get("")), named=len(workloads) > 1)
        for name, written in workloads.items()
    ]


def _chapter(name: str, written: Mapping[str, Any], file: Path | None, *, named: bool) -> Chapter:
    path = PROJECT_DIRECTORY / written["contract"]
    if file is None and path.resolve() != EMBEDDED:
        asked = f"--data {name}=FILE" if named else "--data"
        raise LoopError(
            f"{written['contract']} needs {asked}: the embedded data set is that of contracts/churn.yaml only"
        )
    endpoint, settings = next(iter((written.get("endpoints") or {"live": {}}).items()))
    kind = KINDS.get(str((settings or {}).get("kind")), REALTIME)  # what is no kind is the program's to refuse
    return Chapter(workload=name, endpoint=endpoint, kind=kind, contract=_contract(path), data_file=file)


def _contract(path: Path) -> Contract:
    """A contract, checked before anything is started for it."""
    try:
        return loader.load(path)
    except loader.ContractError as error:
        raise LoopError(str(error)) from error
    except OSError as error:
        raise LoopError(
            f"--contract: {path} cannot be read ({error.strerror}); give a contract like contracts/churn.yaml"
        ) from error


def deliveries(chapter: Chapter, work: Path) -> tuple[Path, Path]:
    """The data of a workload in two files below `work`; the embedded data set where none is given."""
    work.mkdir(parents=True)
    file = chapter.data_file
    if file is None:
        file = work / "churn.csv"
        data.write_churn(file, day=datetime.now(UTC).date())
    return split(file, work / "deliveries", encoding=chapter.contract.encoding)


def rehearse(chapter: Chapter, console: Console) -> None:
    """Say what of the file is for later; LoopError if no model could be trained on it, before anything is deployed."""
    from workloads.rehearsal.rehearse import rehearse

    file = chapter.data_file
    if file is None:
        return
    try:
        rehearsal = rehearse(file, chapter.contract, now=datetime.now(UTC))
    except SplitError as error:
        raise LoopError(f"--data: {error}") from error
    if rehearsal.faults:
        told = "\n  ".join([f"--data: no model can be trained on {file}", *rehearsal.faults])
        raise LoopError(f"{told}\nthe whole of it: python -m contracts check CONTRACT --data {file}")
    first, second = rehearsal.first, rehearsal.second
    console.say(f"{file}: {first.rows_in} rows are delivered first, {second.rows_in} are held out until later")
    if second.status is not Status.ACCEPTED:
        console.say(f"the second delivery will be {second.status}: {'; '.join(f.text for f in second.findings)}")


def _list(workloads: Mapping[str, Any]) -> str:
    return ", ".join(workloads)
