"""ETL on Spark by AWS Glue, where a stack says so (`ingestion.glue`): the job's definition, its code, network and role.

The state machine of ingestion starts it (`components.data.ingestion_jobs`) with all that is of the object and of the
workload; what stands here is how it runs. Its code is this checkout's, by its digest, with the one library that Glue 5
lacks. Bookmarks are off: a run reads exactly what the version of the data names.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi
import pulumi_aws as aws

from components import access
from components.access import Statement
from components.ground import Ground
from components.ground.keys import Domain
from components.service import Service
from contracts.names import WorkloadNames
from settings import Glue as GlueSettings
from settings import Ingestion

#: What the job, its connection and its role are called.
ROLE: Final = "spark"
GLUE: Final = "glue.amazonaws.com"
#: AWS services that its workers call from the network beside S3 (`components.reach`): their logs and metrics.
CALLS: Final = {ROLE: frozenset({"logs", "monitoring"})}
#: Glue's newest whose Spark (3.5) and Python (3.11) are those of the tests (Glue developer guide, "Glue versions").
VERSION: Final = "5.0"
#: Runs at one time: each object has one. More wait (`machine`).
MOST_RUNS: Final = 5
PROJECT: Final = Path(__file__).parents[2]
SCRIPT: Final = PROJECT / "workloads/ingestion/glue_job.py"
#: Of the project, what the script imports; a test holds it.
CODE: Final = (
    "contracts/*.py",
    "workloads/*.py",
    "workloads/etl/*.py",
    "workloads/features/*.py",
    "workloads/inference/__init__.py",
    "workloads/inference/decision.py",
    "workloads/ingestion/*.py",
    "workloads/tasks/*.py",
)
#: Pure Python, and not among the libraries that Glue brings (developer guide, "Python modules already provided").
LIBRARY: Final = "narwhals"
#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "glue",
        types="glue/connection glue/job",
        reads="GetConnection GetJob",
        changes="CreateConnection CreateJob DeleteConnection DeleteJob UpdateConnection UpdateJob",
        named="*/{every}",  # job and connection; one pattern is shorter than two
        handed_to="glue",
    ),
)


@functools.cache
def archive_files() -> Mapping[str, Path]:
    """Path in the archive -> file, in order: the code and the library."""
    found = {path.relative_to(PROJECT).as_posix(): path for pattern in CODE for path in PROJECT.glob(pattern)}
    spec = importlib.util.find_spec(LIBRARY)
    if spec is None or spec.origin is None:
        raise pulumi.RunError(f"ingestion.glue: found no {LIBRARY}; allowed: requirements.txt installed; install it")
    home = Path(spec.origin).parent
    found |= {path.relative_to(home.parent).as_posix(): path for path in home.rglob("*.py")}
    return dict(sorted(found.items()))


@functools.cache
def code_version() -> str:
    """16 hex digits of the script and the archive: names and contents of all files."""
    digest = hashlib.sha256()
    for name, path in {"": SCRIPT, **archive_files()}.items():
        digest.update(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def code_of(settings: Ingestion) -> str | None:
    """Version of the code that makes a workload's data sets on Spark; None where its training image makes them."""
    return None if settings.glue is None else code_version()


def log_prefix(names: WorkloadNames) -> str:
    """What the names of the job's log groups begin with; Glue adds `/output` and `/error`."""
    return f"/aws-glue/jobs/{names.resource(ROLE)}"


