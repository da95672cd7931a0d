"""What a contract may become once it is live: it grows, and what it has stays what it is.

Four rooms hold what came in under a contract, and none of them changes its columns: the accepted files, which runs and
tables read by name and type; the feature group, of which SageMaker changes no type and removes no feature (API
reference, UpdateFeatureGroup, read 2026-11-29); the tables of the Data Catalog, which read old Parquet by the new type
(Athena user guide, "Handle schema updates"); and the live model, which judges requests by the contract in its package.
"""

from __future__ import annotations

from collections.abc import Iterator

from contracts import feature_store, tables
from contracts.schema import Column, ColumnType, Contract, Pii, Task

#: How a column is replaced where it cannot change.
_ANOTHER = (
    "add a column of another name, nullable, which files bring beside it, and leave this one nullable, so that they "
    "may bring it empty; or begin a workload of another name"
)


def faults(live: Contract, wanted: Contract) -> list[str]:
    """Why what is live by one contract cannot take another, every reason as a line; empty where it can.

    `field: found ...; live: ..., what would break; what to do`. A column more that is nullable is taken, one that
    becomes nullable, and whatever says how texts are read, which values are legal, and how a model is made and judged.
    """
    return [*_keys(live, wanted), *_gone(live, wanted), *_changed(live, wanted), *_come(live, wanted)]


def refusal(live: Contract, wanted: Contract, *, called: str) -> str:
    """The faults as one text, empty where there are none; `called` is how people know the live contract."""
    found = faults(live, wanted)
    return "\n  ".join([f"contract {wanted.name}: {called} cannot take it", *found]) if found else ""


def _keys(live: Contract, wanted: Contract) -> Iterator[str]:
    for key, was, now in (
        ("entity", live.entity, wanted.entity),
        ("event_time", live.event_time, wanted.event_time),
    ):
        if was != now:
            yield (
                f"{key}: found {now}; live: {was}, by which the feature group keeps its records: another group would "
                f"begin empty, and this one would be deleted with all it holds; leave it {was} (columns.{was}.source "
                "says how files call it), or begin a workload of another name"
            )


def _gone(live: Contract, wanted: Contract) -> Iterator[str]:
    """Features that the contract has no more, or no more as features."""
    left, columns, renamed = _features(wanted), {each.name: each for each in wanted.columns}, _renamed(live, wanted)
    for name, was in _features(live).items():
        if name in left or name in (live.entity, live.event_time):
            continue
        removed = f"live: {was.type}; SageMaker removes no feature from a group, and the live model is asked with it"
        if name == wanted.label:
            yield f"label: found {name}; live: {live.label}, and {name} is a feature; {_ANOTHER}"
        elif name in columns:
            yield (
                f"columns.{name}.pii: found {columns[name].pii}; live: none, and accepted files, records and captured "
                f"requests have it as it came; {_ANOTHER}"
            )
        elif name in renamed:
            yield (
                f"columns.{renamed[name]}: found in the place of {name}; {removed}; keep the name {name}, and let "
                f"columns.{name}.source say how files call it"
            )
        else:
            yield (
                f"columns.{name}: found nothing; {removed}; leave it in the contract (nullable, so that files may "
                "bring it empty; no feature has to use it)"
            )


def _renamed(live: Contract, wanted: Contract) -> dict[str, str]:
    """Columns that are gone -> what stands for them: what files call so, or the only one that came, by its type."""
    before, after = ({each.name: each for each in contract.columns} for contract in (live, wanted))
    gone = [each for name, each in before.items() if name not in after]
    come = [each for name, each in after.items() if name not in before]
    called = {each.source.casefold(): each.name for each in come if each.source}
    found = {each.name: called.get((each.source or each.name).casefold()) for each in gone}
    if len(gone) == len(come) == 1 and gone[0].type is come[0].type:
        found[gone[0].name] = come[0].name
    return {name: new for name, new in found.items() if new}


def _changed(live: Contract, wanted: Contract) -> Iterator[str]:
    """Columns that both have, as something else."""
    before = _stored(live)
    for name, now in _stored(wanted).items():
        if (was := before.get(name)) is None:
            continue
        if was.pii is Pii.HASH and now.pii is None:
            yield f"columns.{name}.pii: found none; live: hash, and accepted files have hashes of it; {_ANOTHER}"
        elif was.type is not now.type:
            yield _type(was, now, live)
        if was.nullable and not now.nullable:
            yield (
                f"columns.{name}.nullable: found false; live: true, so rows and records that are there may lack it, "
                "and a model that may not miss it refuses their entities; leave it true (`fill(column, 0)` gives a "
                "feature a value)"
            )
    of_classes = live.label == wanted.label and live.task is wanted.task is Task.MULTICLASS_CLASSIFICATION
    if lost := [value for value in live.classes if of_classes and value not in wanted.classes]:
        yield (
            f"columns.{live.label}.allowed: found without {', '.join(map(str, lost))}; live: with, and accepted rows "
            "of that class would have no label; leave it, or begin a workload of another name"
        )


def _type(was: Column, now: Column, live: Contract) -> str:
    """No wider type is taken either: each room knows a column by one type."""
    breaks = [f"accepted files have {tables.TYPES[was.type]} there, which runs and tables read as nothing else"]
    if was.pii is Pii.HASH:
        breaks = ["accepted files have hashes of its texts as that"]
    if was.name in _features(live):
        old, new = feature_store.TYPES[was.type], feature_store.TYPES[now.type]
        breaks += [f"the feature group has it as {old}, which SageMaker never changes"] if old != new else []
        breaks += [f"the live model judges requests by {was.type}"]
    widening = (was.type, now.type) == (ColumnType.INTEGER, ColumnType.NUMBER)
    why = " (wider, but no room can widen)" if widening else ""
    way = "begin a workload of another name" if was.name == live.label else _ANOTHER
    return f"columns.{was.name}.type: found {now.type}{why}; live: {was.type}: {'; '.join(breaks)}; leave it, or {way}"


def _come(live: Contract, wanted: Contract) -> Iterator[str]:
    """Columns that accepted files or the feature group do not have yet: what is there has no value of them."""
    told = {*_renamed(live, wanted).values(), wanted.entity, wanted.event_time}
    for held_before, held in ((_stored(live), _stored(wanted)), (_features(live), _features(wanted))):
        for name, column in held.items():
            if name not in held_before and name not in told and not column.nullable:
                told.add(name)
                yield (
                    f"columns.{name}.nullable: found false; live: not there, so rows and records from before have no "
                    "value of it; make it nullable, and run `python -m automation evolve` before `up`"
                )


def _stored(contract: Contract) -> dict[str, Column]:
    """What accepted files have."""
    return {column.name: column for column in contract.columns if column.pii is not Pii.DROP}


def _features(contract: Contract) -> dict[str, Column]:
    return {column.name: column for column in feature_store.columns(contract)}
