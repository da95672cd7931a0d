"""What people and their scripts do with a running platform: plain functions, with names and AWS clients given.

The command line (`python -m automation`) and the local run use these and nothing else for an operator's act. What they
refuse raises RefusedError or `contracts.release.ReleaseError`, what has to wait `contracts.release.lock.BusyError`;
errors of AWS propagate.
"""

from automation.operations import deliveries, images, packages, releases, training

__all__ = ["deliveries", "images", "packages", "releases", "training"]
