"""Transform jobs that run: the model's container over HTTP, objects of S3 cut into requests, answers in S3.

moto takes any job and calls it completed. A job ends with the event that EventBridge gets of it (developer guide,
"Events that Amazon SageMaker AI sends to Amazon EventBridge", "Transform job state change").
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import FakeTransformJob, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from local.emulator.asynchronous.results import split
from local.emulator.context import Context
from local.emulator.delivery import events
from local.emulator.extension import wrap
from local.emulator.sagemaker.fleets import containers
from local.emulator.sagemaker.model_servers import (
    Container,
    ModelServer,
    ServerGoneError,
    ServerSlowError,
    StartError,
)
from local.emulator.sagemaker.models import arn, described_model
from local.emulator.sagemaker.transform_data import BYTES, DataError, filtered, joined, requests

_MEGABYTE = 1024 * 1024
#: API reference, CreateTransformJob: MaxPayloadInMB, and the product with MaxConcurrentTransforms.
_PAYLOAD_MB, _MOST_MB = 6, 100
_SECONDS = 600  # ModelClientConfig, InvocationsTimeoutInSeconds


def install(context: Context) -> None:
    """Run the jobs that are created."""

    def create(original: Callable[..., ActionResult], self: SageMakerResponse) -> ActionResult:
        request, backend = self._get_params(), self.sagemaker_backend
        _check(backend, request)
        answer = original(self)
        job = backend.transform_jobs[request["TransformJobName"]]
        job.transform_job_status = "InProgress"
        job.transform_end_time = None  # pyright: ignore[reportAttributeAccessIssue]  moto: at once
        _tell(context, backend, job)
        context.background.detach(_run, context, backend, job, request)
        return answer

    wrap(SageMakerResponse, "create_transform_job", create)


def _check(backend: SageMakerModelBackend, request: dict[str, Any]) -> None:
    name = request["TransformJobName"]
    if name in backend.transform_jobs:
        raise ValidationError(f'Cannot create already existing transform job "{arn(backend, "transform-job", name)}".')
    described_model(backend, request["ModelName"])  # answers with AWS's error when there is none
    megabytes = request.get("MaxPayloadInMB", _PAYLOAD_MB) * request.get("MaxConcurrentTransforms", 1)
    if megabytes > _MOST_MB:
        raise ValidationError(
            f"MaxPayloadInMB multiplied by MaxConcurrentTransforms must not exceed {_MOST_MB} MB, found {megabytes}."
        )


def _run(context: Context, backend: SageMakerModelBackend, job: FakeTransformJob, request: dict[str, Any]) -> None:
    reason = "InternalServerError: the emulator could not run the job; its log says why"
    try:
        reason = _transform(context, backend, job, request)
    finally:
        job.failure_reason = reason
        job.transform_end_time = job.last_modified_time = utcnow()
        job.transform_job_status = "Failed" if reason else "Completed"
        _tell(context, backend, job)


def _transform(context: Context, backend: SageMakerModelBackend, job: FakeTransformJob, request: dict[str, Any]) -> str:
    """Run a job to its end; why it failed, nothing where it did not."""
    directory = context.directory("transform-jobs", job.transform_job_name)
    server = ModelServer(context, backend.region_name, directory, job.transform_job_name)
    try:
        served = containers(backend, request["ModelName"])
        if len(served) > 1:
            return f"ClientError: {request['ModelName']} has {len(served)} containers; the emulator transforms by one"
        server.start(_told(served[0], request))
        uri = request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]
        bucket, prefix = split(uri)
        pages = context.client("s3", backend.region_name).get_paginator("list_objects_v2")
        found = [o for page in pages.paginate(Bucket=bucket, Prefix=prefix) for o in page.get("Contents", [])]
        keys = [each["Key"] for each in found if not each["Key"].endswith("/")]
        if not keys:
            return f"ClientError: No S3 objects found under S3 URL {uri!r} given in input data source"
        for key in keys:
            _one(context, backend.region_name, server, request, key)
    except (StartError, DataError) as error:
        return str(error)
    except ServerSlowError:
        return "AlgorithmError: the model did not answer in time"
    except ServerGoneError as error:
        return f"AlgorithmError: the model server does not answer: {error}"
    except ClientError as error:
        return f"ClientError: {error}"
    finally:
        server.stop()
    return ""


def _told(served: Container, request: dict[str, Any]) -> Container:
    """The container with what the job gives it (developer guide, "How SageMaker AI Runs Your Inference Image")."""
    given = {
        "SAGEMAKER_BATCH": "true",
        "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(request.get("MaxPayloadInMB", _PAYLOAD_MB)),
        "SAGEMAKER_BATCH_STRATEGY": _strategy(request),
        "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(request.get("MaxConcurrentTransforms", 1)),
    }
    environment = {**served.environment, **given, **(request.get("Environment") or {})}
    return Container(image=served.image, model_data=served.model_data, environment=environment)


def _strategy(request: dict[str, Any]) -> str:
    return request.get("BatchStrategy", "MultiRecord")


def _one(context: Context, region: str, server: ModelServer, request: dict[str, Any], key: str) -> None:
    """Transform one object into `<output>/<its place below the input>.out`."""
    given, output = request["TransformInput"], request["TransformOutput"]
    processing = request.get("DataProcessing") or {}
    s3 = context.client("s3", region)
    bucket, prefix = split(given["DataSource"]["S3DataSource"]["S3Uri"])
    content = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    most = request.get("MaxPayloadInMB", _PAYLOAD_MB) * _MEGABYTE
    headers = {"Content-Type": given.get("ContentType", ""), "Accept": output.get("Accept", "*/*")}
    seconds = (request.get("ModelClientConfig") or {}).get("InvocationsTimeoutInSeconds", _SECONDS)
    written = b""
    for records in requests(content, given.get("SplitType", "None"), _strategy(request), most):
        sent = "\n".join(filtered(records, processing.get("InputFilter", "$"))).encode("utf-8", BYTES)
        answer = server.invoke(sent, headers, seconds=seconds)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            said = answer.body.decode("utf-8", "replace")[:500]
            raise DataError(f"ClientError: {key}: the model answered {answer.status}: {said}")
        written += joined(records, answer.body, processing)
    target, below = split(output["S3OutputPath"])
    encryption = (
        {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": output["KmsKeyId"]} if output.get("KmsKeyId") else {}
    )
    name = key.removeprefix(prefix).lstrip("/") or key.rpartition("/")[2]
    s3.put_object(Bucket=target, Key=f"{below.rstrip('/')}/{name}.out", Body=written, **encryption)


def _tell(context: Context, backend: SageMakerModelBackend, job: FakeTransformJob) -> None:
    detail = {k: v for k, v in job.response_object.items() if k in _TOLD}
    events.emit(
        context,
        backend.account_id,
        backend.region_name,
        source="aws.sagemaker",
        detail_type="SageMaker Transform Job State Change",
        resources=[job.arn],
        detail=detail,
    )


_TOLD = frozenset({
    "TransformJobName", "TransformJobArn", "TransformJobStatus", "FailureReason", "ModelName", "TransformInput",
    "TransformOutput", "TransformResources", "CreationTime", "TransformStartTime", "TransformEndTime",
})  # fmt: skip
