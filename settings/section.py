"""What every section of the stack config is made of: an immutable model that refuses unknown keys, and common types."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from settings.faults import Fault, SectionError

InstanceType = Annotated[str, Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$", examples=["ml.m5.large"])]


class Section(BaseModel):
    """Base of every section: immutable, unknown keys refused, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    def faults(self) -> Iterable[Fault]:
        """What single fields cannot show: faults between them."""
        return ()

    def overridden(self, own: Self) -> Self:
        """This section with the values that another one was given in the stack config."""
        return self.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})

    @model_validator(mode="after")
    def _refuse(self) -> Self:
        if found := tuple(self.faults()):
            raise SectionError(found)
        return self
