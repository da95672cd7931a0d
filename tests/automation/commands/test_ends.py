"""Which end an error is: what a person can cause has a code and one line, a fault of the program its trace."""

from __future__ import annotations

import pytest
from botocore.exceptions import NoCredentialsError

from automation.commands import ended
from automation.exits import Exit
from automation.operations.errors import (
    AccessError,
    DeploymentError,
    PolicyViolationError,
    RefusedError,
    StoppedError,
)
from contracts.prices import PriceError
from contracts.release import ReleaseError
from contracts.release.lock import BusyError
from contracts.release.rollback import NoConfigurationError


def raising(error: BaseException) -> int:
    def act() -> None:
        raise error

    return ended(act)


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (RefusedError("no"), Exit.REFUSED, "error: no"),
        (ReleaseError("no"), Exit.REFUSED, "error: no"),
        (NoConfigurationError("run `up`"), Exit.REFUSED, "error: run `up`"),
        (PriceError("add a line"), Exit.REFUSED, "error: add a line"),
        (FileNotFoundError(2, "No such file", "a.csv"), Exit.REFUSED, "error: a.csv: No such file"),
        (BusyError("wait"), Exit.BUSY, "busy: wait"),
        (AccessError("log in"), Exit.AWS, "AWS: log in"),
        (NoCredentialsError(), Exit.AWS, "AWS: Unable to locate credentials"),
        (DeploymentError("half"), Exit.FAILED, "failed: half"),
        (PolicyViolationError("kms"), Exit.POLICY, "policy: kms"),
        (StoppedError("left"), Exit.INTERRUPTED, "interrupted: left"),
        (KeyboardInterrupt(), Exit.INTERRUPTED, Exit.INTERRUPTED.meaning),
        (SystemExit(7), Exit.DIFFERS, ""),
    ],
)
def test_what_a_person_can_cause_has_a_code_and_one_line(
    error: BaseException, code: Exit, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert raising(error) == code
    assert capsys.readouterr().err.strip() == said


@pytest.mark.parametrize("error", [KeyError("workloads"), TypeError("None"), ValueError("x"), RuntimeError("x")])
def test_a_fault_of_the_program_shows_its_trace(error: Exception) -> None:
    with pytest.raises(type(error)):
        raising(error)


def test_an_act_that_ends_is_done() -> None:
    assert ended(lambda: None) == Exit.DONE
