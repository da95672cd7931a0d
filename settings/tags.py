"""Tags: what names and values may be, and which the platform sets itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Annotated, Final

from pydantic import Field

from settings.faults import MAX_TAG_NAME, Fault, in_quotes

TagName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_ .:/=+@-]+$", max_length=MAX_TAG_NAME)]
TagValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9_ .:/=+@-]*$", max_length=256)]
Tags = dict[TagName, TagValue]

#: Tags that the platform sets itself: on every resource, on those of a workload and on those of an endpoint.
PLATFORM_TAGS: Final = ("Project", "Environment", "ManagedBy", "Workload", "Endpoint")
#: An S3 object carries at most 10 tags (Amazon S3 user guide, "Categorizing your objects using tags"); the platform
#: sets 4 on those of a workload.
MAX_TAGS: Final = 6
#: Other resources carry 50 (AWS General Reference, "Tag naming limits and requirements"); 5 are the platform's. An
#: endpoint has no objects of its own.
MAX_ENDPOINT_TAGS: Final = 45
_RESERVED: Final = "aws:"


def tag_faults(tags: Mapping[str, str], path: str = "tags") -> Iterator[Fault]:
    """Tags that the platform sets itself, that AWS keeps to itself, and names that differ only in case.

    IAM takes names that differ in case for one tag, and no name or value that begins with `aws:` in any case (IAM user
    guide, "Rules for tagging in IAM and AWS STS"); it says so only half way through an update.
    """
    ours = {name.lower(): name for name in PLATFORM_TAGS}
    spellings: dict[str, list[str]] = defaultdict(list)
    for name, value in tags.items():
        spellings[name.lower()].append(name)
        if kept := ours.get(name.lower()):
            yield Fault(f"{path}.{name}", value, "other tag names", f"remove it: the platform sets {kept}")
        if name.lower().startswith(_RESERVED):
            yield Fault(
                f"{path}.{name}", value, f"names that do not begin with {_RESERVED}", "rename it: AWS owns these"
            )
        if advice := in_quotes(value):
            yield Fault(f"{path}.{name}", value, "text", advice)
        if value.lower().startswith(_RESERVED):
            advice = "choose another value: AWS owns these"
            yield Fault(f"{path}.{name}", value, f"values that do not begin with {_RESERVED}", advice)
    for names in spellings.values():
        if len(names) > 1:
            yield Fault(
                path, sorted(names), "names that differ in more than case", "keep one: IAM takes them for one tag"
            )


def overlaid(above: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The tags of a level: those of the level above, and its own in their place."""
    return {**above, **own}
