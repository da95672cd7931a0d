"""What every section of the stack config is made of: an immutable model that refuses unknown keys, and common types."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationInfo, model_validator

from contracts import instances
from settings.faults import SOURCE, Fault, SectionError

#: Keys of a field's JSON schema.
COST: Final = "x-cost"
RISK: Final = "x-risk"
#: Context of a validation that judges each field by itself; `settings.judging` asks the sections for the rest.
FIELDS_ALONE: Final = "fields alone"


def _taken_for(use: instances.Use) -> Callable[[str], str]:
    def check(instance_type: str) -> str:
        row = instances.table().get(instance_type)
        if row is None or use not in row.used_for:
            near = ", ".join(instances.alike(instance_type, use))
            allowed = f"what SageMaker takes for {_USES[use]}, such as {near}"
            raise SectionError((Fault("", instance_type, allowed, "name one of its instance types"),))
        return instance_type

    return check


def _trained_on(instance_type: str) -> str:
    takes = [*instances.trained_on(), *instances.trained_on(local=True)]
    if instance_type not in takes:
        near = [each for each in instances.alike(instance_type, "training") if each in takes]
        one = near[0] if near else takes[0]
        allowed = f"what SageMaker trains on with at most one GPU that XGBoost can use, such as {one}"
        raise SectionError((Fault("", instance_type, allowed, "name one of its instance types"),))
    return instance_type


_USES: Final = {"endpoint": "endpoints", "processing": "processing jobs", "transform": "transform jobs"}
_SHAPE: Final = Field(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$", examples=["ml.m5.large"])
#: Instance types that SageMaker takes for endpoints, for processing and for transform jobs.
EndpointInstance = Annotated[str, _SHAPE, AfterValidator(_taken_for("endpoint"))]
ProcessingInstance = Annotated[str, _SHAPE, AfterValidator(_taken_for("processing"))]
TransformInstance = Annotated[str, _SHAPE, AfterValidator(_taken_for("transform"))]
#: Those that training jobs run on.
TrainingInstance = Annotated[str, _SHAPE, AfterValidator(_trained_on)]


def told(*, cost: str = "", risk: str = "", source: str = "") -> dict[str, JsonValue]:
    """What a field costs and what it risks, for the reference and for editors: `json_schema_extra=told(cost=...)`.

    Money is what `contracts.prices.told` says: USD in us-east-1, with a `~` where the price is from memory. `source` is
    the page of AWS that sets what is allowed, with the day it was read, for the field's faults.
    """
    return {key: text for key, text in ((COST, cost), (RISK, risk), (SOURCE, source)) if text}


class Section(BaseModel):
    """Base of every section: immutable, unknown keys refused, no silent conversion of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)

    def faults(self) -> Iterable[Fault]:
        """What single fields cannot show: faults between them."""
        return ()

    @model_validator(mode="after")
    def _refuse(self, info: ValidationInfo) -> Self:
        if info.context != FIELDS_ALONE and (found := tuple(self.faults())):
            raise SectionError(found)
        return self


class Shared(Section):
    """Base of the sections that a stack has and each workload may override, field by field.

    Faults between fields are judged when the two are one (`settings.stack`): a workload's own part may be sound only
    beside the stack's, and sound alone where the two are not.
    """

    def overridden(self, own: Self) -> Self:
        """This section with the values that another one was given in the stack config."""
        return self.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})

    @model_validator(mode="after")
    def _refuse(self, info: ValidationInfo) -> Self:
        del info
        return self
