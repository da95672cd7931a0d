"""`register`: a model that another stack approved, or that others made, into this one."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from automation.commands import target
from automation.commands.options import Json, Stack, Workload, Yes
from automation.commands.output import Output
from automation.operations import foreign, importing, registration
from automation.operations.errors import RefusedError
from automation.operations.model_testing import Suite
from automation.operations.shipping import Signer, signer
from contracts.loader import ContractError, load
from contracts.names import WorkloadNames
from contracts.schema import Contract


def register(
    stack: Stack,
    package: Annotated[
        str | None, typer.Argument(help="Its version or ARN there. Without it the newest approved.", show_default=False)
    ] = None,
    workload: Workload = None,
    artefact: Annotated[
        Path | None, typer.Option(help="A model that others made: an ONNX file, or model.tar.gz of an image.")
    ] = None,
    image: Annotated[
        str | None, typer.Option(help="With --artefact: URI by digest of the image that others made for it.")
    ] = None,
    contract: Annotated[Path | None, typer.Option(help="The contract it was made for, to be compared.")] = None,
    key: Annotated[
        str | None,
        typer.Option(help="Refuse an image that this key, of the other stack or of who made it, did not sign."),
    ] = None,
    identity: Annotated[str | None, typer.Option(help="In place of a key: who signed it for Sigstore.")] = None,
    issuer: Annotated[str | None, typer.Option(help="With --identity: of its token.")] = None,
    approved: Annotated[
        bool, typer.Option("--approved", help="Register it as approved: somebody approved it for this stack.")
    ] = False,
    variables: Annotated[
        Path | None, typer.Option("--env", help="Write REGISTERED, its ARN here, for a shell.")
    ] = None,
    tests: Annotated[
        Path | None, typer.Option(help="Test the other stack's model first, and write the report (JUnit) here.")
    ] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Take over a model of another stack, or of others.

    Without --artefact from the stack that `registry.source` names, or that deploys this one: same model, same image by
    digest. With it a run of the training pipeline packages the model and judges it as any candidate. Approve and
    promote it here then.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    if artefact is None:
        orphans = [name for name, given in (("--contract", contract), ("--image", image)) if given is not None]
        _require_none(
            [
                *(f"{name}: found one without a model; give it with --artefact" for name in orphans),
                *_told(lambda: signer(key, identity, issuer)),
                *_told(lambda: on.chosen(workload)),
                *_told(lambda: _source(on)),
            ]
        )
        names, by_whom = on.workload(workload), signer(key, identity, issuer)
        _take_over(on, out, names, package, approved=approved, variables=variables, by=by_whom, tests=tests)
        return
    _require_none(
        [
            *_contradictions(package, artefact, approved=bool(approved or variables), tested=tests is not None),
            *_signer_faults(key, identity, issuer, image),
            *_offer_faults(on, out, workload, artefact, contract, image),
        ]
    )
    by_whom = signer(key, identity, issuer)
    names, known = on.workload(workload), None if contract is None else _contract(contract)
    if image is not None:
        _require_usable(on, names, image, by_whom)
    what = artefact if image is None else f"{image} with {artefact}"
    out.confirm(f"Register {what} by a run of pipeline {names.pipeline}?")
    display = f"imported-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    clients = {"s3": on.client("s3"), "sagemaker": on.trainer(names)}
    execution = importing.start(names, artefact, known, display, image=image, **clients)
    out.done(
        f"started {execution}, which registers the model if it passes; `follow --training` waits for it",
        {"execution": execution},
    )


def _require_none(faults: Iterable[str]) -> None:
    if told := list(faults):
        raise RefusedError("\n".join(told))


def _told(check: Callable[[], object]) -> list[str]:
    """What it refuses."""
    try:
        check()
    except RefusedError as error:
        return [str(error)]
    return []


def _contradictions(package: str | None, artefact: Path, *, approved: bool, tested: bool) -> Iterator[str]:
    """Of options that --artefact has no use for."""
    if approved:
        yield "--artefact: found with --approved or --env; what a run registers is approved after it"
    if tested:
        yield "--artefact: found with --tests; the run that packages the model tests it"
    if package is not None:
        yield f"found package {package} and --artefact {artefact}; give one of them"


def _signer_faults(key: str | None, identity: str | None, issuer: str | None, image: str | None) -> Iterator[str]:
    try:
        by_whom = signer(key, identity, issuer)
    except RefusedError as error:
        yield str(error)
        return
    if by_whom is not None and image is None:
        yield f"{by_whom}: found with --artefact and without --image; it is images that are signed"


def _offer_faults(
    on: target.Target, out: Output, workload: str | None, artefact: Path, contract: Path | None, image: str | None
) -> Iterator[str]:
    """What of the model and its contract can be told without an account, and before anything is paid for."""
    named = importing.fault(artefact, image)
    if named:
        yield named
    try:
        chosen = on.chosen(workload)
        if image is not None:
            yield from foreign.local_faults(image, on.kinds(chosen))
        judge = on.contract(chosen) if contract is None else _contract(contract)
    except RefusedError as error:
        yield str(error)
        return
    found = [] if named else importing.judged(artefact, judge, image, tell=out.say)
    yield from found
    if found and contract is None:
        yield "it was judged by the contract in the stack's file; give the deployed one by --contract if it is another"


def _require_usable(on: target.Target, names: WorkloadNames, image: str, by: Signer | None) -> None:
    others, kinds = (on.config.get("ml-platform:images") or {}).get("others") or [], on.kinds(names.workload)
    foreign.require_usable(names, image, others=others, kinds=kinds, ecr=on.client("ecr"), by=by)


def _contract(path: Path) -> Contract:
    try:
        return load(path)
    except ContractError as error:
        raise RefusedError(str(error)) from error
    except OSError as error:
        raise RefusedError(f"--contract: {path}: {error.strerror}; give the YAML file it was made for") from error


def _take_over(
    on: target.Target,
    out: Output,
    names: WorkloadNames,
    package: str | None,
    *,
    approved: bool,
    variables: Path | None,
    by: Signer | None,
    tests: Path | None,
) -> None:
    source = _source(on)
    account = str(source.get("account") or names.account)
    theirs = names.elsewhere(str(source["stack"]), account).of_workload(names.workload)
    sagemaker = on.client("sagemaker")
    chosen = package or registration.newest_approved(theirs, sagemaker=sagemaker)
    out.confirm(f"Register {chosen} of stack {theirs.stack} in {names.package_group}?")
    clients = registration.Clients(s3=on.client("s3"), sagemaker=sagemaker, ecr=on.client("ecr"), there=sagemaker)
    suite = None if tests is None else Suite(report=tests, s3=clients.s3)
    done = registration.register(
        names, theirs, chosen, clients=clients, approved=approved, by=by, suite=suite, tell=out.say
    )
    if variables:
        variables.parent.mkdir(parents=True, exist_ok=True)
        variables.write_text(f"export REGISTERED={shlex.quote(done.package)}\n", encoding="utf-8")
    way = "`promote` it" if approved else f"`approve {done.package}` and `promote` it"
    way = way if done.new else "it was registered before"
    out.done(
        f"{done.source} is {done.package}; {way}", {"package": done.package, "source": done.source, "new": done.new}
    )


def _source(on: target.Target) -> Mapping[str, Any]:
    """The stack that models come from, and its account where the config says one."""
    deployed_by = (on.config.get("ml-platform:delivery") or {}).get("deployed_by")
    source = (on.config.get("ml-platform:registry") or {}).get("source") or deployed_by
    if not isinstance(source, dict) or "stack" not in source:
        raise RefusedError(
            f"ml-platform:registry: found no source in Pulumi.{on.stack}.yaml; name the stack that models come from, "
            'such as {source: {stack: staging, account: "123456789012"}}'
        )
    return source
