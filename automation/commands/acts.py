"""The commands, one an act: they find out what is meant, ask, act, and say what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from automation.commands import target
from automation.commands.archiving import mark
from automation.commands.options import Endpoint, Identity, Issuer, Json, Key, Package, Stack, Why, Workload, Yes
from automation.commands.output import Output
from automation.operations import deliveries, foreign, images, packages, releases, rollouts, signatures, training
from automation.operations.errors import RefusedError
from automation.operations.releases import By
from automation.operations.rollouts import Watchers, served
from automation.operations.shipping import Signer, signer
from contracts.names import WorkloadNames
from contracts.release import CHAMPION, Record

#: How long a command waits for an endpoint: a linear rollout with its baking takes up to an hour.
PATIENCE_SECONDS = 90 * 60.0


def publish(
    image: Annotated[str, typer.Argument(help="training, inference or inference-arm64.")],
    stack: Stack,
    version: Annotated[str | None, typer.Option(help="Tag or digest. Without it the image pushed last.")] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Let the stack use an image that was pushed."""
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    ecr, ssm = on.client("ecr"), on.client("ssm")
    chosen = version or images.newest(on.names, image, ecr=ecr)
    out.confirm(f"Let {stack} use the {image} image {chosen}?")
    uri = images.publish(on.names, image, chosen, ecr=ecr, ssm=ssm)
    out.done(f"the {image} image is {uri}", {"image": image, "uri": uri})


