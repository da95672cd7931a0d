"""`register`: a model that another stack approved, into this one."""

from __future__ import annotations

from typing import Annotated

import typer

from automation.commands import target
from automation.commands.options import Json, Stack, Workload, Yes
from automation.commands.output import Output
from automation.operations import registration
from automation.operations.errors import RefusedError
from contracts.names import Names


def register(
    stack: Stack,
    package: Annotated[
        str | None, typer.Argument(help="Its version or ARN there. Without it the newest approved.", show_default=False)
    ] = None,
    workload: Workload = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Take a model over that another stack approved.

    From the stack that `registry.source` names: same model, same image by digest. Approve and promote it here then.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names = on.workload(workload)
    source = (on.config.get("ml-platform:registry") or {}).get("source")
    if not isinstance(source, dict) or not {"stack", "account"} <= source.keys():
        raise RefusedError(
            f"ml-platform:registry: found no source in Pulumi.{stack}.yaml; name the stack that models come from, "
            'such as {source: {stack: staging, account: "123456789012"}}'
        )
    theirs = Names(
        stack=str(source["stack"]), account=str(source["account"]), region=on.region, partition=names.partition
    ).of_workload(names.workload)
    sagemaker = on.client("sagemaker")
    chosen = package or registration.newest_approved(theirs, sagemaker=sagemaker)
    out.confirm(f"Register {chosen} of stack {theirs.stack} in {names.package_group}?")
    clients = registration.Clients(s3=on.client("s3"), sagemaker=sagemaker, ecr=on.client("ecr"), there=sagemaker)
    done = registration.register(names, theirs, chosen, clients=clients, tell=out.say)
    way = f"`approve {done.package}` and `promote` it" if done.new else "it was registered before"
    out.done(
        f"{done.source} is {done.package}; {way}", {"package": done.package, "source": done.source, "new": done.new}
    )
