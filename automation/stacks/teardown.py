"""Taking a stack down until nothing is left: in order, a second time where that is needed, with all that stays said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pulumi import automation as auto

from automation.operations import contents
from automation.operations.contents import Content, Emptied
from automation.operations.errors import DeploymentError
from automation.stacks import deployment
from automation.stacks.log import Step, Watch
from automation.stacks.workspace import state
from contracts.prices import PriceError, price

BUCKET, KEY, OBJECT = "aws:s3/bucket:Bucket", "aws:kms/key:Key", "aws:s3/bucketObjectv2:BucketObjectv2"
#: What it costs to retain what the program retains.
_RETAINED: Final = {
    "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings": "nothing: a setting of the account",
    "aws:lakeformation/dataLakeSettings:DataLakeSettings": "nothing: a setting of the account",
}
_GIB: Final = 1024**3


@dataclass(frozen=True, kw_only=True)
class Left:
    """Something that outlives the stack: what it is, why, and what it costs."""

    what: str
    why: str
    cost: str

    def __str__(self) -> str:
        return f"left: {self.what}: {self.why}; costs {self.cost}"


@dataclass(frozen=True, kw_only=True)
class Teardown:
    """What was deleted, what was emptied before, and what is left."""

    steps: Sequence[Step]
    emptied: Sequence[Emptied]
    left: Sequence[Left]


def resources(stack: auto.Stack) -> list[Mapping[str, Any]]:
    """The resources in the stack's state."""
    return [*((state(stack).get("deployment") or {}).get("resources") or [])]


def tear_down(
    stack: auto.Stack,
    client: Callable[[str], Any],
    *,
    region: str,
    empty: bool,
    tell: Callable[[str], None] = lambda _: None,
    watch: Watch = lambda _: None,
) -> Teardown:
    """Delete every resource, with `empty` what lies in buckets, repositories and package groups before.

    What is written while it goes down (captured requests, access logs) fills a bucket again: where the engine fails
    for that, it is emptied once more and the engine goes on. What is locked stays, and its bucket and key with it.
    """
    deployment.recover(stack, watch=watch)
    before = resources(stack)
    emptied = _emptied(before, client, tell) if empty else []
    try:
        steps = list(deployment.destroy(stack, watch=watch).steps)
    except DeploymentError as error:
        filled = contents.survey(resources(stack), client) if empty else []
        locked = {each.content.holder for each in emptied if each.locked}
        again = [content for content in filled if content.holder not in locked]
        if not again:
            raise DeploymentError("\n".join([str(error), *map(str, leftovers([], emptied, region))])) from error
        emptied += [contents.empty(content, client) for content in again]
        steps = list(deployment.destroy(stack, watch=watch).steps)
    return Teardown(steps=steps, emptied=emptied, left=leftovers(before, emptied, region))


def _emptied(
    held: Iterable[Mapping[str, Any]], client: Callable[[str], Any], tell: Callable[[str], None]
) -> list[Emptied]:
    def told(content: Content) -> Emptied:
        return contents.empty(
            content, client, tell=lambda count: tell(f"{content.holder}: {count} {content.kind} gone")
        )

    return [told(content) for content in contents.survey(held, client)]


def leftovers(before: Iterable[Mapping[str, Any]], emptied: Iterable[Emptied], region: str) -> list[Left]:
    """What outlives the stack, of what was in its state before and of what was emptied."""
    left = [_locked(each, region) for each in emptied if each.locked]
    known = list(before)
    buckets = {resource.get("id") for resource in known if resource["type"] == BUCKET}
    for resource in known:
        name, inputs = resource["urn"].rpartition("::")[2], resource.get("inputs") or {}
        if resource["type"] == OBJECT and inputs.get("bucket") in buckets:
            continue  # it goes with its bucket, or is locked in it
        if resource.get("retainOnDelete"):
            cost = _RETAINED.get(resource["type"], "as much as before")
            left.append(Left(what=f"{resource['type']} {name}", why="the program retains it", cost=cost))
        elif resource["type"] == KEY:
            days = inputs.get("deletionWindowInDays", 30)
            why = f"waits {days:g} days; `aws kms cancel-key-deletion --key-id {resource.get('id')}` brings it back"
            left.append(Left(what=f"key {name}", why=why, cost="nothing while it waits (AWS KMS pricing)"))
    return left


def stored(bytes_: int, service: str, item: str, region: str) -> str:
    """What it costs to keep so much, by the list price of the region."""
    gib = bytes_ / _GIB
    try:
        return f"{gib:.1f} GiB: {price(service, item, region).told(gib)} a month"
    except PriceError:  # what is left must be told, whatever is known of the region
        return f"{gib:.1f} GiB at a price that contracts/prices.csv does not know in {region}"


def _locked(emptied: Emptied, region: str) -> Left:
    """What nobody can delete before its time."""
    until = f"{emptied.locked_until:%Y-%m-%d}" if emptied.locked_until else "an unknown day"
    return Left(
        what=f"{emptied.locked} object versions in {emptied.content.holder}",
        why=f"locked until {until}; bucket and key stay with them, then give the same command",
        cost=stored(emptied.locked_bytes, "s3", "standard storage", region),
    )
