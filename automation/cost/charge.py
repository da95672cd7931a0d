"""What a rule says of a resource: how much of which priced item it uses in a month."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from automation.cost.document import Document, Resource
from automation.cost.traffic import Traffic


class Charge(NamedTuple):
    """Quantity of an item of the price table, in the table's unit. `traffic`: it follows the use, not the existence."""

    service: str
    item: str
    quantity: float
    traffic: bool = False


class Context(NamedTuple):
    """What a rule sees beside its resource."""

    document: Document
    traffic: Traffic


Rule = Callable[[Resource, Context], Iterable[Charge]]
