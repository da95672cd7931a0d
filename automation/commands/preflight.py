"""The command that looks at an account before a stack is deployed into it."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

import typer

from automation.commands import target
from automation.commands.options import Json, Stack
from automation.commands.output import Output
from automation.exits import Exit
from automation.operations import fitting, live_contracts
from automation.operations import preflight as checks
from automation.operations.findings import Finding
from automation.operations.findings import Stack as Asked
from automation.stacks import local

_MARKS = {True: "ok", False: "NO", None: "??"}


def preflight(stack: Stack, as_json: Json = False) -> None:
    """Say whether the account has what a stack needs.

    Read-only: credentials and account, quotas of SageMaker's endpoints and jobs, Lambda, VPCs and addresses, services
    and endpoint services of the region, names that are taken, services that are closed to new customers, network, key
    and log bucket of the account that the config names, contracts that what is deployed cannot take; each with what to
    do. What is needed follows from the program, as `python -m local synth` declares it. Exit code 7 if something is
    lacking, 4 if nothing could be found out.
    """
    on, out = target.read(stack), Output(as_json=as_json)
    out.say(f"account: {on.caller} in {on.region}")
    found = findings(on)
    for finding in found:
        out.say(
            f"{_MARKS[finding.holds]}  {finding.subject}: {finding.found}"
            + ("" if finding.holds else f"; {finding.fix}")
        )
    lacking = sum(finding.holds is False for finding in found)
    unknown = sum(finding.holds is None for finding in found)
    out.done(
        f"preflight of {stack}: {lacking} of {len(found)} are lacking, {unknown} could not be found out",
        {"stack": stack, "findings": [asdict(finding) for finding in found]},
    )
    if lacking:
        raise typer.Exit(Exit.DIFFERS)
    if found and unknown == len(found):
        raise typer.Exit(Exit.AWS)


def declared(on: target.Target) -> Asked:
    """What the program of the stack declares, and the account that it is asked of."""
    resources: Any = local.synth(on.stack, target.PROJECT)["resources"]
    return Asked(resources=resources, region=on.region, client=on.client)


def findings(on: target.Target) -> list[Finding]:
    """What the account has, and lacks, of what the stack's program declares."""
    found = checks.run(declared(on))
    found += live_contracts.findings({names: on.contract(names.workload) for names in on.workloads}, on.client)
    if names := fitting.named(on.config):
        keys = on.session.get_credentials().get_frozen_credentials()
        account = {
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "token": keys.token,
            "endpoint_url": os.environ.get("AWS_ENDPOINT_URL"),
        }
        found += fitting.findings(names, local.judged(on.stack, target.PROJECT, account))
    return found
