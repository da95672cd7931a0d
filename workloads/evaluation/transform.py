"""A batch transform job that asks a container of others: over its own /ping and /invocations, as an endpoint would.

Each object is one request (SageMaker API reference, TransformInput: SplitType None), so what stands alone and what
stands together in a request is decided here. The container is isolated: it has no network and nobody's credentials
(developer guide, "Run Training and Inference Containers in Internet-Free Mode"), so that it may run as this job's role.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from workloads.job import PlatformError, UserError
from workloads.location import Location

INSTANCE: Final = "ml.m5.xlarge"
_FIRST_PAUSE, _LAST_PAUSE = 0.2, 15.0  # seconds between two looks at a job
_ENDED = ("Completed", "Failed", "Stopped")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and as what it runs. `name` begins the names of model and job, `prefix` is an address in S3 (no / at its
    end)."""

    name: str
    prefix: str
    role: str
    key: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Transform:
    """Asks containers there."""

    place: Place
    s3: Any
    sagemaker: Any
    sleep: Callable[[float], object] = time.sleep

    def ask(
        self, called: str, image: str, model_data: str, content_type: str, bodies: Iterable[tuple[str, bytes]]
    ) -> Iterator[tuple[str, bytes]]:
        """The answers to requests, by the name of each; `called` tells this asking from others of the place.

        UserError with SageMaker's reason where the container does not answer them all, PlatformError where SageMaker is
        at fault.
        """
        place = Location.parse(f"{self.place.prefix}/{called}")
        names: list[str] = []
        for each, body in bodies:
            self._put(place / f"in/{each}", body)
            names.append(each)
        name = f"{self.place.name}-{called}"
        self._make_model(name, image, model_data)
        try:
            self._run(name, str(place), content_type, image)
        finally:
            self.sagemaker.delete_model(ModelName=name)
        for each in names:
            yield each, self.s3.get_object(Bucket=place.bucket, Key=(place / f"out/{each}.out").key)["Body"].read()

    def _put(self, at: Location, body: bytes) -> None:
        encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.place.key}
        self.s3.put_object(Bucket=at.bucket, Key=at.key, Body=body, **encrypted)

    def _make_model(self, name: str, image: str, model_data: str) -> None:
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self.place.role,
            PrimaryContainer={"Image": image, "ModelDataUrl": model_data},
            EnableNetworkIsolation=True,
            VpcConfig={"Subnets": [*self.place.subnets], "SecurityGroupIds": [*self.place.security_groups]},
        )

    def _run(self, name: str, uri: str, content_type: str, image: str) -> None:
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"{uri}/in/"}}
        self.sagemaker.create_transform_job(
            TransformJobName=name,
            ModelName=name,
            BatchStrategy="SingleRecord",
            TransformInput={"DataSource": source, "ContentType": content_type, "SplitType": "None"},
            TransformOutput={"S3OutputPath": f"{uri}/out", "Accept": content_type, "KmsKeyId": self.place.key},
            TransformResources={"InstanceType": INSTANCE, "InstanceCount": 1, "VolumeKmsKeyId": self.place.key},
        )
        job, pause = self._described(name), _FIRST_PAUSE
        while job["TransformJobStatus"] not in _ENDED:
            self.sleep(pause)
            job, pause = self._described(name), min(pause * 1.5, _LAST_PAUSE)
        if job["TransformJobStatus"] == "Completed":
            return
        reason = job.get("FailureReason", f"transform job {name} was stopped")
        if reason.startswith(("InternalServerError", "CapacityError")):
            raise PlatformError(f"transform job {name}: {reason}")
        raise UserError(f"image {image} does not answer what the contract allows ({content_type}): {reason}")

    def _described(self, name: str) -> Mapping[str, Any]:
        return self.sagemaker.describe_transform_job(TransformJobName=name)
