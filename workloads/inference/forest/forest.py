"""A forest file, opened: scores and contributions of rows."""

from __future__ import annotations

import ctypes
import struct
from array import array
from collections.abc import Sequence
from pathlib import Path

from workloads.inference.forest import library

KERNELS = {1: "nodes", 2: "blocks", 3: "avx512"}
AUTOMATIC = 0
Row = Sequence[float]


class ForestError(ValueError):
    """A file that is no sound forest, or that this machine computes otherwise than XGBoost did."""


class DifferentError(ForestError):
    """A sound file, but this machine does not give the bits that XGBoost gave where the model was packaged."""


class Forest:
    """The trees of one model in memory. Safe to use from several threads.

    Rows are float64 with NaN for missing. Raises ForestError for a file that is damaged, DifferentError for one whose
    probes come out with other bits on this machine, OSError if the file or the library cannot be read.
    """

    def __init__(self, path: Path, location: Path, *, kernel: int = AUTOMATIC) -> None:
        self._library = library.load(location)
        data = path.read_bytes()
        message = ctypes.create_string_buffer(200)
        self._handle = self._library.forest_open(data, len(data), kernel, message, len(message))
        if not self._handle:
            raise ForestError(f"{path} is no sound forest file: {message.value.decode()}")
        self.features: int = self._library.forest_features(self._handle)
        self.outputs: int = self._library.forest_outputs(self._handle)
        self.kernel = KERNELS[self._library.forest_kernel(self._handle)]
        self._predict, self._score = self._library.forest_predict, self._library.forest_score
        self._packed = struct.Struct(f"={self.features}d").pack
        different = self._library.forest_check(self._handle)
        if different:
            raise DifferentError(f"{path}: {different} of its probe rows have other scores here than XGBoost gave them")

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.forest_close(self._handle)

    def one(self, features: Row) -> float:
        """The first output's score of one row."""
        score: float = self._score(self._handle, self._packed(*features))
        return score if score == score else self.many(array("d", features))[0]  # NaN may be a want of memory

    def many(self, values: array[float]) -> array[float]:
        """Scores as float32, `outputs` for each row; `values` are float64, row after row."""
        count = len(values) // self.features
        scores = array("f", bytes(4 * count * self.outputs))
        if self._predict(self._handle, values.buffer_info()[0], count, scores.buffer_info()[0]):
            raise MemoryError
        return scores

    def contributions(self, values: array[float]) -> list[list[float]]:
        """Contributions to the margin, one a feature and then the bias, for each row and output (pred_contribs)."""
        width, count = self.features + 1, len(values) // self.features
        found = array("d", bytes(8 * count * self.outputs * width))
        code = self._library.forest_contribute(self._handle, values.buffer_info()[0], count, found.buffer_info()[0])
        if code == -1:
            raise MemoryError
        if code:
            raise ForestError("the model has nodes that no training row reached, so contributions are not defined")
        return [found[start : start + width].tolist() for start in range(0, len(found), width)]
