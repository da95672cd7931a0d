"""The rules by which a target is judged against needs. One table; a line is a need, when it is not met, and why.

`refuses`: the target cannot meet the need. `warns`: it can, at a price that somebody has to want. `notes`: what follows
for its size. Limits come with the page that states them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from contracts.advice.capacity import MOST_MODELS
from contracts.advice.frameworks import core_ms, frameworks
from contracts.advice.needs import Needs
from contracts.advice.targets import Target

Effect = Literal["refuses", "warns", "notes"]
#: Answers quicker than this, in ms, wait for no container to start: images take seconds to load.
COLD_MS: Final = 10_000
#: Answers quicker than this, in ms, wait for no instance to start: "Autoscale an asynchronous endpoint", minutes.
INSTANCE_MS: Final = 300_000
_GUIDE: Final = "https://docs.aws.amazon.com/sagemaker/latest/dg/"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a rule says of a target: the need, its value, what is allowed, the reason and its source."""

    effect: Effect
    need: str
    found: object
    allowed: str
    reason: str
    source: str


class Rule(NamedTuple):
    """One line of the table. Without a source of its own a rule rests on the target's page."""

    effect: Effect
    need: str
    unmet: Callable[[Needs, Target], bool]
    allowed: Callable[[Needs, Target], str]
    reason: str
    source: str = ""


def _quickly(needs: Needs, within: float) -> bool:
    return needs.p99_ms is not None and needs.p99_ms < within


def _too_slow(needs: Needs, target: Target) -> bool:
    """On cores alone, where there is no accelerator that is quicker."""
    quicker = target.accelerators and frameworks()[needs.framework].gpu_ms is not None
    return needs.p99_ms is not None and not quicker and core_ms(needs) > needs.p99_ms


def concurrent(needs: Needs) -> float:
    """Requests that are under way at the same time when most come (Little's law)."""
    return needs.rps * core_ms(needs) / 1000


def memory_mb(needs: Needs) -> float:
    """What a process needs: the model, as much again for its answers, and the service (docs/benchmarks.md: 40 MB)."""
    return 2 * needs.model_mb + 256


RULES: Final = (
    Rule(
        "refuses",
        "payload_mb",
        lambda needs, target: needs.payload_mb > target.payload_mb,
        lambda _, target: f"at most {target.payload_mb:g} MiB",
        "a larger request is refused",
    ),
    Rule(
        "refuses",
        "seconds",
        lambda needs, target: needs.seconds is not None and needs.seconds > target.seconds,
        lambda _, target: f"at most {target.seconds:g} s",
        "a longer request is cut off",
    ),
    Rule(
        "refuses",
        "p99_ms",
        lambda needs, target: target.answers == "scheduled" and needs.p99_ms is not None,
        lambda *_: "nothing",
        "answers come with the next run, and nobody may wait for them",
        _GUIDE + "batch-transform.html",
    ),
    Rule(
        "refuses",
        "p99_ms",
        lambda needs, target: target.answers == "later" and _quickly(needs, INSTANCE_MS),
        lambda *_: f"{INSTANCE_MS} or more, or nothing",
        "requests wait in a queue, and for an instance to start",
        _GUIDE + "async-inference-autoscale.html",
    ),
    Rule(
        "refuses",
        "p99_ms",
        _too_slow,
        lambda needs, _: f"{core_ms(needs):g} or more",
        "a request takes longer on one core, and there is no accelerator",
    ),
    Rule(
        "refuses",
        "model_mb",
        lambda needs, target: target.most_memory_mb is not None and memory_mb(needs) > target.most_memory_mb,
        lambda _, target: f"what fits twice into {target.most_memory_mb} MiB",
        "one execution has no more memory",
    ),
    Rule(
        "refuses",
        "rps",
        lambda needs, target: target.most_concurrent is not None and concurrent(needs) > target.most_concurrent,
        lambda _, target: f"what keeps at most {target.most_concurrent} requests under way",
        "more at the same time are throttled",
    ),
    Rule(
        "refuses",
        "isolated",
        lambda needs, target: needs.isolated and not target.in_network,
        lambda *_: "false",
        "it stands in no network of yours",
        _GUIDE + "serverless-endpoints.html",
    ),
    Rule(
        "refuses",
        "gradual",
        lambda needs, target: needs.gradual and not target.gradual,
        lambda *_: "false",
        "a release takes over all at once, and no alarm turns it back meanwhile",
        _GUIDE + "deployment-guardrails-exclusions.html",
    ),
    Rule(
        "refuses",
        "models",
        lambda needs, target: target.models and target.offered and needs.models > MOST_MODELS,
        lambda *_: f"at most {MOST_MODELS}, and fewer with long names",
        "the record that names the models of a release has 4 KB: split them over several endpoints",
        "docs/serving.md, multi_model",
    ),
    Rule(
        "warns",
        "p99_ms",
        lambda needs, target: target.starts_cold and target.answers == "now" and _quickly(needs, COLD_MS),
        lambda *_: f"{COLD_MS} or more",
        "a request may wait for a container or a model to load: what keeps it warm is in the price where AWS sells it",
    ),
    Rule(
        "warns",
        "team",
        lambda needs, target: bool(target.team) and needs.team not in target.team,
        lambda _, target: " or ".join(sorted(target.team)),
        "its cluster, load balancer or functions are run by people who know them",
        "the people, not AWS",
    ),
    Rule(
        "warns",
        "models",
        lambda needs, target: target.models and needs.models == 1,
        lambda *_: "2 or more",
        "one model has nothing to share instances with",
        _GUIDE + "multi-model-endpoints.html",
    ),
    Rule(
        "warns",
        "framework",
        lambda _, target: target.stages > 1,
        lambda *_: "an image that is unable to compute the features",
        "the platform's service does both in one container; in two a request takes longer, at the same price",
        _GUIDE + "inference-pipelines.html",
    ),
    Rule(
        "warns",
        "pattern",
        lambda needs, target: target.answers == "scheduled" and needs.pattern != "nightly",
        lambda *_: "nightly",
        "what comes between two runs waits for the next one",
        _GUIDE + "batch-transform.html",
    ),
    Rule(
        "notes",
        "models",
        lambda needs, target: needs.models > 1 and not target.models,
        lambda *_: "1",
        "each model has an endpoint of its own",
    ),
    Rule(
        "notes",
        "pattern",
        lambda needs, target: needs.pattern == "spiky" and target.has_instances and not target.zero,
        lambda *_: "steady or business_hours",
        "a burst is over before an instance has started: instances for the peak at all times",
        _GUIDE + "endpoint-auto-scaling.html",
    ),
)


def _source(rule: Rule, target: Target) -> str:
    if rule.need in target.own:
        return f"its {target.own[rule.need]}"
    return rule.source or f"{target.source}, read {target.read_on}"


def judge(target: Target, needs: Needs) -> list[Finding]:
    """Everything that the rules say of a target, in their order."""
    return [
        Finding(
            effect=rule.effect,
            need=rule.need,
            found=getattr(needs, rule.need),
            allowed=rule.allowed(needs, target),
            reason=rule.reason,
            source=_source(rule, target),
        )
        for rule in RULES
        if rule.unmet(needs, target)
    ]
