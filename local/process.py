"""How the processes of the local run, which hold a million long-lived objects of AWS's models, are kept quick."""

from __future__ import annotations

import gc


def collect_rarely() -> None:
    """Look for garbage a tenth as often as Python does, and hardly ever among old objects.

    The old ones are classes and API models, which live to the end: to walk them again and again took half of the time
    of a run of the program (measured; memory grows by a tenth).
    """
    gc.set_threshold(10_000, 50, 1_000)
