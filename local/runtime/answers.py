"""What the sample cloud answers to data sources: an account in its steady state, or on its first day."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from contracts import release
from contracts.architectures import ARM64
from contracts.images import IMAGES, INFERENCE, INFERENCE_ARM64, repository
from contracts.kinds import KINDS, Kind
from contracts.names import Names
from local.adapter import regions
from local.runtime import sample_network
from local.runtime.errors import UnsupportedError
from local.runtime.sample_network import SampleNetwork

ACCOUNT = "123456789012"
_ZONES = "abc"
_PROMOTIONS = ("2025-01-06T09:00:00+00:00", "2025-01-13T09:00:00+00:00")

_Answer = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The data sources of one stack, whose workloads have these endpoints, by name and kind.

    `bootstrap` leaves out what builds and promotions write: images and releases.
    """

    stack: str
    region: str
    endpoints: Mapping[str, Mapping[str, str]]
    bootstrap: bool
    _network: SampleNetwork = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_network", SampleNetwork(self.region))  # frozen

    @property
    def _partition(self) -> str:
        return regions.partition(self.region)["partition"]

    def answer(self, token: str, args: dict[str, Any]) -> _Answer:
        """Answer a data source. Raises UnsupportedError for one that has no sample."""
        sources: Mapping[str, Callable[[dict[str, Any]], _Answer]] = {
            "aws:cloudcontrol/getResource:getResource": self._resource,
            "aws:index/getAvailabilityZones:getAvailabilityZones": self._zones,
            "aws:index/getCallerIdentity:getCallerIdentity": self._identity,
            "aws:index/getRegion:getRegion": self._region,
            # No contract of former models lies there.
            "aws:s3/getObjects:getObjects": lambda args: {
                "id": args["bucket"],
                "keys": [],
                "region": self.region,
                **args,
            },
            "aws:ssm/getParametersByPath:getParametersByPath": self._parameters_by_path,
            **self._network.sources(),
        }
        if token not in sources:
            raise UnsupportedError(f"{token}: no sample answer; add one to {__name__}, it knows {', '.join(sources)}")
        return sources[token](args)

    def _zones(self, args: dict[str, Any]) -> _Answer:
        region = args.get("region") or self.region
        names, ids = ([f"{stem}{letter}" for letter in _ZONES] for stem in (region, "zone-"))
        return {"id": region, "names": names, "zoneIds": ids, "groupNames": [region], "region": region}

    def _identity(self, args: dict[str, Any]) -> _Answer:
        arn = f"arn:{self._partition}:sts::{ACCOUNT}:assumed-role/deploy/sample"
        return {"id": ACCOUNT, "accountId": ACCOUNT, "arn": arn, "userId": "AROASAMPLE:sample"}

    def _region(self, args: dict[str, Any]) -> _Answer:
        return {"id": self.region, "name": self.region, "region": self.region}

    def _resource(self, args: dict[str, Any]) -> _Answer:
        """A model package as the pipeline registers it; Cloud Control gives any other type by its own schema."""
        identifier, kind = args["identifier"], args["typeName"]
        if kind in sample_network.RESOURCES:
            properties = json.dumps(sample_network.RESOURCES[kind])
            return {"id": identifier, "properties": properties, "region": self.region, **args}
        if kind != "AWS::SageMaker::ModelPackage":
            raise UnsupportedError(f"cloudcontrol.get_resource of {kind}: no sample answer; add one to {__name__}")
        workload = identifier.rsplit("/", 2)[1].removesuffix(f"-{self.stack}")
        runs = f"s3://{self._names.artifacts_bucket}/{self._names.of_workload(workload).layout.runs}sample"
        run = f"{runs}/Evaluate/evaluation"
        quality = {part: {"S3Uri": f"{run}/{part.lower()}.json"} for part in ("Statistics", "Constraints")}
        package = {
            "ModelPackageArn": identifier,
            "CustomerMetadataProperties": {
                "contract_sha": "0123456789abcdef",
                "drift_baseline": f"{run}/baseline.json",
                "record_preprocessor": f"{run}/record_preprocessor.py",
            },
            "DriftCheckBaselines": {"ModelDataQuality": quality},
            "InferenceSpecification": {"Containers": [self._container(INFERENCE, runs)]},
            "AdditionalInferenceSpecifications": [
                {"Name": ARM64, "Containers": [self._container(INFERENCE_ARM64, runs)]}
            ],
        }
        return {"id": identifier, "properties": json.dumps(package), "region": self.region, **args}

    def _parameters_by_path(self, args: dict[str, Any]) -> _Answer:
        """What the build and promotions have written: image digests, and a release record for every endpoint."""
        below = {} if self.bootstrap else {**self._images(), **self._releases()}
        path = str(args["path"]).rstrip("/") + "/"
        below = {name: value for name, value in below.items() if name.startswith(path)}
        arn = f"arn:{self._partition}:ssm:{self.region}:{ACCOUNT}:parameter"
        return {
            "id": args["path"],
            "path": args["path"],
            "names": list(below),
            "values": list(below.values()),
            "types": ["String"] * len(below),
            "arns": [f"{arn}{name}" for name in below],
            "region": self.region,
        }

    def _images(self) -> dict[str, str]:
        return {self._names.image_parameter(image): self._image(image) for image in IMAGES}

    def _image(self, name: str) -> str:
        digest, suffix = sha256(name.encode()).hexdigest(), regions.partition(self.region)["dnsSuffix"]
        return f"{ACCOUNT}.dkr.ecr.{self.region}.{suffix}/{self._names.resource(repository(name))}@sha256:{digest}"

    def _container(self, image: str, runs: str) -> dict[str, str]:
        return {"Image": self._image(image), "ModelDataUrl": f"{runs}/Train/output/model.tar.gz"}

    def _releases(self) -> dict[str, str]:
        """Every endpoint of the stack serves a model."""
        return {
            names.release_parameter: release.to_json(self._record(names.package_group, KINDS[kind]))
            for workload, endpoints in self.endpoints.items()
            for endpoint, kind in endpoints.items()
            for names in [self._names.of_workload(workload).of_endpoint(endpoint)]
        }

    @property
    def _names(self) -> Names:
        return Names(stack=self.stack, account=ACCOUNT, region=self.region, partition=self._partition)

    def _record(self, group: str, kind: Kind) -> release.Record:
        """Two promotions: one release is live, and a known good one came before it."""
        package = f"arn:{self._partition}:sagemaker:{self.region}:{ACCOUNT}:model-package/{group}"
        first, second = _PROMOTIONS
        promote = functools.partial(release.serve_models, models={}) if kind.models else release.promote
        record = promote(None, f"{package}/1", who="sample", why="first release", when=first)
        record = release.settle(record, record.wanted.id)
        record = promote(record, f"{package}/2", who="sample", why="better on new data", when=second)
        return release.settle(record, record.wanted.id)
