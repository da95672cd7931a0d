"""What serves is left alone by an update that would only move it to where it is.

Once a rollout was turned back, or a release was rolled back, the state of the stack names what failed until a refresh
reads it anew: an update would roll out once more what serves already, with the instances that it once started with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pulumi

from contracts.release import Record, Release, Status
from contracts.release.record import instant


def turned_back(releases: Sequence[Release]) -> bool:
    """Whether what serves came back after the wanted release's successor failed: then the newest that the state knows
    is not what serves, and what serves stays.
    """
    wanted, *others = releases
    failed = [release for release in others if release.status is Status.FAILED]
    return wanted.by_rollback or any(instant(release.when) > instant(wanted.when) for release in failed)


def where_it_is(
    record: Record, config: str, called: Callable[[str], str] = str, *, beside: Sequence[str] = ()
) -> list[pulumi.ResourceTransform] | None:
    """Transforms that leave a resource where it serves what it should, None where nothing came back.

    `config` is the property that says what it is to serve, and `called` gives the name of that; `beside` are properties
    whose change would have the provider ask for `config` too. All are named as the provider does. What is declared is
    compared with what the record saw to serve, so another instance type, say, is rolled out all the same.
    """
    if not record.config or record.wanted.status is not Status.LIVE or not turned_back(record.releases):
        return None

    def leave(resource: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        declared = resource.props.get(config)
        if not isinstance(declared, str) or called(declared) != record.config:
            return None
        resource.opts.ignore_changes = [*(resource.opts.ignore_changes or ()), config, *beside]
        if hooks := resource.opts.hooks:  # nothing is moved, so nothing has to be seen through
            hooks.before_update, hooks.after_update = None, None
        return pulumi.ResourceTransformResult(props=resource.props, opts=resource.opts)

    return [leave]
