"""One of several values: the likeliest class, and the probabilities of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contracts.schema import Contract
from workloads.tasks.strategy import Strategy


class Multiclass(Strategy):
    """The classes are those that the contract lists; a data set has their positions, from 0."""

    fields = ("prediction", "probabilities")
    loss = "mlogloss"

    def __init__(self, contract: Contract, threshold: float) -> None:
        super().__init__(contract, threshold)
        self.names = contract.classes
        self._texts = [str(name) for name in self.names]
        self.classes = tuple(range(len(self.names)))
        self.outputs = len(self.names)
        self.header = ("prediction", *(f"probability of {text}" for text in self._texts))
        self._position = {name: index for index, name in enumerate(self.names)}
        self._position_of_text = {text: index for index, text in enumerate(self._texts)}

    def stored(self, label: Any) -> Any:
        """The position of the class, as int8."""
        import narwhals as nw

        found: Any = nw.lit(None, dtype=nw.Int8)
        for index, name in reversed(list(enumerate(self.names))):
            found = nw.when(label == nw.lit(name)).then(nw.lit(index, dtype=nw.Int8)).otherwise(found)
        return found

    def told(self, counts: Sequence[int]) -> Mapping[str, Any]:
        """The rows of each class."""
        return {"classes": dict(zip(self._texts, counts, strict=True))}

    def unlearnable(self, found: set[float]) -> str | None:
        """By the classes' names, for their positions stand in no contract."""
        lacking = [repr(name) for position, name in enumerate(self.names) if position not in found]
        if not lacking:
            return super().unlearnable(found)
        return (
            f"has no row of {', '.join(lacking)}; needed: rows of all {len(self.names)} classes that the contract "
            "allows; deliver some, or take what never comes out of `allowed`"
        )

    def parameters(self) -> Mapping[str, Any]:
        """The log loss over all classes."""
        return {"objective": "multi:softprob", "num_class": len(self.names)}

    def decide(self, output: Sequence[float]) -> Any:
        """The likeliest class; of equally likely ones the first."""
        return self.names[output.index(max(output))]

    def values(self, output: Sequence[float], decision: Any) -> tuple[Any, ...]:
        """The class, and the probabilities by class."""
        return decision, dict(zip(self._texts, output, strict=True))

    def output(self, prediction: Mapping[str, Any]) -> Sequence[float]:
        """The probabilities, in the contract's order."""
        return [prediction["probabilities"][text] for text in self._texts]

    def cells(self, output: Sequence[float], decision: Any) -> tuple[Any, ...]:
        """The class, and the probabilities in the contract's order."""
        return decision, *output

    def properties(self) -> Mapping[str, Any]:
        """A class, and numbers by class."""
        number = {"type": "number", "minimum": 0, "maximum": 1}
        return {
            "prediction": {"enum": list(self.names), "description": "the likeliest class"},
            "probabilities": {"type": "object", "properties": dict.fromkeys(self._texts, number)},
        }

    def watched(self, prediction: Mapping[str, Any]) -> float:
        """The position of the class."""
        return float(self._position[prediction["prediction"]])

    def watched_line(self, cells: Sequence[str]) -> float:
        """The position of the class, by its text."""
        return float(self._position_of_text[cells[0]])
