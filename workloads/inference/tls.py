"""A certificate of the service's own, for load balancers that speak TLS to their targets and do not ask who these are.

An Application Load Balancer does not validate a target's certificate (Elastic Load Balancing, user guide of Application
Load Balancers, "Target groups for your Application Load Balancers"); what a certificate is for here is that nobody on
the way reads along.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

_DAYS = 3650  # longer than any task lives


class Certificate(NamedTuple):
    """Files of a certificate and its key, in PEM."""

    certificate: Path
    key: Path


class TlsError(RuntimeError):
    """No certificate could be made; the message says why."""


def files(directory: Path) -> Certificate:
    """Where the certificate of a service is."""
    return Certificate(directory / "certificate.pem", directory / "key.pem")


def make(directory: Path) -> Certificate:
    """A self-signed certificate in `directory`, with a key that never leaves it. Raises TlsError."""
    found = files(directory)
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"),
        *("-days", str(_DAYS), "-subj", "/CN=inference", "-keyout", str(found.key), "-out", str(found.certificate)),
    ]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - nothing of it is given
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip()[-300:]
        raise TlsError(f"--tls-dir: openssl makes no certificate in {directory}: {said}") from error
    except OSError as error:
        raise TlsError(f"--tls-dir: no certificate can be made in {directory}: {error}") from error
    found.key.chmod(0o600)
    return found
