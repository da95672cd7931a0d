"""The platform: one stack of it, composed. Read it as the architecture diagram, from the ground up."""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_aws as aws

import settings as stack_config
from components.keys import Keys, KeysArgs
from components.lake import Lake, LakeArgs
from components.naming import Names
from components.network import Network, NetworkArgs
from components.keys import Domain
from contracts import loader

settings = stack_config.load()
contract = loader.load(Path(__file__).parent / settings.contract)
stack = pulumi.get_stack()
region = pulumi.Config("aws").require("region")
tags = {"Project": stack_config.PROJECT, "Environment": stack, "ManagedBy": "pulumi", **settings.tags}
provider = aws.Provider("aws", region=region, default_tags=aws.ProviderDefaultTagsArgs(tags=tags))
identity = aws.get_caller_identity(opts=pulumi.InvokeOptions(provider=provider))
names = Names(workload=contract.name, stack=stack, account=identity.account_id, region=region)
on_aws = pulumi.ResourceOptions(providers=[provider])

keys = Keys("keys", KeysArgs(names=names, protect=settings.protect), on_aws)
network = Network(
    "network",
    NetworkArgs(
        names=names,
        settings=settings.network,
        logs_key_arn=keys[Domain.LOGS].arn,
        log_retention_days=settings.logs.retention_days,
        permissions_boundary=settings.access.permissions_boundary,
    ),
    on_aws,
)
lake = Lake("lake", LakeArgs(names=names, settings=settings.lake, keys=keys, protect=settings.protect), on_aws)
