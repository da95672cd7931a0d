"""The AWS account and region of a stack: the one provider behind every resource and data source.

Pulumi hands the `aws:` config of a stack to its default provider alone. This program has a provider of its own, so what
says which account it acts in, and as whom, is passed on here; without that, a stack with a profile or a role in its
config would be deployed with whatever credentials the shell has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from contracts import partitions
from settings import config_keys

#: Keys of the `aws:` config that the provider gets; `allowedAccountIds` makes a deployment to another account fail.
PASSED_ON: Final = ("allowedAccountIds", "assumeRoles", "profile", "region")


def operator() -> dict[str, Any]:
    """Where and as whom the program acts, for those of its acts that are not the provider's."""
    config = pulumi.Config("aws")
    roles = config.get_object("assumeRoles") or []
    return {"region": config.require("region"), "profile": config.get("profile"), "roles": roles}


def provider(region: str, tags: Mapping[str, str]) -> aws.Provider:
    """The provider, which puts `tags` on every resource. Warns of `aws:` config that it does not get.

    Raises RunError for a region that no partition of AWS has.
    """
    try:
        partitions.of(region)
    except partitions.RegionError as error:
        raise pulumi.RunError(f"aws:{error}") from error
    config = pulumi.Config("aws")
    for key in sorted(set(config_keys("aws")) - set(PASSED_ON)):
        pulumi.log.warn(f"aws:{key}: not used; allowed: {', '.join(PASSED_ON)}; remove it or add it to {__name__}")
    return aws.Provider(
        "aws",
        region=region,
        profile=config.get("profile"),
        assume_roles=config.get_object("assumeRoles"),
        allowed_account_ids=config.get_object("allowedAccountIds"),
        default_tags=aws.ProviderDefaultTagsArgs(tags=tags),
    )
