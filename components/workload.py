"""A workload as the program sees it: what the wings build it from, and the resource that all of it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi

from components.ground import Ground
from contracts import loader
from contracts.names import WorkloadNames
from contracts.release import Record
from contracts.schema import Contract
from settings import PROJECT
from settings import Workload as WorkloadSettings

#: Where paths in the stack config start, whatever directory the program is run from.
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One workload of the stack.

    `images` are URIs by digest for training and inference, empty as long as they are not built, `referrers` what is
    recorded of their signatures and bills of materials (`contracts.referrers`). `records` are the
    release records by endpoint, of those endpoints that have one, `packages` those that have to be known, by ARN, as
    the registry describes them. `stack_tags` are on everything, by the provider. All of the workload stands below
    `root`.
    """

    ground: Ground
    names: WorkloadNames
    settings: WorkloadSettings
    contract: Contract
    images: Mapping[str, str]
    referrers: Mapping[str, str]
    records: Mapping[str, Record]
    packages: Mapping[str, Mapping[str, Any]]
    stack_tags: Mapping[str, str]
    root: Root

    def named(self, part: str) -> str:
        """Logical name of a part of the workload."""
        return f"{self.names.workload}-{part}"

    def tags(self, endpoint: str | None = None) -> dict[str, str]:
        """All tags of what belongs to the workload, or to one of its endpoints."""
        mine = {**self.stack_tags, **self.settings.tags, "Workload": self.names.workload}
        return mine if endpoint is None else {**mine, **self.settings.endpoints[endpoint].tags, "Endpoint": endpoint}

    def own_tags(self, endpoint: str | None = None) -> dict[str, str]:
        """Those of them that are not the whole stack's."""
        return {name: value for name, value in self.tags(endpoint).items() if self.stack_tags.get(name) != value}

    def opts(self, endpoint: str | None = None) -> pulumi.ResourceOptions:
        """Options of what belongs to the workload, or to one of its endpoints."""
        return pulumi.ResourceOptions(parent=self.root, transformations=[tagged(self.own_tags(endpoint))])

    @property
    def owner(self) -> str:
        """Who answers for the workload's models."""
        return self.settings.tags.get("Owner") or self.names.prefix


def read_contract(workload: str, settings: WorkloadSettings) -> Contract:
    """The workload's contract. Raises RunError with everything that is wrong with it."""
    try:
        return loader.load(_ROOT / settings.contract)
    except (loader.ContractError, OSError) as error:
        raise pulumi.RunError(f"{PROJECT}:workloads.{workload}.contract: {error}") from error


class Root(pulumi.ComponentResource):
    """The node under which a workload stands in the tree of the stack."""

    def __init__(self, workload: str, opts: pulumi.ResourceOptions) -> None:
        super().__init__("mlplatform:workload:Workload", workload, None, opts)
        self.register_outputs({})


def tagged(tags: Mapping[str, str]) -> pulumi.ResourceTransformation:
    """Puts `tags` on every resource that takes tags, beside its own and the provider's default tags.

    A resource of the AWS provider that takes tags has the output `tags_all`. One provider with other default tags for
    each workload would do the same with one more process for each.
    """

    def transform(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult | None:
        if not hasattr(type(args.resource), "tags_all"):
            return None
        own = cast("Mapping[str, str]", args.props.get("tags") or {})
        return pulumi.ResourceTransformationResult({**args.props, "tags": {**tags, **own}}, args.opts)

    return transform
