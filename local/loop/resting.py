"""An endpoint at rest: an hour without requests takes its instances, or its copies, and requests bring one back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from contracts.release import CHAMPION
from local.emulator.client import Emulator
from local.loop import LoopError, named
from local.loop.platform import Platform
from local.loop.traffic import Answers

HOUR_SECONDS = 3600
#: Minutes after which somebody would look: SageMaker wakes by an alarm on one.
_MOST_MINUTES = 10
#: Tells line by line how a platform's endpoint rests and is woken by one request.
Rests = Callable[[Platform, Emulator, Sequence[bytes]], Iterator[str]]


def of(platform: Platform) -> Rests | None:
    """How the endpoint rests; None where it always waits for requests."""
    if platform.kind.host == "component":
        return component
    return queue if platform.queue else None


def queue(platform: Platform, emulator: Emulator, request: Sequence[bytes]) -> Iterator[str]:
    """Instances of a queue go; a request waits for the first. LoopError where they stay, or it is not answered."""
    emulator.advance(HOUR_SECONDS)
    platform.live()
    if left := platform.instances:
        raise LoopError(f"after an hour without requests there are {left} instances, not 0")
    platform.minutes_waited = 0
    asked = platform.queue
    if asked is None:
        raise LoopError(f"endpoint {platform.names.prefix} has no queue any more")
    answers = asked.ask(request, rows=1)
    waited, here = platform.minutes_waited, platform.instances
    yield f"0 instances after it; a request waited {waited} minutes for {here}: {dict(answers.statuses)}"
    if not answers.served:
        raise LoopError("the request that brought the endpoint back was not served")


def component(platform: Platform, emulator: Emulator, request: Sequence[bytes]) -> Iterator[str]:
    """Copies go; requests are refused until one is back. LoopError where they stay, or none comes back."""
    emulator.advance(HOUR_SECONDS)
    left, instances = platform.live().counts[CHAMPION], platform.instances
    if left or instances:
        raise LoopError(f"after an hour without requests there are {left} copies on {instances} instances, not 0")
    yield "0 copies on 0 instances after it"
    refused, answers = _woken(platform, emulator, request)
    if not refused or not answers.served:
        raise LoopError(f"refused: {refused}; then {dict(answers.statuses)}")
    yield f"a request is refused: {refused[0]}"
    yield f"served after {len(refused)} minutes by {platform.live().counts[CHAMPION]} copy: {dict(answers.statuses)}"


def awake(platform: Platform, emulator: Emulator, bodies: Sequence[bytes]) -> Iterator[str]:
    """See to it that a component has a copy, as clients do who ask again."""
    if platform.kind.host == "component" and not platform.live().counts[CHAMPION]:
        refused, _ = _woken(platform, emulator, bodies[:1])
        yield f"no copy was there: requests were refused for {len(refused)} minutes"


def _woken(platform: Platform, emulator: Emulator, request: Sequence[bytes]) -> tuple[list[str], Answers]:
    """Ask each minute until a copy is there; how requests were refused before that, and what came then."""
    refused: list[str] = []
    while len(refused) < _MOST_MINUTES:
        try:
            return refused, named.ask(platform, request, platform.asks)
        except platform.client("sagemaker-runtime").exceptions.ValidationError as error:
            said = error.response["Error"]
            refused.append(f"{said['Code']}: {said['Message']}")
        emulator.advance(60)
        platform.live()  # a copy that starts takes its time
    raise LoopError(f"no copy is there after {_MOST_MINUTES} minutes of requests: {refused[-1]}")
