"""An AWS for one machine, as a process of its own: moto, with what moto lacks and the platform needs.

Run `python -m local.emulator --home DIR`, or start it from a program with `start`. What is added to moto is listed in
`install.py`, one module a subject; the admin API is described in `admin.py`.
"""

from local.emulator.client import Emulator, EmulatorError, attach, start

__all__ = ["Emulator", "EmulatorError", "attach", "start"]
