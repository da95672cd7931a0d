"""Pulumi resources of the AWS provider as calls of the AWS API, so that the unchanged program runs against an emulator.

`Adapter` creates, changes and deletes resources, calls the provider's functions, and refuses every input that the
provider or the API's own model refuses. The tables in `services` say how each type maps to the API where its model
does not tell (`conventions`).
"""

from local.adapter.adapter import Adapter, Created
from local.adapter.errors import AdapterError, ApiRefused, InvalidInput, UnknownType
from shapes.check import Fault

__all__ = ["Adapter", "AdapterError", "ApiRefused", "Created", "Fault", "InvalidInput", "UnknownType"]
