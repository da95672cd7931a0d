"""`python -m local`: the platform on one machine, without an account."""

from local.commands import main
from workloads.job import leave

if __name__ == "__main__":
    leave(main())
