"""How often Python looks for garbage in the processes of the local run."""

import gc


def collect_rarely() -> None:
    """Look for cycles a tenth as often as Python does, and hardly ever among the old objects.

    The classes and API models of AWS are some million objects that live to the end; to walk them again and again took
    half of the time of a run of the program (measured; memory grows by a tenth).
    """
    gc.set_threshold(10_000, 50, 1_000)
