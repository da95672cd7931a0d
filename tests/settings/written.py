"""A stack config as it is written, and what the program makes of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config

import settings
from settings import Settings

#: Where the faults of the endpoint that `live` writes are.
LIVE = "workloads.churn.endpoints.live"


def load(**sections: Any) -> Settings:
    """What the program reads when the stack config says this; text is taken as the CLI gives it."""
    sections = {"stack": "stack"} | sections
    values = {f"ml-platform:{k}": v if isinstance(v, str) else json.dumps(v) for k, v in sections.items()}
    config.set_all_config({"aws:region": "eu-west-1", **values})
    return settings.load()


def faults(**sections: Any) -> list[str]:
    """The lines of the one error that a broken config gives, without the first, which names the stack."""
    with pytest.raises(pulumi.RunError) as caught:
        load(**sections)
    head, *lines = str(caught.value).split("\n")
    assert re.fullmatch(r"the config of stack [\w-]+ \(Pulumi\.[\w-]+\.yaml\) has faults:", head)
    return [line.removeprefix("  ") for line in lines]


def live(**endpoint: Any) -> dict[str, Any]:
    """The workloads of a stack with one endpoint that says this."""
    return churn(endpoints={"live": {"kind": "realtime", **endpoint}})


def churn(**workload: Any) -> dict[str, Any]:
    """The workloads of a stack with one workload that says this."""
    return {"churn": {"contract": "contracts/churn.yaml", **workload}}
