"""The models of the services: loaded once for each, on first use."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel

#: botocore.model.Shape. Its members are cached properties, which no type checker can read.
Shape = Any

#: botocore's loader and its sessions are not for several threads at once.
LOCK = threading.Lock()


@cache
def session() -> botocore.session.Session:
    """The session that models and clients come from; used under the lock."""
    return botocore.session.Session()


@cache
def service_model(service: str) -> ServiceModel:
    """The model of a service, by its botocore name."""
    with LOCK:
        return session().get_service_model(service)


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    """The model of an operation; its `input_shape` is what calls are validated against."""
    return service_model(service).operation_model(operation)
