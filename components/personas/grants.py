"""What people read of tables, where Lake Formation decides it: one grant of tags a persona, for all workloads.

Data engineers read the files themselves, whatever is in them; who is named here reads columns by queries. All others
are granted nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from components.ground.lake_formation import Grant
from contracts.tables import OPEN, PERSONAL
from settings import Persona

#: Persona -> what it may do with databases and tables, by the tag that they, or their columns, have.
GRANTS: Final[Mapping[Persona, Sequence[Grant]]] = {
    Persona.DATA_SCIENTIST: (
        Grant(name="finds", kind="DATABASE", values=(OPEN, PERSONAL), permissions=("DESCRIBE",)),
        Grant(name="reads", kind="TABLE", values=(OPEN,), permissions=("DESCRIBE", "SELECT")),
    ),
}
