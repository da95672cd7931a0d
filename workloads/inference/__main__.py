"""`python -m workloads.inference --model-dir DIR [--port P] [--workers N]`: serve until SIGTERM.

The first line on standard output is {"port": N}, written when the service answers; logs go to standard error.
"""

from __future__ import annotations

import sys

from workloads import logs
from workloads.inference import server, settings

if __name__ == "__main__":
    logs.of_the_process()
    sys.exit(server.run(settings.parse(sys.argv[1:])))
