"""What a stack costs a month: from its synth, the table of prices and an assumed traffic, with no account at all."""

from automation.cost.document import Document
from automation.cost.estimate import Estimate, Line, estimate
from automation.cost.traffic import Traffic

__all__ = ["Document", "Estimate", "Line", "Traffic", "estimate"]
