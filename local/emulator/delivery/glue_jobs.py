"""Jobs of AWS Glue, run: the script and the archives that it is given, with Spark on this machine.

Spark finds `s3://bucket/` in a directory: before the run what lies below the addresses that the job is given is put
there, and after it what the run has written is put into S3. Everything else the job asks of the emulated AWS, with its
role and from the network of its connection.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from moto.glue.models import glue_backends

from local.emulator.context import Context
from local.emulator.jobs import Job
from local.identity import Caller
from workloads.location import Location

_SPARK: Final = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    # Shows directories as what has another scheme: https://hadoop.apache.org, "View File System Overload Scheme Guide".
    "spark.hadoop.fs.s3.impl": "org.apache.hadoop.fs.viewfs.ViewFileSystemOverloadScheme",
}
#: What a run may have otherwise than its job says, beside its arguments.
_OF_A_RUN: Final = (
    "allocated_capacity",
    "max_capacity",
    "notification_property",
    "number_of_workers",
    "previous_run_id",
    "security_configuration",
    "timeout",
    "worker_type",
)
_ARCHIVES: Final = "--extra-py-files"


def run(context: Context, account: str, region: str, request: dict[str, Any]) -> tuple[str, str]:
    """Run a job to its end; the state of the run and the reason of a failure. `request` is that of StartJobRun."""
    backend: Any = glue_backends[account][region]
    job = backend.get_job(request["JobName"])
    as_defined = dict.fromkeys(_OF_A_RUN)
    identifier = job.start_job_run(arguments=request.get("Arguments"), **as_defined)
    noted = job.job_runs[-1]
    if not shutil.which("java"):
        noted.status = "FAILED"
        return "FAILED", "Glue's jobs run with Spark, which needs java on PATH; install it, or leave out ingestion.glue"
    directory = context.directory("glue-jobs", identifier[3:15])
    code = _run(context, job, noted.arguments, directory, region)
    noted.status = "FAILED" if code else "SUCCEEDED"
    return noted.status, f"SystemExit: {code}; see {directory / 'log.txt'}" if code else ""


def _run(context: Context, job: Any, given: dict[str, str], directory: Path, region: str) -> int | None:
    s3 = context.client("s3", region)

    def fetched(uri: str) -> str:
        path = directory / uri.rpartition("/")[2]
        place = Location.parse(uri)
        s3.download_file(place.bucket, place.key, str(path))
        return str(path)

    script = fetched(job.command["ScriptLocation"])
    archives = [fetched(uri) for uri in filter(None, given.get(_ARCHIVES, "").split(","))]
    places = [Location.parse(value) for value in given.values() if value.startswith("s3://") and value.endswith("/")]
    for place in places:
        _bring(s3, place, directory)
    before = set(_files(directory, places))
    arguments = [text for pair in given.items() for text in pair]
    code = context.jobs.run(
        Job(
            argv=[sys.executable, script, *arguments],
            cwd=str(directory),
            env=_environment(context, job, directory, archives, places, region),
            output=str(directory / "log.txt"),
            seconds=60.0 * job.timeout,
        )
    )
    for path in set(_files(directory, places)) - before:  # those of a run that failed too
        bucket, _, key = path.relative_to(directory).as_posix().partition("/")
        s3.upload_file(str(path), bucket, key)
    return code


def _bring(s3: Any, place: Location, directory: Path) -> None:
    (directory / place.bucket / place.key).mkdir(parents=True, exist_ok=True)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key):
        for each in page.get("Contents", []):
            path = directory / place.bucket / each["Key"]
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(place.bucket, each["Key"], str(path))


def _files(directory: Path, places: list[Location]) -> Iterator[Path]:
    """What is an object: no directory, and none of the checksums that Hadoop keeps beside local files."""
    for place in places:
        yield from (
            path for path in (directory / place.bucket).rglob("*") if path.is_file() and not path.name.startswith(".")
        )


def _environment(
    context: Context, job: Any, directory: Path, archives: list[str], places: list[Location], region: str
) -> dict[str, str]:
    views = {
        f"spark.hadoop.fs.viewfs.mounttable.{place.bucket}.linkFallback": (directory / place.bucket).as_uri()
        for place in places
    }
    confs = " ".join(f"--conf {name}={value}" for name, value in {**_SPARK, **views}.items())
    return {
        **context.environment(region),
        **Caller.of(job.role, _network(context, job, region)).environment(),
        "HOME": str(directory),
        "PYSPARK_PYTHON": sys.executable,
        "PYSPARK_SUBMIT_ARGS": f"--master local[1] --driver-memory 1g {confs} pyspark-shell",
        "PYTHONPATH": os.pathsep.join(archives),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "TMPDIR": str(directory),
    }


def _network(context: Context, job: Any, region: str) -> dict[str, Any] | None:
    """Subnets and groups of the job's connection, as SageMaker's jobs have them."""
    for name in (job.connections or {}).get("Connections", []):
        found = context.client("glue", region).get_connection(Name=name)["Connection"]
        where = found["PhysicalConnectionRequirements"]
        return {"Subnets": [where["SubnetId"]], "SecurityGroupIds": where["SecurityGroupIdList"]}
    return None
