"""The commands on stacks have the project and the played CLI of the stacks' own tests."""

from tests.automation.stacks.conftest import engine

__all__ = ["engine"]
