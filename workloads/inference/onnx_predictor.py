"""Scores of a model that others made, in ONNX form, from onnxruntime on one thread.

Such a model takes one matrix, the contract's features in their order (float32 or float64, NaN for missing), and answers
with one tensor: a number a row, two probabilities a row of which the second is taken, or the probabilities of all
classes in the contract's order. The file is all of it: data that lies in files beside it is not read.
"""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from workloads.inference.predictor import Features, UnscoredError

_LARGEST = np.finfo(np.float32).max
_INPUTS: Final = {"tensor(float)": np.float32, "tensor(double)": np.float64}
_TOLD = 3  # severity of onnxruntime's log: errors and worse


class OnnxError(ValueError):
    """A file that is no ONNX model, or one that does not take the features or answer as the task asks."""


class OnnxPredictor:
    """An inference session. Raises OnnxError for a model that cannot be asked, OSError for a file that cannot be read.

    `features` and `outputs` are how many the contract has. `output` names the tensor that is read; without it, it is
    the model's only one that holds numbers of floating point (exports of classifiers answer with labels besides).
    """

    name = "onnx"
    explains = False

    def __init__(self, path: Path, features: int, outputs: int, *, output: str | None = None) -> None:
        self.features, self.outputs = features, outputs
        self._name = path.name
        content = path.read_bytes()  # from memory: no file beside it can be meant
        try:
            self._session = onnxruntime.InferenceSession(content, _options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own exceptions have no common class but this
            raise OnnxError(f"{path.name} is no model that onnxruntime opens: {_first_line(error)}") from error
        self.producer: str = self._session.get_modelmeta().producer_name or "unnamed"
        self._input, self._type = self._of_features(path.name)
        self.output = output or self._of_scores(path.name)

    def _of_features(self, name: str) -> tuple[str, Any]:
        """The name and the type of the model's input."""
        inputs = self._session.get_inputs()
        told = ", ".join(f"{i.name} {i.type} {i.shape}" for i in inputs)
        allowed = f"one matrix of float or double with a free number of rows and {self.features} columns"
        shape = inputs[0].shape if inputs else []
        sound = len(inputs) == 1 and inputs[0].type in _INPUTS and len(shape) == 2 and not isinstance(shape[0], int)
        if not sound or (isinstance(shape[1], int) and shape[1] != self.features):
            raise OnnxError(
                f"{name}: inputs {told or 'none'} are found; allowed is {allowed}, the contract's features in their "
                "order; export the model so"
            )
        return inputs[0].name, _INPUTS[inputs[0].type]

    def _of_scores(self, name: str) -> str:
        """The output that is read."""
        outputs = self._session.get_outputs()
        fitting = [output.name for output in outputs if output.type in _INPUTS]
        if len(fitting) != 1:
            told = ", ".join(f"{output.name} {output.type}" for output in outputs)
            raise OnnxError(
                f"{name}: outputs {told} are found; allowed is one tensor of float or double beside labels; export the "
                "model so (of a classifier its probabilities without zipmap)"
            )
        return fitting[0]

    def answers(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """The model's own numbers (n, one or more) for a matrix (n, features); what is not finite is handed on.

        OnnxError for a model that fails on these rows, or does not answer row by row.
        """
        try:
            found = self._session.run([self.output], {self._input: matrix.astype(self._type)})[0]
        except Exception as error:  # as above
            raise OnnxError(f"{self._name} fails on {len(matrix)} rows: {_first_line(error)}") from error
        answers: NDArray[np.float32] = np.asarray(found).astype(np.float32)
        if len(answers.shape) not in (1, 2) or len(answers) != len(matrix):
            raise OnnxError(
                f"{self._name} answers {len(matrix)} rows in shape {answers.shape}; allowed is (rows, numbers)"
            )
        return answers.reshape(len(matrix), -1)

    def scores(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,), or (n, outputs) of several. OnnxError as `answers`, and for another count of numbers a row."""
        answers = self.answers(matrix)
        if answers.shape[1] not in ((1, 2) if self.outputs == 1 else (self.outputs,)):
            wanted = "1, or 2 probabilities," if self.outputs == 1 else self.outputs
            raise OnnxError(
                f"{self._name} answers with {answers.shape[1]} numbers a row; allowed are {wanted} of this task"
            )
        return answers[:, -1] if self.outputs == 1 else answers

    def one(self, features: Features) -> float:
        """The score of one row; of a model with several outputs the first. UnscoredError as `many`."""
        return self.many(array("d", features))[0]

    def many(self, values: array[float]) -> list[float]:
        """The scores of some rows. UnscoredError if one is no finite number: an export need not know missing values."""
        wide = np.frombuffer(values, dtype=np.float64).reshape(-1, self.features)
        found = self.scores(np.clip(wide, -_LARGEST, _LARGEST).astype(np.float32))
        unscored = np.flatnonzero(~np.isfinite(found.reshape(len(wide), -1)).all(axis=1))
        if unscored.size:
            raise UnscoredError(int(unscored[0]))
        return found.reshape(-1).tolist()

    def contributions(self, values: array[float]) -> list[list[float]]:
        """There are none."""
        raise NotImplementedError("an ONNX model does not say what each feature contributes")


def _options() -> onnxruntime.SessionOptions:
    """One thread: the service has a process for each core, and the order of a sum must not depend on the machine."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = _TOLD
    return options


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__
