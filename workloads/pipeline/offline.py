"""A SageMaker SDK session with no AWS behind it: every client call raises, so that nothing can reach out unseen.

Import this module before anything else of the SDK. Version 3.27 asks for a region and for credentials while it is
imported, and builds real clients in places where only a name is read; what is set and patched here is what a compile
was seen to need. `PATCHED` names the private parts, and a test asserts that they still exist when the SDK is raised.
"""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any, NoReturn

os.environ["AWS_DEFAULT_REGION"] = (
    "eu-west-1"  # ai_registry builds a client in a class body; no region gets into the output
)
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"  # else it waits for the instance metadata service
os.environ["SAGEMAKER_VALIDATE_ROLE"] = "false"  # else ModelTrainer simulates the role's policies through IAM

import sagemaker.core.config.config_manager as config_manager
import sagemaker.mlops.workflow.steps as sdk_steps
from sagemaker.core.workflow.pipeline_context import PipelineSession

#: (owner, attribute) of every private name of the SDK that this module replaces or sets.
PATCHED = (
    (sdk_steps, "LocalSagemakerClient"),
    (config_manager.SageMakerConfig, "validate_sagemaker_config"),
)

_REAL_LOCAL_CLIENT = sdk_steps.LocalSagemakerClient

#: Telemetry off (an HTTP beacon otherwise); being given at all, it keeps the SDK from reading the user's own file.
_SDK_CONFIG = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}


class OfflineError(RuntimeError):
    """The SDK tried to call AWS while a definition was being compiled."""


def patch() -> None:
    """Replace what is slow or reaches out although nothing of it is used."""
    # Each ProcessingStep builds a whole local session (clients, metadata service: 1 s) to read one method's name.
    sdk_steps.LocalSagemakerClient = lambda: _REAL_LOCAL_CLIENT.__new__(_REAL_LOCAL_CLIENT)
    # 59 schema validations of the constant above in one compile: 3.4 s against 0.1 s.
    config_manager.SageMakerConfig.validate_sagemaker_config = lambda _self, _config=None: None


class _Client:
    """Stands for any boto3 client: has the attributes that are read, and raises on every call."""

    def __init__(self, service: str, region: str) -> None:
        self.meta = SimpleNamespace(region_name=region, config=None, partition="aws")
        self._service = service

    def __getattr__(self, operation: str) -> Any:
        if operation.startswith("__"):
            raise AttributeError(operation)

        def call(*_arguments: object, **_named: object) -> NoReturn:
            raise OfflineError(f"the SDK called {self._service}.{operation} while compiling a pipeline definition")

        return call


class _BotoSession:
    def __init__(self, region: str) -> None:
        self.region_name = region

    def client(self, service: str, region_name: str | None = None, **_options: object) -> _Client:
        return _Client(service, region_name or self.region_name)

    resource = client

    def get_credentials(self) -> None:
        return None


class OfflineSession(PipelineSession):
    """A pipeline session for compiling only. `bucket` is what the SDK believes to be the default bucket."""

    def __init__(self, *, bucket: str) -> None:
        patch()
        boto_session = _BotoSession(os.environ["AWS_DEFAULT_REGION"])
        super().__init__(
            boto_session=boto_session,
            default_bucket=bucket,
            sagemaker_config=_SDK_CONFIG,
            sagemaker_client=boto_session.client("sagemaker"),
        )
        self._default_bucket = bucket  # default_bucket() creates it otherwise

    def expand_role(self, role: str) -> str:
        """Roles are always whole ARNs here; the SDK would ask IAM for a name."""
        return role

    def upload_data(self, *_arguments: object, **_named: object) -> NoReturn:
        """Code is in the images; a step that uploads something is a mistake."""
        raise OfflineError("a step uploads a file while compiling; the workloads' code is in the images")

    def upload_string_as_file_body(self, *_arguments: object, **_named: object) -> NoReturn:
        """As `upload_data`."""
        raise OfflineError("a step uploads a text while compiling; the workloads' code is in the images")
