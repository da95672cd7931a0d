"""Judge a trained model: writes evaluation.json for the gate, evaluation.html, baseline.json and the files of
SageMaker's monitor (`drift.monitor_files`)."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa

from contracts.schema import Contract, Task
from workloads import job, parquet
from workloads.drift import monitor_files
from workloads.drift.baseline import of_model
from workloads.evaluation import asking, champion, legal, model, report
from workloads.evaluation.champion import Champion
from workloads.evaluation.evaluate import Evaluated, evaluate, questions
from workloads.evaluation.model import Contained, Model
from workloads.evaluation.transform import Place, Transform
from workloads.inputs import add_contract, read_contract, read_json


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_contract(parser)
    parser.add_argument("--model", type=Path, required=True, help="directory with the candidate's model.tar.gz")
    parser.add_argument("--test", type=Path, required=True, help="directory of the test split (Parquet)")
    parser.add_argument("--manifest", type=Path, required=True, help="manifest.json of the data set")
    parser.add_argument(
        "--baseline",
        type=Path,
        required=True,
        help="baseline.json of the training data, beside which the files of SageMaker's monitor are",
    )
    parser.add_argument("--release-parameter", required=True, help="SSM parameter that names the live release")
    parser.add_argument("--output", type=Path, required=True, help="directory to write to")
    image = parser.add_argument_group(
        "a model in an image of others",
        "A job asks it, which runs as this one does. The environment has what a run alone knows: MODEL_DATA_URI, the "
        "candidate's archive in S3, and ASKED_URI, the prefix of questions and answers.",
    )
    image.add_argument("--image", required=True, help="URI of the platform's own image, which serves every other model")
    image.add_argument("--name", required=True, help="name of the workload in its stack")
    image.add_argument("--role", required=True, help="ARN of this job's role")
    image.add_argument("--key", required=True, help="ARN of the key of what is stored")
    image.add_argument("--subnets", nargs="+", required=True, help="of this job")
    image.add_argument("--security-groups", nargs="+", required=True, help="of this job")


@job.entry("evaluation", __doc__, _arguments)
def main(options: argparse.Namespace) -> job.Outcome:
    """Evaluate, write the files, say the decision. A rejected model is a result, not an error."""
    contract = read_contract(options.contract)
    with tempfile.TemporaryDirectory() as package:
        return _main(options, contract, Path(package))


def _main(options: argparse.Namespace, contract: Contract, package: Path) -> job.Outcome:
    """With the candidate's archive unpacked into `package`."""
    candidate = model.from_archive(options.model / "model.tar.gz", package)
    manifest = read_json(options.manifest)
    _same_origin(candidate, contract, manifest)
    sagemaker, s3 = boto3.client("sagemaker"), boto3.client("s3")
    live = champion.find(options.release_parameter, ssm=boto3.client("ssm"), sagemaker=sagemaker, s3=s3)
    _comparable(live, contract)
    rows = _read(options.test, contract, candidate, live)
    transform = Transform(place=_place(options), s3=s3, sagemaker=sagemaker)
    candidate = _asked(candidate, rows, contract, transform)
    result = evaluate(
        candidate,
        _asked_champion(live, rows, transform),
        rows,
        contract,
        None if isinstance(candidate, Contained) else package,
    )
    image = candidate.image if isinstance(candidate, Contained) else options.image
    made_by = {**result.report, "code_version": manifest["code_version"], "inference_image": image}
    written = write(replace(result, report=made_by), read_json(options.baseline), options.output)
    watched = result.judge.watched(result.outputs)
    monitor_files.write(options.baseline.parent, contract, watched, options.output)
    said = {name: written["gate"][name] for name in ("decision", "reason")} | {"warnings": written["warnings"]}
    return job.Outcome(message=f"gate: {said['decision']}", fields=said)


def _read(test: Path, contract: Contract, candidate: Model, live: Champion | None) -> pa.Table:
    """The test rows with what is asked of them, and nothing more: a data set has every column that was accepted.

    All inputs are, of which a model may read a few: its tests ask the service with whole rows.
    """
    inputs = {column.name for column in contract.inputs}
    segments = {segment.name for segment in contract.segments}
    read = candidate.reads | (live.model.reads if live else frozenset[str]())
    columns = sorted({contract.entity, contract.label} | inputs | segments | read)
    return parquet.read(test, columns)


