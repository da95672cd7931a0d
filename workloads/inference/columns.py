"""The columns of a request by name: those that are read, those that are left out, and names that are a mistake.

What a model was trained on can be scored: the contract's columns that are no inputs (label, event time, personal ones)
are left out without a word, and columns that it does not know with one warning. A name that is near to an input which
is not there is refused: left out, it would be scored as a missing value, and nobody would know. A column may be called
as delivered files call it (the contract's `source`).
"""

from __future__ import annotations

import difflib
import functools
import logging
from collections.abc import Collection, Iterable, Iterator

from contracts import expression
from contracts.schema import Contract
from contracts.tree import columns_of
from workloads.inference.checks import Check
from workloads.inference.errors import MAX_FAULTS, Fault, show

NEAR = 0.85  # of difflib's ratio: one or two letters of a name of ten
MAX_COMPARED = 50  # unknown names of one request that are compared with the inputs that are not there
MAX_TOLD = 1000  # names that are warned of in the life of a model
_CACHED_NAMES = 1000
_log = logging.getLogger(__name__)


class Columns:
    """The columns of one contract. `checks` are of its inputs in order; `known` has them and the entity's by name."""

    def __init__(self, contract: Contract) -> None:
        used: set[str] = set().union(*map(columns_of, expression.features(contract).values()))
        self.checks = [Check(column, column.nullable or column.name not in used) for column in contract.inputs]
        self.entity = Check(contract.column(contract.entity), nullable=True)
        self.known = {check.name: check for check in (*self.checks, self.entity)}
        self.ignored = frozenset(column.name for column in contract.columns) - self.known.keys()
        self._names = {column.source.strip(): column.name for column in contract.columns if column.source}
        self._told: set[str] = set()
        self._cached = functools.lru_cache(maxsize=64)(self._judged)

    @property
    def names(self) -> Collection[str]:
        """All names that a header may have, those of delivered files too."""
        return {*self.known, *self.ignored, *self._names}

    @property
    def source_names(self) -> Collection[str]:
        """Names of delivered files that are not the contract's."""
        return self._names.keys()

    def named(self, names: Iterable[str]) -> tuple[str, ...]:
        """`names` with those of delivered files as the contract has them."""
        return tuple([self._names.get(name, name) for name in names]) if self._names else tuple(names)

    def faults(self, names: tuple[str, ...]) -> list[Fault]:
        """What is wrong with the names of a row or a header; warns of those that are left out, of each once."""
        return (self._cached if len(names) <= _CACHED_NAMES else self._judged)(names)

    def are_header(self, names: Collection[str]) -> bool:
        """Whether cells of a first line are names of columns: all of them, or at least two."""
        given = frozenset(names)
        found = given & (self.known.keys() | self.ignored)
        return len(found) >= 2 or (bool(found) and found == given)

    def _judged(self, names: tuple[str, ...]) -> list[Fault]:
        given = frozenset(names)
        absent = [check for check in self.checks if check.name not in given]
        unknown = sorted(given - self.known.keys() - self.ignored)
        faults = [
            Fault(field=show(name)[1:-1], found="an unknown field", allowed=allowed)
            for name, allowed in self._mistaken(unknown, absent)
        ]
        faults += [Fault(field=c.name, found="nothing", allowed=c.allowed) for c in absent if not c.nullable]
        if unknown and not faults:
            self._warn(unknown)
        return faults

    def _mistaken(self, unknown: list[str], absent: list[Check]) -> Iterator[tuple[str, str]]:
        """Unknown names that are a mistake, and what is allowed there: all of them where no input is given."""
        if len(absent) == len(self.checks):
            yield from ((name, ", ".join(self.known)) for name in unknown[:MAX_FAULTS])
        elif len(unknown) <= MAX_COMPARED:
            for check in absent:
                for name in difflib.get_close_matches(check.name, unknown, n=1, cutoff=NEAR):
                    yield name, f"{check.name!r}, which is not there"

    def _warn(self, unknown: list[str]) -> None:
        new = [name for name in unknown if name not in self._told][: MAX_TOLD - len(self._told)]
        if new:
            self._told.update(new)
            shown = ", ".join(show(name) for name in new[:10]) + (f" and {len(new) - 10} more" if new[10:] else "")
            _log.warning("columns that the contract does not have are left out: %s", shown)