def deliver(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet.")],
    stack: Stack,
    workload: Workload = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Deliver a file of raw data."""
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names = on.workload(workload)
    out.confirm(f"Deliver {file} to {names.raw_bucket}?")
    uri = deliveries.deliver(names, file, day=datetime.now(UTC).date(), s3=on.client("s3"))
    out.done(f"delivered as {uri}", {"uri": uri})


def retrain(
    stack: Stack,
    workload: Workload = None,
    if_changed: Annotated[
        bool, typer.Option("--if-changed", help="Only where image, contract or data are new to the newest model.")
    ] = False,
    first: Annotated[
        str | None, typer.Option("--from", metavar="STEP", help="Only this step and what follows from it.")
    ] = None,
    of: Annotated[
        str | None, typer.Option(help="With --from: ARN of the run that it goes on from; else the newest.")
    ] = None,
    tune: Annotated[
        bool,
        typer.Option("--tune", help="Search hyper-parameters; needs `tuning` of the workload in the stack config."),
    ] = False,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Start the training pipeline on all accepted data.

    With --from, on what the steps before left in an earlier run.
    """
    if of and not first:
        raise RefusedError("--of: found without --from; name the step that the run goes on from")
    if tune and first:
        raise RefusedError("--tune: found with --from, which goes on from a run that trained; give one of them")
    if first and if_changed:
        raise RefusedError("--if-changed: found with --from, which runs whatever has changed; give one of them")
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names = on.workload(workload)
    pipeline = names.tuning_pipeline if tune else names.pipeline
    trainer = on.trainer(names)
    if first and on.by_machine(names):
        raise RefusedError(
            f"--from: found with workload {names.workload}, whose orchestrator is step-functions: a run of its state "
            "machine does all its steps; leave --from out"
        )
    if if_changed:
        changes = training.changes(names, s3=on.client("s3"), sagemaker=trainer)
        if changes is None:
            out.done(f"there is no accepted data under {names.accepted_uri} yet", {"execution": None})
            return
        for change in changes:
            out.say(change)
        if not changes:
            out.done(f"nothing that {pipeline} learns from has changed", {"execution": None})
            return
    out.confirm(f"Start pipeline {pipeline}?")
    name = f"by-hand-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    if first:
        execution = training.start_from(names, name, first, source=of, sagemaker=trainer)
    else:
        execution = training.start(names, name, tune=tune, s3=on.client("s3"), sagemaker=trainer)
    out.done(f"started {execution}", {"execution": execution})


def follow(
    stack: Stack,
    workload: Workload = None,
    endpoint: Endpoint = None,
    run: Annotated[bool, typer.Option("--training", help="The newest training run instead of the endpoint.")] = False,
    as_json: Json = False,
) -> None:
    """See a rollout or a training run through.

    Waits until the endpoint serves what was promoted, and writes into the release record what became of it.
    """
    on, out = target.read(stack), Output(as_json=as_json)
    if run:
        _follow_training(on, out, workload)
    else:
        _follow_endpoint(on, out, workload, endpoint)


def _follow_endpoint(on: target.Target, out: Output, workload: str | None, endpoint: str | None) -> None:
    names = on.endpoint(workload, endpoint)
    if on.stopped(names):
        raise RefusedError(f"endpoint {names.prefix} is stopped: there is nothing to follow until `wake`")
    followed = releases.follow(
        names,
        who=on.who,
        clients=on.releases,
        patience_seconds=PATIENCE_SECONDS,
        on_change=lambda live: out.say(f"endpoint {live.endpoint} is {live.status}"),
    )
    if followed.failed:
        watchers = Watchers(cloudwatch=on.client("cloudwatch"), logs=on.client("logs"))
        raise RefusedError(rollouts.why(names, followed, on.releases, watchers))
    mark(on, out, names.of_its_workload)
    out.done(f"endpoint {names.prefix} serves {served(followed.record)}", _facts(followed.record))


def _follow_training(on: target.Target, out: Output, workload: str | None) -> None:
    names = on.workload(workload)
    sagemaker = on.trainer(names)
    execution = training.newest_execution(names, sagemaker=sagemaker)

    def told(step: Mapping[str, Any]) -> None:
        reason = f": {step['FailureReason']}" if step.get("FailureReason") else ""
        out.say(f"{step['StepName']} {step['StepStatus'].lower()}{reason}")

    ended = training.follow(execution, sagemaker=sagemaker, on_step=told)
    status = ended["PipelineExecutionStatus"]
    if status != "Succeeded":
        raise RefusedError(f"{execution} {status}: {ended.get('FailureReason', 'see its steps')}")
    out.done(f"{execution} {status}", {"execution": execution, "status": status})


def approve(
    stack: Stack,
    why: Why,
    package: Package = None,
    workload: Workload = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Approve a registered model, so that it may be promoted; an archived one too."""
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names, sagemaker = on.workload(workload), on.client("sagemaker")
    chosen = package or packages.latest(names, sagemaker=sagemaker)
    out.confirm(f"Approve {chosen}?")
    arn = packages.approve(names, chosen, why=why, sagemaker=sagemaker)
    mark(on, out, names)
    out.done(f"approved {arn}", {"package": arn})


def promote(
    stack: Stack,
    why: Why,
    package: Package = None,
    workload: Workload = None,
    endpoint: Endpoint = None,
    model: Annotated[
        str | None, typer.Option(help="Of a multi-model endpoint: the name that requests say. Else the champion.")
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="With --model: serve it no more.")] = False,
    key: Key = None,
    identity: Identity = None,
    issuer: Issuer = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Let the endpoint serve an approved model.

    The next `up` rolls it out.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names, by = on.endpoint(workload, endpoint), By(who=on.who, why=why)
    kind = on.kind(names)
    if model is not None and not kind.models:
        raise RefusedError(f"--model: found {model}; endpoint {names.prefix} is of kind {kind.name}, which serves one")
    if withdraw:
        if model is None or package is not None:
            raise RefusedError("--withdraw: found without --model, or with a package; name the model alone")
        out.confirm(f"Let endpoint {names.prefix} serve no {model} any more?")
        said(out, on.stopped(names), releases.withdraw_model(names, model, by=by, clients=on.releases))
        return
    by_whom = signer(key, identity, issuer)
    chosen = package or packages.latest(names, sagemaker=on.client("sagemaker"))
    foreign.require_served(names, chosen, kind, sagemaker=on.client("sagemaker"))
    out.confirm(f"Let endpoint {names.prefix} serve {chosen}{f' as {model}' if model else ''}?")
    found = signed(on, names, chosen, by_whom)
    if kind.models:
        record = releases.promote_model(names, chosen, model or CHAMPION, by=by, clients=on.releases)
    else:
        record = releases.promote(names, chosen, by=by, clients=on.releases)
    said(out, on.stopped(names), record, found)


def signed(on: target.Target, names: WorkloadNames, package: str, by: Signer | None) -> list[str]:
    """What was found of the signatures of a model's images. RefusedError for one that was not signed `by` this, or that
    lost what it was registered with."""
    return signatures.require(names, package, by=by, sagemaker=on.client("sagemaker"), ecr=on.client("ecr"))


def split(
    package: Annotated[str, typer.Argument(help="Version or ARN of the challenger.")],
    stack: Stack,
    percent: Annotated[int, typer.Option(min=1, max=99, help="Its share of the requests.")],
    why: Why,
    workload: Workload = None,
    endpoint: Endpoint = None,
    key: Key = None,
    identity: Identity = None,
    issuer: Issuer = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Give an approved model a share of the traffic.

    The next `up` rolls it out.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names, by_whom = on.endpoint(workload, endpoint), signer(key, identity, issuer)
    out.confirm(f"Give {package} {percent} % of the traffic of endpoint {names.prefix}?")
    found, by = signed(on, names, package, by_whom), By(who=on.who, why=why)
    said(out, on.stopped(names), releases.split(names, package, percent, by=by, clients=on.releases), found)


def halt(
    stack: Stack, workload: Workload = None, endpoint: Endpoint = None, as_json: Json = False, yes: Yes = False
) -> None:
    """Turn the rollout under way back.

    SageMaker moves all traffic to the release before; `follow` says when.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names = on.endpoint(workload, endpoint)
    out.confirm(f"Halt the rollout of endpoint {names.prefix}?")
    rollouts.halt(names, host=on.releases.host(names), cloudwatch=on.client("cloudwatch"))
    out.done(f"SageMaker is asked to turn the rollout of {names.prefix} back", {"endpoint": names.prefix})


def rollback(
    stack: Stack,
    why: Why,
    workload: Workload = None,
    endpoint: Endpoint = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Move the endpoint back to the release before, at once.

    Of one that is stopped, the record alone.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names = on.endpoint(workload, endpoint)
    out.confirm(f"Roll endpoint {names.prefix} back?")
    outcome = releases.roll_back(
        names,
        by=By(who=on.who, why=why),
        clients=on.releases,
        tell=lambda subject, text: out.say(f"{subject}\n{text}"),
        patience_seconds=PATIENCE_SECONDS,
        stopped=on.stopped(names),
    )
    mark(on, out, names.of_its_workload)
    result = {"action": outcome.action, "reason": outcome.reason, "failed": outcome.failed, "live": outcome.live}
    now = "is what it will serve" if outcome.action == "recorded" else "serves"
    out.done(f"endpoint {names.prefix}: {outcome.action}, release {outcome.live} {now}", result)


def said(out: Output, stopped: bool, record: Record, found: Sequence[str] = ()) -> None:
    """The end of an act that wrote the record of an endpoint; `found` are sentences on what it is to serve."""
    for sentence in found:
        out.say(sentence)
    wanted = record.wanted
    now = "is live" if wanted is record.live else "is promoted; `pulumi up` rolls it out, `follow` sees it through"
    if stopped:
        now = "is promoted; the endpoint is stopped, and serves it after `wake`"
    out.done(f"release {wanted.id} ({served(record)}) {now}", _facts(record))


def _facts(record: Record) -> dict[str, Any]:
    wanted = record.wanted
    return {
        "release": wanted.id,
        "status": wanted.status.value,
        "packages": dict(wanted.packages),
        **({"models": dict(wanted.models)} if wanted.models else {}),
        "weights": dict(wanted.weights),
        "shadow": {"package": wanted.shadow, "percent": wanted.shadow_percent} if wanted.shadow else None,
        "instances": dict(wanted.instances),
        "known_good": record.known_good.id if record.known_good else None,
    }
