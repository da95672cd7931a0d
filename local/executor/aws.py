"""Clients of the emulated AWS that know nothing of the user's own profile and settings."""

from __future__ import annotations

import functools
import os
from typing import Any

import boto3
import botocore.session


def client(service: str, *, endpoint_url: str, region: str) -> Any:
    """A boto3 client of the emulator, with credentials of no account."""
    return _session().client(
        service,
        endpoint_url=endpoint_url,
        region_name=region,
        aws_access_key_id="emulated",
        aws_secret_access_key="emulated",  # noqa: S106  (of no account)
    )


@functools.cache
def _session() -> boto3.Session:
    """One for the process: it holds the loaded service models."""
    core = botocore.session.Session(
        session_vars={"profile": (None, None, None, None), "config_file": (None, None, os.devnull, None)}
    )
    return boto3.Session(botocore_session=core)
