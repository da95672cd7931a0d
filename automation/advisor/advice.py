"""Every target that could serve a model, judged by the rules, sized and priced for its load, and ranked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from automation.advisor.fleets import Fleet, fewest, fleets
from automation.advisor.load import Load
from automation.advisor.prices import ON_FLEETS, ON_GRAVITON, WITHOUT, Size
from contracts.advice import Finding, Needs, Target, judge, targets
from contracts.advice.capacity import MOST_INSTANCES
from contracts.advice.frameworks import core_ms
from contracts.instances import Use
from contracts.prices import REFERENCE

#: What the platform's image lacks for a family.
_IMAGES: Final[Mapping[str, tuple[str, str]]] = {
    "GPU": ("CPU", "the platform's inference image has no CUDA: bring one that has"),
    "Inferentia": ("CPU", "the platform's inference image has no Neuron: compile the model and bring one that has"),
}
#: A request that takes longer than this, in ms, is better counted while it is under way than when it has come.
_LONG_MS: Final = 100
_PLAN: Final = "savings plan"
_PRICING: Final[Mapping[str, str]] = {
    "asynchronous": "on demand",
    "inference_component": "on demand",
    "batch": "on demand",  # Spot is for training alone (guide, "Managed Spot Training in Amazon SageMaker AI")
    "serverless": "by use",
    "lambda": f"by use, {_PLAN}",
    "fargate": f"{_PLAN}, Spot",
    "eks": f"{_PLAN}, Spot",
}
_SCALING: Final[Mapping[str, str]] = {
    "asynchronous": "backlog per instance",
    "inference_component": "concurrent requests per copy",
    "batch": "nothing",
    "serverless": "nothing",
    "lambda": "provisioned concurrency",
    "fargate": "CPU of the tasks",
    "eks": "CPU of the pods",
}


@dataclass(frozen=True, kw_only=True)
class Alternative:
    """One way to serve the model. `usd` is of a month of serving alone; `from_memory` rests on prices not seen.

    What is refused has findings that say why, and no size and price.
    """

    target: str
    offered: bool
    family: str = ""
    instance_type: str = ""
    size: str = ""
    usd: float | None = None
    from_memory: float = 0
    pricing: str = ""
    scaling: str = ""
    findings: tuple[Finding, ...] = ()

    def told(self, effect: str) -> list[Finding]:
        """Its findings of one effect."""
        return [finding for finding in self.findings if finding.effect == effect]

    @property
    def rank(self) -> tuple[Any, ...]:
        """Refused ones last; before them those with warnings; then by price."""
        return bool(self.told("refuses")), bool(self.told("warns")), self.usd or 0, self.target, self.family

    def as_json(self) -> dict[str, Any]:
        """The form that programs read (docs/automation.md)."""
        usd = None if self.usd is None else round(self.usd, 2)
        return {**asdict(self), "usd": usd, "from_memory": round(self.from_memory, 2)}


def advise(needs: Needs, region: str = REFERENCE) -> list[Alternative]:
    """The alternatives, best first. Raises PriceError for a region without prices."""
    return sorted(
        (alternative for target in targets().values() for alternative in _alternatives(target, needs, region)),
        key=lambda alternative: alternative.rank,
    )


def _alternatives(target: Target, needs: Needs, region: str) -> Iterator[Alternative]:
    findings = tuple(judge(target, needs))
    if any(finding.effect == "refuses" for finding in findings):
        yield Alternative(target=target.name, offered=target.offered, findings=findings)
        return
    load = Load.of(needs)
    if target.name in WITHOUT:
        if target.offered and (count := WITHOUT[target.name](needs, load).most) > MOST_INSTANCES:
            yield Alternative(target=target.name, offered=True, findings=(*findings, _too_many(needs, count)))
            return
        elsewhere = {"CPU": WITHOUT, "Graviton": ON_GRAVITON} if target.name in ON_GRAVITON else {"": WITHOUT}
        for family, sizes in elsewhere.items():
            yield _priced(target, sizes[target.name](needs, load), needs, region, findings, family=family)
        return
    models = needs.models if target.models else 1
    use: Use = "transform" if target.answers == "scheduled" else "endpoint"
    found = fleets(needs, region, accelerators=target.accelerators, models=models, use=use)
    if not found and models > 1 and fewest(needs, region, accelerators=target.accelerators, models=models) is None:
        findings, models = (*findings, _loaded_in_turn(needs)), 1
        found = fleets(needs, region, accelerators=target.accelerators, use=use)
    for fleet in found:
        size = ON_FLEETS[target.name](needs, load, fleet)
        yield _priced(target, size, needs, region, (*findings, *_of_family(fleet, needs)), fleet)
    if not found:
        count = fewest(needs, region, accelerators=target.accelerators, models=models, use=use)
        why = _nowhere(needs) if count is None else _too_many(needs, count)
        yield Alternative(target=target.name, offered=target.offered, findings=(*findings, why))


def _loaded_in_turn(needs: Needs) -> Finding:
    """Sizes are for all models in memory at once; where no type has as much, some wait to be loaded."""
    return Finding(
        effect="warns",
        need="models",
        found=needs.models,
        allowed="what the memory of one instance type holds",
        reason="not all models are loaded at once: a request waits for one that is not, and another one goes",
        source="https://docs.aws.amazon.com/sagemaker/latest/dg/multi-model-endpoints.html",
    )


def _nowhere(needs: Needs) -> Finding:
    return Finding(
        effect="refuses",
        need="model_mb",
        found=needs.model_mb,
        allowed="what fits twice into the memory of an instance type with a price",
        reason="no instance type holds the model and answers in time",
        source="contracts/instances.csv, contracts/prices.csv",
    )


def _too_many(needs: Needs, count: int) -> Finding:
    return Finding(
        effect="refuses",
        need="rps",
        found=needs.rps,
        allowed=f"about {needs.rps * MOST_INSTANCES / count:,.0f}",
        reason=f"it takes {count:,} instances or tasks of the largest size, and an endpoint has {MOST_INSTANCES} at "
        "most: split the load over several endpoints",
        source="docs/configuration.md, autoscaling.maximum",
    )


def _priced(
    target: Target,
    size: Size,
    needs: Needs,
    region: str,
    findings: tuple[Finding, ...],
    fleet: Fleet | None = None,
    *,
    family: str = "",
) -> Alternative:
    usd, from_memory = size.usd(region)
    endpoints = 1 if target.models else needs.models
    return Alternative(
        target=target.name,
        offered=target.offered,
        family=fleet.family if fleet else family,
        instance_type=fleet.type if fleet else "",
        size=size.words if endpoints == 1 else f"{endpoints} x ({size.words})",
        usd=endpoints * usd,
        from_memory=endpoints * from_memory,
        pricing=_PRICING.get(target.name) or _of_instances(needs),
        scaling=_SCALING.get(target.name) or _by_load(needs, fleet),
        findings=findings,
    )


def _of_family(fleet: Fleet, needs: Needs) -> Iterator[Finding]:
    if fleet.family in _IMAGES:
        allowed, reason = _IMAGES[fleet.family]
        yield Finding(
            effect="warns",
            need="framework",
            found=needs.framework,
            allowed=allowed,
            reason=reason,
            source="Makefile, images",
        )


def _of_instances(needs: Needs) -> str:
    if needs.pattern in {"rare", "nightly"}:
        return "on demand"
    return _PLAN


def _by_load(needs: Needs, fleet: Fleet | None) -> str:
    """Invocations say enough of short requests that come evenly; of others those under way do (ConcurrentRequests)."""
    if fleet is None or fleet.family in {"GPU", "Inferentia"} or core_ms(needs) > _LONG_MS or needs.pattern == "spiky":
        return "concurrent requests"
    return "invocations per instance"