def statements(
    names: WorkloadNames,
    *,
    processed_key: pulumi.Input[str],
    models_key: pulumi.Input[str],
) -> list[Statement]:
    """What a run may do: read code, contract and what is accepted, write data sets and notes; network and logs."""
    layout, processed = names.layout, names.processed_bucket
    logs = [names.arn("logs", f"log-group:{log_prefix(names)}*")]
    catalog = [names.arn("glue", "catalog"), names.arn("glue", f"connection/{names.resource(ROLE)}")]
    return [
        *access.read_objects("ReadCode", names, names.artifacts_bucket, [layout.contracts]),
        access.use_key("DecryptCode", [models_key], write=False),
        *access.read_objects("ReadPrepared", names, processed, [layout.accepted, layout.data_sets]),
        access.write_objects("WriteOutcome", names, processed, [layout.data_sets, layout.prepared]),
        # Spark's writers take away what they have put down on their way, below the run's own directory.
        access.allow("Tidy", ["s3:DeleteObject"], [names.bucket_arn(processed, f"{layout.data_sets}*")]),
        access.use_key("EncryptOutcome", [processed_key], write=True),
        *access.glue_network_interfaces(names),
        access.allow("Connect", ["glue:GetConnection"], catalog),
        # Under a security configuration Glue may add its name to that of the group, and makes what is not there.
        access.allow(
            "WriteLogs",
            ["logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            logs,
        ),
        access.put_metrics(["Glue"]),
    ]


@dataclass(frozen=True, kw_only=True)
class SparkArgs:
    """`minutes` is what a run may take, `security_configuration` the name of the one that encrypts.

    Lookups of the network are made with `lookup`.
    """

    ground: Ground
    names: WorkloadNames
    settings: GlueSettings
    minutes: int
    security_configuration: pulumi.Input[str]
    lookup: pulumi.InvokeOptions


class Spark(pulumi.ComponentResource):
    """The job and what it takes.

    Spark("churn-spark", SparkArgs(ground=ground, names=names, settings=settings.ingestion.glue, ...))
    """

    def __init__(self, name: str, args: SparkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:data:Spark", name, None, opts)
        self._name, self._args, self._child = name, args, pulumi.ResourceOptions(parent=self)
        names, settings = args.names, args.settings
        version = code_version()
        script = self._code("script", f"{version}/glue_job.py", pulumi.FileAsset(str(SCRIPT)))
        files: dict[str, pulumi.Asset | pulumi.Archive] = {
            path: pulumi.FileAsset(str(file)) for path, file in archive_files().items()
        }
        code = self._code("code", f"{version}/code.zip", pulumi.AssetArchive(files))
        groups = [self._log_group(end) for end in ("output", "error")]
        job = aws.glue.Job(
            f"{name}-job",
            name=names.resource(ROLE),
            description=f"Makes the data sets of {names.workload}",
            role_arn=self._role().arn,
            command=aws.glue.JobCommandArgs(name="glueetl", python_version="3", script_location=_uri(script)),
            glue_version=VERSION,
            worker_type=settings.worker_type,
            number_of_workers=settings.max_workers,
            execution_class="FLEX" if settings.flex else "STANDARD",
            execution_property=aws.glue.JobExecutionPropertyArgs(max_concurrent_runs=MOST_RUNS),
            max_retries=0,  # the state machine tries again
            timeout=args.minutes,
            security_configuration=args.security_configuration,
            connections=[self._connection().name],
            default_arguments={
                "--extra-py-files": _uri(code),
                "--job-bookmark-option": "job-bookmark-disable",
                "--enable-auto-scaling": "true",
                "--enable-metrics": "true",
                "--enable-observability-metrics": "true",
                "--enable-job-insights": "true",
                "--enable-continuous-cloudwatch-log": "true",
                "--custom-logGroup-prefix": log_prefix(names),
            },
            opts=pulumi.ResourceOptions.merge(self._child, pulumi.ResourceOptions(depends_on=groups)),
        )
        self.register_outputs({"job": job.name})

    def _code(self, part: str, key: str, source: pulumi.Asset | pulumi.Archive) -> aws.s3.BucketObjectv2:
        ground = self._args.ground
        return aws.s3.BucketObjectv2(
            f"{self._name}-{part}-{code_version()}",
            bucket=ground.lake.artifacts.bucket,
            key=f"{self._args.names.layout.code}{key}",
            source=source,
            server_side_encryption="aws:kms",
            kms_key_id=ground.keys[Domain.MODELS].arn,
            # A run that is under way still reads it.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )

    def _log_group(self, end: str) -> aws.cloudwatch.LogGroup:
        ground = self._args.ground
        return aws.cloudwatch.LogGroup(
            f"{self._name}-{end}",
            name=f"{log_prefix(self._args.names)}/{end}",
            kms_key_id=ground.keys[Domain.LOGS].arn,
            retention_in_days=ground.log_retention_days,
            opts=self._child,
        )

    def _connection(self) -> aws.glue.Connection:
        """The way into the private network, in one zone: Spark's workers talk to each other all the time."""
        network, lookup = self._args.ground.network, self._args.lookup
        subnet = network.subnet_ids.apply(lambda ids: ids[0])
        zone = aws.ec2.get_subnet_output(id=subnet, opts=pulumi.InvokeOutputOptions(provider=lookup.provider))
        return aws.glue.Connection(
            f"{self._name}-connection",
            name=self._args.names.resource(ROLE),
            description="The workloads' network",
            connection_type="NETWORK",
            physical_connection_requirements=aws.glue.ConnectionPhysicalConnectionRequirementsArgs(
                availability_zone=zone.availability_zone,
                subnet_id=subnet,
                security_group_id_lists=[network.security_group_id],
            ),
            opts=self._child,
        )

    def _role(self) -> access.Role:
        ground, names = self._args.ground, self._args.names
        return access.Role(
            f"{self._name}-role",
            access.RoleArgs(
                names=names,
                job=ROLE,
                service=GLUE,
                names_source=False,
                description="The Spark job that makes data sets",
                statements=statements(
                    names,
                    processed_key=ground.keys[Domain.PROCESSED].arn,
                    models_key=ground.keys[Domain.MODELS].arn,
                ),
                permissions_boundary=ground.ingestion_boundary,
            ),
            self._child,
        )


def _uri(code: aws.s3.BucketObjectv2) -> pulumi.Output[str]:
    return pulumi.Output.concat("s3://", code.bucket, "/", code.key)
