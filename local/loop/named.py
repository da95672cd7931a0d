"""Requests that name what they are for: a model of a multi-model endpoint, or an inference component."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import urllib3

from automation.operations import archives
from contracts.release import CHAMPION
from local.loop import LoopError, traffic
from local.loop.traffic import Answers

if TYPE_CHECKING:
    from local.loop.platform import Platform

#: What the loop calls a model beside the champion.
ANOTHER = "another"


def ask(platform: Platform, bodies: Sequence[bytes], more: Mapping[str, str]) -> Answers:
    """Send `bodies` through InvokeEndpoint; `more` says which of several models they are for."""
    return traffic.invoke(platform.client("sagemaker-runtime"), platform.names.prefix, bodies, more=more)


def path(platform: Platform, url: str, bodies: Sequence[bytes]) -> str:
    """Where a server predicts; of several models with the one that it has loaded once it was asked for: SageMaker
    named it.
    """
    if not platform.kind.models:
        return "/invocations"
    ask(platform, bodies, platform.asks)
    (model,) = json.loads(urllib3.request("GET", f"{url}/models", timeout=600).data)["models"]
    return f"/models/{model['modelName']}/invoke"


def serve_another(platform: Platform, deploy: Callable[[], object], bodies: Sequence[bytes]) -> Iterator[str]:
    """The champion's package under another name, too, deployed, and each model asked by its name: line by line.

    LoopError if one is not served.
    """
    record = platform.record()
    if record is None:
        raise LoopError("nothing is live that could get another name")
    promoted = platform.promote(record.wanted.champion, who="loop", why="asked for by another name", model=ANOTHER)
    yield f"release {promoted.wanted.id} is to serve {', '.join(sorted(promoted.wanted.models))}"
    deploy()
    platform.follow(who="loop")
    for model in (CHAMPION, ANOTHER):
        target = archives.target(model)
        answers = ask(platform, bodies, {"TargetModel": target})
        yield f"{answers.served} of {len(bodies)} requests for {target} served"
        if answers.served != len(bodies):
            raise LoopError(f"not every request for {target} was served: {dict(answers.statuses)}")