def write(result: Evaluated, baseline: dict[str, Any], directory: Path) -> Mapping[str, Any]:
    """evaluation.json, evaluation.html, and the baseline as drift is measured against it, with data set and scores.

    Returns evaluation.json: the report, what the baseline warns of, and null with a word for what is not finite.
    """
    directory.mkdir(parents=True, exist_ok=True)
    warnings = [*result.report["warnings"], *baseline.get("warnings", [])]
    complete_report = {**result.report, "warnings": warnings}
    page = report.render(
        complete_report,
        judge=result.judge,
        labels=result.labels,
        outputs=result.outputs,
        champion_outputs=result.champion_outputs,
    )
    complete = of_model(baseline, result.judge.watched(result.outputs), result.report["dataset_version"])
    document = legal.document(complete_report)
    (directory / "evaluation.json").write_text(json.dumps(document, sort_keys=True, indent=1, allow_nan=False))
    (directory / "evaluation.html").write_text(page)
    (directory / "baseline.json").write_text(json.dumps(complete, sort_keys=True, indent=1, allow_nan=False))
    return document


def _place(options: argparse.Namespace) -> Place:
    """Names of models and jobs are unique in an account: each attempt of a job has some of its own."""
    return Place(
        name=f"{options.name}-asked-{secrets.token_hex(4)}",
        prefix=os.environ.get("ASKED_URI", ""),
        role=options.role,
        key=options.key,
        subnets=tuple(options.subnets),
        security_groups=tuple(options.security_groups),
    )


def _asked(candidate: Model, rows: pa.Table, contract: Contract, transform: Transform) -> Model:
    """The candidate, which is asked all that its evaluation asks where it is in an image of others."""
    if not isinstance(candidate, Contained):
        return candidate
    model_data = os.environ["MODEL_DATA_URI"]
    answered = asking.asked(
        candidate,
        rows,
        lambda model: questions(model, rows, contract),
        called="candidate",
        model_data=model_data,
        transform=transform,
    )
    asking.require_lines(answered, rows, called="candidate", model_data=model_data, transform=transform)
    return answered


def _asked_champion(live: Champion | None, rows: pa.Table, transform: Transform) -> Champion | None:
    """The champion, which is asked for its scores where it is in an image of others."""
    if live is None or not isinstance(live.model, Contained):
        return live
    answered = asking.asked(
        live.model,
        rows,
        lambda model: model.scores(model.features(rows)),
        called="champion",
        model_data=live.model_data,
        transform=transform,
    )
    return replace(live, model=answered)


def _same_origin(candidate: Model, contract: Contract, manifest: Mapping[str, Any]) -> None:
    """A model is judged only on the data and by the contract it was made from: else the verdict is wrong."""
    if candidate.contract != contract:
        raise job.UserError(
            f"the model was trained for another contract than {contract.name!r} as given; train it again"
        )
    if (made := candidate.metadata["dataset_version"]) != (given := manifest["dataset_version"]):
        raise job.UserError(
            f"dataset_version: the model says {made}, the manifest {given}; give the split it came from"
        )


def _comparable(live: Champion | None, contract: Contract) -> None:
    """The champion is judged on the same rows, so they must hold what it reads, also when the contract has moved on."""
    if live is None:
        return
    if _answers(live.model.contract) != _answers(contract):
        raise job.UserError(
            f"the champion {live.package_arn} answers with a {live.model.contract.task}, contract {contract.name!r} "
            f"with another ({contract.task}, its label or its classes): they cannot be compared, and whoever asks the "
            "endpoint expects the former; give the new one a workload of its own"
        )
    if lacking := sorted(live.model.reads - {column.name for column in contract.inputs}):
        raise job.UserError(
            f"the champion {live.package_arn} reads the columns {', '.join(lacking)}, which contract {contract.name!r} "
            "no longer has as inputs; keep them until a model that does not read them is live"
        )
    if retyped := live.model.retyped(contract):
        found = ", ".join(f"{name} ({before}, now {now})" for name, (before, now) in retyped.items())
        raise job.UserError(
            f"the champion {live.package_arn} cannot read columns whose type contract {contract.name!r} has changed: "
            f"{found}; give what they hold now columns of other names, and keep those until a model that does not read "
            "them is live"
        )


def _answers(contract: Contract) -> tuple[Any, ...]:
    """What the answers of a contract's models mean."""
    return contract.task, contract.label, contract.classes if contract.task is Task.MULTICLASS_CLASSIFICATION else ()


if __name__ == "__main__":
    job.leave(main())
