"""Several models in one container: SageMaker's multi-model contract.

AWS docs: "Build Your Own Container for SageMaker AI Multi-Model Endpoints", "Contract for Custom Containers".

SageMaker unpacks a model, tells the container to load it, and unloads what was not used for long when the container
answers 507. Outside SageMaker nobody does that, so `evict` lets the container itself drop the least recently used. A
container that is out of memory is killed with all its models: one that would fill it is not loaded.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from workloads.inference import memory
from workloads.inference.errors import Refused, malformed
from workloads.inference.memory import Memory
from workloads.inference.metrics import Metrics
from workloads.inference.model import ModelError, load
from workloads.inference.scoring import Scorer
from workloads.inference.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]{0,255}")
_PAGE = 100
_MEGABYTE = 1024 * 1024


class LoadRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Body of POST /models. `url` is the directory that the model was unpacked to."""

    model_name: str
    url: str


@dataclass(frozen=True)
class Loaded:
    """One model that can be invoked."""

    name: str
    url: str
    scorer: Scorer

    def document(self) -> dict[str, str]:
        """As SageMaker lists it."""
        return {"modelName": self.name, "modelUrl": self.url}


class Models:
    """The loaded models, least recently used first."""

    def __init__(
        self, settings: Settings, metrics: Metrics, measure: Callable[[], Memory | None] = memory.read
    ) -> None:
        self.settings, self.metrics, self._measure = settings, metrics, measure
        self._loaded: OrderedDict[str, Loaded] = OrderedDict()
        self._loading = asyncio.Lock()

    async def load(self, body: bytes) -> Loaded:
        """Load what the body of POST /models names. Raises Refused: 400, 409 if it is loaded, 507 without room."""
        try:
            wanted = msgspec.json.decode(body, type=LoadRequest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise malformed(f'the body is no {{"model_name": ..., "url": ...}}: {error}') from None
        if not _NAME.fullmatch(wanted.model_name):
            allowed = "letters, digits and . _ = -, a letter or digit first, up to 256"
            raise Refused(400, "invalid_name", f"model_name {wanted.model_name!r} is found; allowed are {allowed}")
        async with self._loading:  # one after the other: two might not fit where each does
            if wanted.model_name in self._loaded:
                raise Refused(409, "already_loaded", f"model {wanted.model_name!r} is loaded; unload it first")
            self._make_room(wanted)
            found = Loaded(wanted.model_name, wanted.url, await self._scorer(wanted))
            self._loaded[wanted.model_name] = found
            return found

    async def _scorer(self, wanted: LoadRequest) -> Scorer:
        settings = self.settings
        try:
            model = await asyncio.to_thread(
                load,
                Path(wanted.url),
                threshold=settings.threshold,
                max_rows=settings.max_rows,
                predictor_kind=settings.predictor,
            )
        except ModelError as error:
            raise Refused(400, "invalid_model", str(error)) from None
        except MemoryError:
            raise _no_room(f"no memory for model {wanted.model_name!r}; unload one") from None
        return Scorer(model, settings, self.metrics)

    def _make_room(self, wanted: LoadRequest) -> None:
        """Raises Refused 507 where there is none, and none is made: nothing is dropped for what never fits."""
        name, needed = wanted.model_name, memory.size(Path(wanted.url))
        if (most := self._allowed(self._measure())) is not None and needed > most:
            found, allowed = round(needed / _MEGABYTE), round(most / _MEGABYTE)
            raise _no_room(f"model {name!r} has {found} MB, {allowed} MB are the most allowed; give it more memory")
        while why := self._too_many() or self._too_large(name, needed):
            if not (self.settings.evict and self._loaded):
                raise _no_room(f"{why}; unload one")
            self._loaded.popitem(last=False)

    def _too_many(self) -> str:
        if len(self._loaded) < self.settings.max_models:
            return ""
        return f"{len(self._loaded)} models are loaded, which is the most allowed"

    def _too_large(self, name: str, needed: int) -> str:
        """A model takes in memory what its files take, at least; the rest of the memory is for requests."""
        found = self._measure()
        allowed = self._allowed(found)
        if found is None or allowed is None or found.used + needed <= allowed:
            return ""
        used, more, most = (round(value / _MEGABYTE) for value in (found.used, needed, allowed))
        return f"{used} MB are in use and model {name!r} has {more} MB, {most} MB are the most allowed"

    def _allowed(self, found: Memory | None) -> float | None:
        """Bytes that models and what else is in memory may take; None where the memory is not known."""
        return found.limit * self.settings.max_memory_percent / 100 if found else None

    def unload(self, name: str) -> Loaded:
        """Forget a model; requests that use it end with it. Raises Refused 404."""
        found = self.get(name)
        del self._loaded[name]
        return found

    def get(self, name: str) -> Loaded:
        """A loaded model. Raises Refused 404."""
        if name not in self._loaded:
            raise Refused(404, "no_such_model", f"model {name[:100]!r} is not loaded; load it with POST /models")
        return self._loaded[name]

    def used(self, name: str) -> Scorer:
        """The scorer of a model, which counts as used now. Raises Refused 404."""
        found = self.get(name)
        self._loaded.move_to_end(name)
        return found.scorer

    def page(self, token: str | None, limit: str | None) -> dict[str, object]:
        """A part of the list of models: from the position `token`, at most `limit`. Raises Refused 400."""
        try:
            start, size = int(token or 0), int(limit or _PAGE)
        except ValueError:
            start, size = -1, -1
        if start < 0 or size < 1:
            found = f"next_page_token {token!r} and limit {limit!r}"
            raise Refused(
                400, "invalid_page", f"{found} are found; allowed is a token of an earlier page, and 1 or more"
            )
        names = list(self._loaded.values())
        answer: dict[str, object] = {"models": [item.document() for item in names[start : start + size]]}
        if start + size < len(names):
            answer["nextPageToken"] = str(start + size)
        return answer


def _no_room(why: str) -> Refused:
    return Refused(507, "insufficient_memory", why)
