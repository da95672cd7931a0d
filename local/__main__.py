"""`python -m local`: the platform on one machine, without an account."""

import signal
from typing import NoReturn

from local.commands import main
from workloads.job import leave


def _interrupted(number: int, _: object) -> NoReturn:
    """End as by Ctrl-C, with a report and nothing left running; a second signal ends at once."""
    signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt(number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)
    leave(main())
