"""`stop` and `wake`: an endpoint that serves nobody and costs next to nothing, until it is needed again."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from automation.commands import target
from automation.commands.options import Endpoint, Json, Stack, Workload, Yes
from automation.commands.output import Output
from automation.commands.stacks import carry_out, facts, plan, summary
from automation.operations import releases, stack_files
from automation.stacks import deployment, teardown, workspace
from contracts.names import EndpointNames

#: What serves, as the engine knows it.
SERVES: Final = (
    "aws:sagemaker/endpoint:Endpoint",
    "aws:ecs/service:Service",
    "aws:cloudformation/stack:Stack",  # an inference component
)


def stop(
    stack: Stack, workload: Workload = None, endpoint: Endpoint = None, as_json: Json = False, yes: Yes = False
) -> None:
    """Stop an endpoint: what costs goes, its releases stay.

    Writes `state: stopped` into the stack's file and runs `up`. Of a protected stack it asks for the endpoint's name.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names = on.endpoint(workload, endpoint)
    engine = workspace.select(stack, target.PROJECT)
    releases.refuse_in_progress(names, on.releases)
    if on.protected:
        out.confirm_name(f"Endpoint {names.prefix} of a protected stack will answer nobody.", names.prefix)
    with _unshielded(engine, names), _deletable(on, names), _written(on, names, "stopped"):
        planned = plan(on, engine, out)
        out.confirm(f"Stop endpoint {names.prefix} ({summary(planned)})?")
        releases.note(names, who=on.who, clients=on.releases)
    _bring(on, names, engine, out, "stopped")


def wake(
    stack: Stack, workload: Workload = None, endpoint: Endpoint = None, as_json: Json = False, yes: Yes = False
) -> None:
    """Let a stopped endpoint serve its release again.

    Writes `state: running` into the stack's file and runs `up`.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names = on.endpoint(workload, endpoint)
    engine = workspace.select(stack, target.PROJECT)
    with _written(on, names, "running"):
        planned = plan(on, engine, out)
        out.confirm(f"Wake endpoint {names.prefix} ({summary(planned)})?")
    _bring(on, names, engine, out, "running")


def _bring(on: target.Target, names: EndpointNames, engine: workspace.Engine, out: Output, state: str) -> None:
    done, _ = carry_out(on, engine, out, message=f"endpoint {names.prefix} is {state}")
    out.done(
        f"endpoint {names.prefix} is {state}; keep the line in Pulumi.{on.stack}.yaml",
        {**facts(done), "endpoint": names.prefix, "state": state},
    )


@contextmanager
def _written(on: target.Target, names: EndpointNames, state: str) -> Generator[None]:
    """The state in the stack's file; whoever does not agree finds the file as it was."""
    file = target.PROJECT / f"Pulumi.{on.stack}.yaml"
    place = ("config", "ml-platform:workloads", names.workload, "endpoints", names.endpoint, "state")
    before = stack_files.put(file, place, state)
    try:
        yield
    except BaseException:
        file.write_text(before, encoding="utf-8")
        raise


@contextmanager
def _unshielded(engine: workspace.Engine, names: EndpointNames) -> Generator[None]:
    """The engine deletes nothing protected: the endpoint alone is not any more, unless nobody agrees."""
    shielded = [
        found["urn"]
        for found in teardown.resources(engine)
        if found["type"] in SERVES and found.get("protect") and found["inputs"]["name"] == names.prefix
    ]
    for urn in shielded:
        deployment.protect(engine, urn, protected=False)
    try:
        yield
    except BaseException:
        for urn in shielded:
            deployment.protect(engine, urn, protected=True)
        raise


@contextmanager
def _deletable(on: target.Target, names: EndpointNames) -> Generator[None]:
    """AWS deletes no load balancer that is protected: the endpoint's is not any more, unless nobody agrees."""
    balancer = _balancer(on, names) if on.protected and on.kind(names).host == "ecs" else None
    if balancer is None:
        yield
        return
    _protect(on, balancer, protected=False)
    try:
        yield
    except BaseException:
        _protect(on, balancer, protected=True)
        raise


def _balancer(on: target.Target, names: EndpointNames) -> str | None:
    """ARN of the endpoint's load balancer; None while it is stopped."""
    balancing = on.client("elbv2")
    try:
        return balancing.describe_load_balancers(Names=[names.prefix])["LoadBalancers"][0]["LoadBalancerArn"]
    except balancing.exceptions.LoadBalancerNotFoundException:
        return None


def _protect(on: target.Target, balancer: str, *, protected: bool) -> None:
    attribute = {"Key": "deletion_protection.enabled", "Value": str(protected).lower()}
    on.client("elbv2").modify_load_balancer_attributes(LoadBalancerArn=balancer, Attributes=[attribute])
