"""Section `images`: the container registry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.images import IMAGES
from contracts.prices import told as usd
from settings.faults import Fault
from settings.section import Section, told

#: Behind the stack's name in that of a repository (Amazon ECR API reference, CreateRepository: repositoryName).
OthersName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](-?[a-z0-9])*$", max_length=60)]


class Images(Section):
    """The container registry."""

    keep_images: int = Field(
        default=30,
        ge=2,
        le=1000,
        json_schema_extra=told(
            cost=f"{usd('ecr', 'storage')} a GB and month",
            risk="a release whose image is gone cannot be rolled back to",
        ),
    )
    """How many images a repository keeps; the oldest go first."""
    others: tuple[OthersName, ...] = Field(
        default=(),
        max_length=20,
        examples=[["fraud-net"]],
        json_schema_extra=told(
            cost=f"{usd('ecr', 'storage')} a GB and month; each registration runs transform jobs of a few minutes",
            risk="whoever pushes there brings code that serves; it is isolated, and has nobody's credentials",
        ),
    )
    """Repositories for images that others made, `mlplatform-<stack>-<name>` each: out of these alone a model comes with
    an image of its own (`register --image`)."""

    def faults(self) -> Iterator[Fault]:
        """A name twice, and one of the platform's own images."""
        for index, name in enumerate(self.others):
            if name in IMAGES:
                yield Fault(f"others[{index}]", name, "another name", "the platform's own image is called so")
            elif name in self.others[:index]:
                yield Fault(f"others[{index}]", name, "each name once", "drop one of them")
