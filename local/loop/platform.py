"""The loop's hands and eyes: what people do with a running platform (`automation.operations`), and what they look at.

Every call here would work on AWS as it is; only the endpoint URL says that this AWS is emulated.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq

from automation import operations
from automation.operations import archives
from automation.operations.releases import By, Clients, Outcome
from contracts import schema
from contracts.images import IMAGES
from contracts.kinds import REALTIME, Kind
from contracts.machine_runs import MachineRuns
from contracts.names import EndpointNames
from contracts.release import CHAMPION, Record
from contracts.release.live import Live
from local.emulator.client import Emulator
from local.identity import Caller
from local.loop import LoopError, images, searched, tracked
from local.loop.batched import Batch
from local.loop.queued import Queue
from local.loop.searched import Search

#: How long the loop waits for a delivered object to be judged.
PATIENCE_SECONDS = 600
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Captured:
    """Captured records of the endpoint, as JSON lines files in a directory."""

    directory: Path
    records: int


class Platform:
    """One endpoint of a running platform and the workload it belongs to, reached through its names."""

    def __init__(self, emulator: Emulator, names: EndpointNames, contract_file: Path, kind: Kind = REALTIME) -> None:
        self.kind = kind
        self.names, self.contract_file, self._emulator = names, contract_file, emulator
        self._clients: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._waking, self.minutes_waited = threading.Lock(), 0

    def client(self, service: str) -> Any:
        """A boto3 client of the emulated AWS."""
        if service not in self._clients:
            self._clients[service] = self._emulator.client(service)
        return self._clients[service]

    def publish_image(self, image: str) -> str:
        """What the image build does: push, then record the URI by digest where the program reads it."""
        uri = images.build(image, self.names.ground.resource(IMAGES[image].repository), ecr=self.client("ecr"))
        return operations.images.publish(
            self.names, image, uri.partition("@")[2], ecr=self.client("ecr"), ssm=self.client("ssm")
        )

    def make_salt(self) -> None:
        """What people do once for a workload whose contract hashes columns: the secret that the jobs read."""
        self.client("secretsmanager").create_secret(Name=self.names.salt_secret, SecretBinary=secrets.token_bytes(32))

    def deliver(self, file: Path) -> tuple[str, dict[str, Any]]:
        """Put a file into the raw bucket and wait for what ingestion makes of it. Returns its URI and the verdict."""
        uri = operations.deliveries.deliver(self.names, file, day=datetime.now(UTC).date(), s3=self.client("s3"))
        bucket, key = self.names.raw_bucket, uri.removeprefix(f"s3://{self.names.raw_bucket}/")
        version = self.client("s3").head_object(Bucket=bucket, Key=key)["VersionId"]
        self._wait_for_ingestion(key, version)
        noted = hashlib.sha256(f"{uri} {version}".encode()).hexdigest()
        layout, processed = self.names.layout, f"s3://{self.names.processed_bucket}"
        note = self.read_json(f"{processed}/{layout.deliveries}{noted}.json")
        verdict = self.read_json(f"{processed}/{layout.ledger}{note['object_sha256']}.json")
        return uri, verdict | ({"status": "duplicate"} if note["duplicate"] else {})

    def _wait_for_ingestion(self, key: str, version: str) -> None:
        """Until the execution that the rule started for a version of an object has ended well."""
        states, machine = self.client("stepfunctions"), self.names.of_its_workload.resource("ingestion")
        arn = self.names.arn("states", f"stateMachine:{machine}")
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for each in states.list_executions(stateMachineArn=arn)["executions"]:
                found = states.describe_execution(executionArn=each["executionArn"])
                if found["status"] == "RUNNING" or not _is_of(json.loads(found["input"]), key, version):
                    continue
                if found["status"] != "SUCCEEDED":
                    raise LoopError(f"ingestion of {key} {found['status']}: {found.get('error')}: {found.get('cause')}")
                return
            time.sleep(0.1)
        raise LoopError(f"no execution of {machine} has ended for {key} in {PATIENCE_SECONDS} s")

    def fetch_quarantined(self, sha256: str, path: Path) -> Path:
        """The quarantined rows of a judged file as CSV in `path`, where they stay after the run."""
        keys = self._keys(self.names.processed_bucket, self.names.layout.quarantine)
        key = next(key for key in keys if key.endswith(f"/{sha256}/rows.parquet"))
        body = self.client("s3").get_object(Bucket=self.names.processed_bucket, Key=key)["Body"].read()
        rows = pq.read_table(io.BytesIO(body))
        codes = pa.array([" ".join(found) for found in rows["quarantine_codes"].to_pylist()])
        at = rows.schema.get_field_index("quarantine_codes")
        csv.write_csv(rows.set_column(at, "quarantine_codes", codes), path)
        return path

    def run(self, module: str, *arguments: object, caller: Caller | None = None) -> str:
        """Run a workload as its container would; returns what it printed. Exit codes 3 and 4 are verdicts.

        `caller` is the job whose role and network it has.
        """
        own = {"PATH": "/usr/bin:/bin", "TMPDIR": tempfile.gettempdir()}
        own |= caller.environment() if caller else {}
        argv = [sys.executable, "-m", module, *map(str, arguments)]
        with tempfile.TemporaryDirectory(prefix="job-") as directory:
            output, errors = Path(directory, "output"), Path(directory, "errors")
            streams = {"output": str(output), "errors": str(errors)}
            code = self._emulator.run(argv, cwd=str(ROOT), env=self._emulator.environment() | own, **streams)
            if code not in (0, 3, 4):
                raise LoopError(f"{module} failed with exit code {code}: {_said(errors.read_text())}")
            return output.read_text()

    def start_training(self, name: str, *, tune: bool = False) -> str:
        """Start the pipeline, or the one that searches, by hand on all accepted data; returns the execution's ARN."""
        return operations.training.start(self.names, name, tune=tune, s3=self.client("s3"), sagemaker=self._trainer())

    def _trainer(self) -> Any:
        """Whom to ask about training: the state machine where there is one, else SageMaker."""
        states, sagemaker, names = self.client("stepfunctions"), self.client("sagemaker"), self.names.of_its_workload
        machines = states.get_paginator("list_state_machines").paginate()
        if any(each["name"] == names.training_machine for page in machines for each in page["stateMachines"]):
            return MachineRuns(states, sagemaker, pipeline=names.pipeline, arn=names.training_machine_arn)
        return sagemaker

    def wait_for_training(self, execution: str, on_step: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
        """Wait for an execution, telling each step once it has ended. Returns its description."""
        return operations.training.follow(execution, sagemaker=self._trainer(), on_step=on_step, poll_seconds=0.3)

    def evaluation(self, execution: str) -> dict[str, Any]:
        """The evaluation.json of an execution."""
        return self.read_json(f"{self.run_uri(execution)}/Evaluate/evaluation/evaluation.json")

    def run_uri(self, execution: str) -> str:
        """Where the steps of an execution write."""
        identifier = execution.replace("/", ":").rpartition(":")[2]
        return f"s3://{self.names.artifacts_bucket}/{self.names.layout.runs}{identifier}"

    def search(self, execution: str) -> Search | None:
        """What an execution searched; None of one that trains."""
        if f"pipeline/{self.names.tuning_pipeline}/" not in execution:
            return None
        run = self.run_uri(execution)
        return searched.read(self.names, run, s3=self.client("s3"), sagemaker=self.client("sagemaker"))

    def tracked(self, execution: str) -> Iterator[str]:
        """What MLflow was told of an execution, line by line; nothing where the workload has it told nothing."""
        run = self.run_uri(execution)
        names = self.names.of_its_workload
        return tracked.told(names, run, functions=self.client("lambda"), emulator=self._emulator)

    def newest_package(self) -> dict[str, Any]:
        """The model package that was registered last, described."""
        found = operations.packages.newest(self.names, sagemaker=self.client("sagemaker"))
        if found is None:
            raise LoopError(f"the gate let a model pass, but group {self.names.package_group} has no package")
        return found

    def approve(self, package: str, why: str) -> None:
        """A person's approval of a registered model."""
        operations.packages.approve(self.names, package, why=why, sagemaker=self.client("sagemaker"))

    def record(self) -> Record | None:
        """The release record, None before the first release."""
        return operations.releases.read(self.names, self._releases)

    def promote(self, package: str, *, who: str, why: str, model: str = CHAMPION) -> Record:
        """Make an approved package the next release: the record is written here, the rollout is the next `up`.

        Of several models it is the one of a name.
        """
        if self.kind.models:
            by, clients = By(who=who, why=why), self._releases
            return operations.releases.promote_model(self.names, package, model, by=by, clients=clients)
        return operations.releases.promote(self.names, package, by=By(who=who, why=why), clients=self._releases)

    def follow(self, *, who: str) -> Record:
        """The record once the endpoint serves the wanted release. LoopError when its rollout was turned back."""
        followed = operations.releases.follow(self.names, who=who, clients=self._releases, patience_seconds=600)
        if followed.failed:
            raise LoopError(f"release {followed.failed.id} failed: {followed.failed.reason}")
        return followed.record

    @property
    def _releases(self) -> Clients:
        return operations.releases.clients(
            self.client, {} if self.kind.host == "sagemaker" else {self.names.prefix: self.kind.host}
        )

    def live(self) -> Live:
        """The endpoint once it does not change any more. LoopError where there is none."""
        while (found := self._releases.host(self.names).observe()) and found.in_progress:
            time.sleep(0.2)
        if found is None:
            raise LoopError(f"endpoint {self.names.prefix} is not there")
        return found

    def endpoint(self) -> dict[str, Any]:
        """The endpoint, described."""
        return self.client("sagemaker").describe_endpoint(EndpointName=self.names.prefix)

    @property
    def serves(self) -> str:
        """Name of the configuration that serves; of a batch endpoint, of the model of its next run."""
        live = self._releases.host(self.names).observe()
        if live is None:
            raise LoopError(f"nothing serves {self.names.prefix}")
        return live.config

    @property
    def batch(self) -> Batch | None:
        """The way to have files scored by a batch endpoint; None for one that answers requests."""
        live = self._releases.host(self.names).observe()
        if live is None or not live.scheduled:
            return None
        contract = schema.from_json(self.contract_file.read_text(encoding="utf-8"))
        return Batch(
            names=self.names,
            columns=contract.inputs,
            encoding=contract.encoding,
            s3=self.client("s3"),
            scheduler=self.client("scheduler"),
            sagemaker=self.client("sagemaker"),
        )

    def roll_back(self, *, who: str, why: str) -> Outcome:
        """A person's rollback."""
        return operations.releases.roll_back(
            self.names,
            by=By(who=who, why=why),
            clients=self._releases,
            tell=lambda *_: None,
            patience_seconds=PATIENCE_SECONDS,
        )

    @property
    def asks(self) -> Mapping[str, str]:
        """What a request says beside its body: of several models, that it is for the champion; the component."""
        if self.kind.host == "component":
            return {"InferenceComponentName": self.names.prefix}
        return {"TargetModel": archives.target(CHAMPION)} if self.kind.models else {}

    @property
    def queue(self) -> Queue | None:
        """The way to ask an endpoint that takes requests from S3; None where it takes them itself, or none at all."""
        if self.batch or self.kind.host != "sagemaker":
            return None
        config = self.client("sagemaker").describe_endpoint_config(
            EndpointConfigName=self.endpoint()["EndpointConfigName"]
        )
        if not config.get("AsyncInferenceConfig"):
            return None
        return Queue(
            self.names, s3=self.client("s3"), runtime=self.client("sagemaker-runtime"), wake=self._let_instances_come
        )

    def _let_instances_come(self) -> None:
        """Let a minute pass where there is no instance and requests wait for one; callers take turns."""
        with self._waking:
            if self.live() and not self.instances:
                self._emulator.advance(60)
                self.minutes_waited += 1

    @property
    def servers(self) -> list[dict[str, Any]]:
        """The endpoint's model servers that live (`Emulator.model_servers`)."""
        return [s for s in self._emulator.model_servers() if s["endpoint"] == self.names.prefix and s["alive"]]

    @property
    def instances(self) -> int:
        """How many instances the live release has."""
        return sum(variant["CurrentInstanceCount"] for variant in self.endpoint()["ProductionVariants"])

    def fetch_evaluation(self, execution: str, page: Path) -> Path:
        """The HTML report of an execution's evaluation, as a file."""
        report = urlsplit(f"{self.run_uri(execution)}/Evaluate/evaluation/evaluation.html")
        self.client("s3").download_file(report.netloc, report.path.lstrip("/"), str(page))
        return page

    def take_captured(self, directory: Path) -> Captured:
        """What the endpoint captured since the last call: fetched into a directory, and counted."""
        prefix = self.names.layout.data_capture
        keys = [key for key in self._keys(self.names.processed_bucket, prefix) if key not in self._seen]
        self._seen.update(keys)
        directory.mkdir(parents=True)
        for number, key in enumerate(keys):
            self.client("s3").download_file(self.names.processed_bucket, key, str(directory / f"{number:04}.jsonl"))
        lines = sum(len(path.read_text().splitlines()) for path in directory.iterdir())
        return Captured(directory=directory, records=lines)

    def detect_drift(self, captured: Path, output: Path) -> dict[str, Any]:
        """The drift job over captured records, against the baseline of the live package; publishes its metrics.

        On AWS a schedule starts it every hour (components.operations.drift); the emulator keeps schedules and never
        starts them.
        """
        record = self.record()
        if record is None:
            raise LoopError("nothing is live: there is no baseline to measure drift against")
        package = self.client("sagemaker").describe_model_package(ModelPackageName=record.serving.champion)
        baseline = output.parent / "baseline.json"
        baseline.write_text(json.dumps(self.read_json(package["CustomerMetadataProperties"]["drift_baseline"])))
        self.run(
            *("workloads.drift", "detect", "--contract", self.contract_file, "--baseline", baseline),
            *("--captured", captured, "--endpoint", self.names.prefix, "--output", output, "--publish"),
            caller=self._drift_job(),
        )
        return json.loads((output / "report.json").read_text())

    def _drift_job(self) -> Caller:
        """As whom and where the schedule runs the job."""
        schedule = self.client("scheduler").get_schedule(Name=self.names.resource("drift"))
        job = json.loads(schedule["Target"]["Input"])
        return Caller.of(job["RoleArn"], job["NetworkConfig"]["VpcConfig"])

    def ask_for_retraining(self, trigger: str) -> dict[str, Any]:
        """Call the retraining function by hand."""
        answer = self.client("lambda").invoke(
            FunctionName=self.names.of_its_workload.resource("retraining"), Payload=json.dumps({"trigger": trigger})
        )
        return json.loads(answer["Payload"].read())

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        pages = self.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read_json(self, uri: str) -> Any:
        """A JSON object in S3."""
        location = urlsplit(uri)
        body = self.client("s3").get_object(Bucket=location.netloc, Key=location.path.lstrip("/"))["Body"]
        return json.loads(body.read())

    def download(self, uri: str, directory: Path) -> Path:
        """All objects under a prefix, flat, into a directory."""
        location = urlsplit(uri)
        directory.mkdir(parents=True, exist_ok=True)
        for key in self._keys(location.netloc, location.path.lstrip("/")):
            self.client("s3").download_file(location.netloc, key, str(directory / key.replace("/", "_")))
        return directory


def _said(errors: str) -> str:
    """What a workload's log says of its end: the message of the last error, else the end of the log as it is."""
    for line in reversed(errors.splitlines()):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("level") == "ERROR":
            return entry["message"]
    return errors[-2000:]


def _is_of(event: Mapping[str, Any], key: str, version: str) -> bool:
    """Whether what an execution was given is the event of this version of an object."""
    return event["object"]["key"] == key and event["object"]["version-id"] == version
