"""The model from S3, where nothing mounts it: an ECS task fetches the archive of its release's package as it starts."""

from __future__ import annotations

import os
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from contracts import partitions
from workloads.archive import unpack
from workloads.inference.aws import UNANSWERED, Client
from workloads.inference.model import ModelError
from workloads.inference.settings import Settings

TIMEOUT_S = 10.0  # to connect, and of each read
PAUSES_S = (0.5, 2.0, 5.0)  # between tries; a load balancer waits longer for a task to be ready
_TRANSIENT = 500


def fetch(
    settings: Settings, environment: Mapping[str, str] = os.environ, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Unpack the archive at `settings.model_uri` into the model's directory. ModelError with what kept it from that."""
    place = urlsplit(settings.model_uri)
    host = f"https://{place.netloc}.s3.{settings.region}.{partitions.of(settings.region).dns_suffix}"
    path = quote(place.path)
    if settings.s3_endpoint:
        host, path = settings.s3_endpoint, f"/{place.netloc}{path}"
    client = Client("s3", host, region=settings.region, timeout_s=TIMEOUT_S, environment=environment)
    body = _body(client, path, settings.model_uri, sleep)
    settings.model_dir.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.model_dir.parent) as beside:
        archive = Path(beside) / "model.tar.gz"
        archive.write_bytes(body)
        try:
            unpack(archive, settings.model_dir)
        except tarfile.TarError as error:
            raise ModelError(f"{settings.model_uri}: found what cannot be unpacked ({error}); pack it anew") from error
        except OSError as error:
            told = f"{settings.model_uri} cannot be written to {settings.model_dir} ({error})"
            raise ModelError(
                f"{told}; give the container a larger disk, or name another place (--model-dir)"
            ) from error


def _body(client: Client, path: str, uri: str, sleep: Callable[[float], None]) -> bytes:
    """The object. What may pass (no answer, 5xx) is tried again, what S3 refuses is not."""
    reason = ""
    for pause in (*PAUSES_S, None):
        try:
            status, body = client.call("GET", path)
        except UNANSWERED as error:
            reason = f"S3 cannot be reached ({error or type(error).__name__})"
        else:
            if status == 200:
                return body
            reason = f"S3 answered {status}: {body[:200].decode(errors='replace')}"
            if status < _TRANSIENT:
                break
        if pause is not None:
            sleep(pause)
    raise ModelError(f"{uri}: the model cannot be fetched: {reason}; look at the task's role, its key and its network")
