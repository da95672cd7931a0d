"""`python -m local`: the platform on one machine, without an account."""

import signal
import sys
from typing import NoReturn

try:
    from local.commands import main
    from workloads.job import leave
except KeyboardInterrupt:  # nothing was begun
    sys.exit(130)


def _interrupted(number: int, _: object) -> NoReturn:
    """End as by Ctrl-C, with a report and nothing left running; a second signal ends at once."""
    signal.signal(number, signal.SIG_DFL)
    raise KeyboardInterrupt(number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupted)
    leave(main())
