"""Where a policy is mandatory: the environments a stack can be, and the level of a policy in each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pulumi_policy import EnforcementLevel


class Environment(StrEnum):
    """What a stack is for. It decides which policies may stop an update; it is not a place or an account."""

    DEV = "dev"
    STAGING = "staging"
    PROD = "prod"


@dataclass(frozen=True, slots=True)
class Levels:
    """The enforcement level in each environment."""

    dev: EnforcementLevel
    staging: EnforcementLevel
    prod: EnforcementLevel

    def within(self, environment: Environment) -> EnforcementLevel:
        """The level in one environment."""
        return {Environment.DEV: self.dev, Environment.STAGING: self.staging, Environment.PROD: self.prod}[environment]


_ADVISORY, _MANDATORY = EnforcementLevel.ADVISORY, EnforcementLevel.MANDATORY
EVERYWHERE = Levels(_MANDATORY, _MANDATORY, _MANDATORY)
FROM_STAGING = Levels(_ADVISORY, _MANDATORY, _MANDATORY)
IN_PROD = Levels(_ADVISORY, _ADVISORY, _MANDATORY)
NOWHERE = Levels(_ADVISORY, _ADVISORY, _ADVISORY)


def environment_of(stack: str) -> Environment:
    """The environment of a stack, by the head of its name: `dev-alice` and `pr-12` are dev, `staging-eu` is staging.

    Every other stack is judged as production: a new name must not weaken a policy.
    """
    return _HEADS.get(_head(stack), Environment.PROD)


def says_its_environment(stack: str) -> bool:
    """Whether a stack is judged as its name says, rather than as production because the name says nothing."""
    return _head(stack) in _HEADS or _head(stack).startswith(Environment.PROD)


def _head(stack: str) -> str:
    return stack.rpartition("/")[2].partition("-")[0]


_HEADS = {"dev": Environment.DEV, "pr": Environment.DEV, "staging": Environment.STAGING}
