"""What AWS charges: one dated table of list prices in USD, and what is taken where a region has no line of its own.

`prices.csv` has a line for each price: service, item, region, unit, USD, whether its source was seen (`no` is quoted
from memory of AWS's pricing page), the day it was read, and the source. Free tiers and discounts are left out. A price
that was not seen is shown with a `~`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from contracts import partitions

HOURS_A_MONTH: Final = 730  # 365 days of 24 hours, over 12, as AWS's calculator counts
#: Where the table has every item.
REFERENCE: Final = "us-east-1"
#: For a region's missing lines: factors on those of us-east-1, of what computes and of all else. From a bill of
#: eu-west-1 (aws-samples/sagemaker-ssh-helper, Sample_Costs.md) against the lines of us-east-1.
FACTORS: Final[Mapping[str, tuple[float, float]]] = {REFERENCE: (1, 1), "eu-west-1": (1.115, 1.10)}
_COMPUTE: Final = ("instance ", "duration ", "fargate ", "DPU")

Text = Annotated[str, Field(min_length=1)]


class PriceError(LookupError):
    """No price for something that costs."""


class Price(BaseModel):
    """One price: USD for one unit of an item in a region. `seen` false: quoted from memory, or derived."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: Text
    item: Text
    region: Annotated[str, Field(pattern=partitions.REGION)]
    unit: Text
    usd: Annotated[float, Field(gt=0)]
    seen: bool
    read: date
    source: Text

    def told(self, times: float = 1) -> str:
        """The price of so many units as text: `7.3 USD`, or `~1 USD` from memory."""
        return f"{'' if self.seen else '~'}{self.usd * times:.3g} USD"


@cache
def table() -> Mapping[tuple[str, str, str], Price]:
    """Every price by service, item and region."""
    with Path(__file__).with_name("prices.csv").open(encoding="utf-8", newline="") as rows:
        prices = TypeAdapter(list[Price]).validate_python(list(csv.DictReader(rows)))
    return {(price.service, price.item, price.region): price for price in prices}


def price(service: str, item: str, region: str = REFERENCE) -> Price:
    """The price of an item in a region; where the region has no line, that of us-east-1 with the region's factor.

    Raises PriceError for an item that nobody has a price of, and for a region without a factor.
    """
    if found := table().get((service, item, region)):
        return found
    base = table().get((service, item, REFERENCE))
    if base is None:
        raise PriceError(f"price: found none of {item!r} of {service}; add a line to contracts/prices.csv")
    if region not in FACTORS:
        raise PriceError(
            f"region: found {region}, without a price of {item!r} of {service}; allowed: {', '.join(FACTORS)}; add its "
            "lines to contracts/prices.csv, or a factor to contracts/prices.py"
        )
    factor = FACTORS[region][0 if item.startswith(_COMPUTE) else 1]
    source = f"{REFERENCE} x {factor}: {base.source}"
    return base.model_copy(update={"region": region, "usd": base.usd * factor, "seen": False, "source": source})


def told(service: str, item: str, unit: Literal["", "month"] = "") -> str:
    """A price in us-east-1 as text; of what is priced by the hour, also that of a month."""
    return price(service, item).told(HOURS_A_MONTH if unit else 1)
