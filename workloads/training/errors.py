"""The three kinds of failure of a training job, told apart because three kinds of people act on them.

The split is that of the SageMaker XGBoost container (aws/sagemaker-xgboost-container, algorithm toolkit exceptions).
"""

from __future__ import annotations


class TrainingError(Exception):
    """A failure with its kind; `exit_code` is what the process returns and the failure file starts with the kind."""

    kind = "AlgorithmError"
    exit_code = 1

    def __init__(self, message: str, *, caused_by: BaseException | None = None) -> None:
        super().__init__(message)
        self.caused_by = caused_by

    def __str__(self) -> str:
        cause = f" (caused by {type(self.caused_by).__name__}: {self.caused_by})" if self.caused_by else ""
        return f"{self.kind}: {self.args[0]}{cause}"


class UserError(TrainingError):
    """Data, contract or hyper-parameters are wrong: whoever started the job can mend it."""

    kind, exit_code = "UserError", 2


class PlatformError(TrainingError):
    """The container contract is broken (a channel or directory is missing): the platform team mends it."""

    kind, exit_code = "PlatformError", 3
