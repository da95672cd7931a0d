"""`advise`: which kind of endpoint, target and instances to serve a model by, without an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from automation.advisor import advise as advised
from automation.advisor.text import as_measured, as_text
from automation.commands import target
from automation.commands.options import Json, Workload
from automation.commands.output import Output
from automation.operations import packages, recommending
from automation.operations.errors import RefusedError
from contracts.advice import Needs
from contracts.advice.needs import Framework, Pattern, Team
from contracts.prices import REFERENCE

_DEFAULT: Final = Needs()
_TO_MEASURE: Final = ("stack", "workload", "package", "role", "payload")


def advise(
    payload_mb: Annotated[float, typer.Option(help="The largest request, in MiB.")] = _DEFAULT.payload_mb,
    seconds: Annotated[float | None, typer.Option(help="The longest time of a request.")] = None,
    p99_ms: Annotated[float | None, typer.Option("--p99-ms", help="What users bear; without it nobody waits.")] = None,
    rps: Annotated[float, typer.Option(help="Requests a second when most come.")] = _DEFAULT.rps,
    pattern: Annotated[Pattern, typer.Option(help="When they come.")] = _DEFAULT.pattern,
    model_mb: Annotated[float, typer.Option(help="The model in memory, in MiB.")] = _DEFAULT.model_mb,
    models: Annotated[int, typer.Option(help="Models of one contract, asked by name.")] = _DEFAULT.models,
    framework: Annotated[Framework, typer.Option(help="What scores.")] = _DEFAULT.framework,
    request_ms: Annotated[float | None, typer.Option(help="Measured on one core, in the framework's place.")] = None,
    team: Annotated[Team, typer.Option(help="What its people know to run.")] = _DEFAULT.team,
    isolated: Annotated[bool, typer.Option("--isolated", help="In the stack's network, without a way out.")] = False,
    gradual: Annotated[bool, typer.Option("--gradual", help="Alarms turn a release back while it takes over.")] = False,
    region: Annotated[str, typer.Option(help="Whose prices count.")] = REFERENCE,
    measure: Annotated[bool, typer.Option("--measure", help="Have Inference Recommender load the package.")] = False,
    stack: Annotated[str | None, typer.Option(help="To measure: whose package.")] = None,
    workload: Workload = None,
    package: Annotated[str | None, typer.Option(help="To measure: version or ARN; else the newest.")] = None,
    role: Annotated[str | None, typer.Option(help="To measure: ARN of the role that the job has.")] = None,
    payload: Annotated[str | None, typer.Option(help="To measure: S3 URI of a tar.gz with requests.")] = None,
    as_json: Json = False,
) -> None:
    """Rank the kinds, targets and instances that a model can be served by.

    By rules and list prices (contracts/advice), of serving alone; `cost` prices a whole stack. Times of a request are
    assumed: give --request-ms, or --measure, which costs the instances that it starts.
    """
    given = locals()
    out = Output(as_json=as_json)
    needs = _needs({name: given[name] for name in Needs.model_fields})
    if not measure and (idle := [f"--{name}: found {given[name]!r}" for name in _TO_MEASURE if given[name]]):
        raise RefusedError(f"{', '.join(idle)}; allowed: with --measure; add it, or leave them out")
    found = advised(needs, region)
    result: dict[str, Any] = {
        "needs": needs.model_dump(),
        "region": region,
        "alternatives": [each.as_json() for each in found],
    }
    text = as_text(found)
    if measure:
        measured = _measured(out, framework, workload, package, stack=stack, role=role, payload=payload)
        result["measured"] = [asdict(each) for each in measured]
        text = f"{text}\n\n{as_measured(measured)}"
    out.done(text, result)


def _needs(given: Mapping[str, Any]) -> Needs:
    """RefusedError with every option that is out of its range."""
    try:
        return Needs(**given)
    except ValidationError as error:
        faults = [
            f"--{str(fault['loc'][0]).replace('_', '-')}: found {fault['input']}; "
            f"{fault['msg'].replace('Input should be', 'allowed:')}"
            for fault in error.errors()
        ]
        raise RefusedError("\n".join(faults)) from error


def _measured(
    out: Output, framework: str, workload: str | None, package: str | None, **given: str | None
) -> list[recommending.Measured]:
    if lacking := [f"--{name}" for name, value in given.items() if value is None]:
        raise RefusedError(f"{', '.join(lacking)}: found nothing; --measure needs --stack, --role and --payload")
    on = target.read(str(given["stack"]))
    names, sagemaker = on.workload(workload), on.client("sagemaker")
    return recommending.measure(
        names,
        package or packages.latest(names, sagemaker=sagemaker),
        role=str(given["role"]),
        payload=str(given["payload"]),
        framework=framework,
        sagemaker=sagemaker,
        say=out.say,
    )
