"""The comparison of live rows with the baseline, as the plain JSON of report.json.

DriftScore. The score of a feature is the Jensen-Shannon distance (base 2, 0 to 1) between its shares of rows in the
baseline and live, over the baseline's bins (deciles, or a bin a value) and one bin for missing: a change of the
missing rate is drift too. The DriftScore of an endpoint is the largest of its features. The distance is a bounded
metric and needs no smoothing constant; Vertex AI takes it (as divergence) for numeric features by default
(vertexai.ml_monitoring.spec.DataDriftSpec), Evidently for categorical ones with a threshold of 0.1 (data drift
algorithm). A distance of 0.15 is a shift of a normal feature's mean by 0.36 standard deviations, a PSI of 0.13. Where
nothing drifts, ten bins exceed it by chance in 5 of 1,000 windows of 200 rows, in 1 of 10,000 of 300, and in none of
500 (simulated).

The model's score has its own distance, which is not part of DriftScore: it moves with the model as well as with the
data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts.schema import Contract
from workloads.drift.baseline import histograms
from workloads.drift.capture import Captured
from workloads.drift.distance import jensen_shannon_distance, kolmogorov_smirnov, population_stability_index
from workloads.drift.histogram import Histogram, present_values

DRIFTED, STABLE, NOT_ENOUGH_ROWS = "drifted", "stable", "not enough rows"


def detect(baseline: Mapping[str, Any], captured: Captured, contract: Contract, *, endpoint: str) -> dict[str, Any]:
    """The report on `captured` rows. Raises UserError when the baseline is of another contract's features.

    `status` is drifted, stable or "not enough rows" (fewer than the contract's drift.min_rows: then there is no
    `drift_score`, and `features` and `score` are empty). `features` and `score` have, each with its own scale: score,
    psi, jensen_shannon, ks (None without values on both sides), missing rates, and the shares a bin behind it all.
    """
    references, score_reference = histograms(baseline, contract)
    enough = captured.rows >= contract.drift.min_rows
    compared = {name: compare(references[name], captured.features[name]) for name in references} if enough else {}
    most = max(compared, key=lambda name: compared[name]["score"], default=None)
    drift_score = compared[most]["score"] if most is not None else None
    drifted = drift_score is not None and drift_score > contract.drift.max_score
    scores = captured.scores[~np.isnan(captured.scores)]
    return {
        "endpoint": endpoint,
        "contract": contract.name,
        "status": (DRIFTED if drifted else STABLE) if enough else NOT_ENOUGH_ROWS,
        "drifted": drifted,
        "drift_score": drift_score,
        "most_drifted": most,
        "max_score": contract.drift.max_score,
        "rows": captured.rows,
        "min_rows": contract.drift.min_rows,
        "baseline": {"dataset_version": baseline.get("dataset_version", ""), "rows": baseline["rows"]},
        "captured": {
            "records": captured.records,
            "outside_window": captured.outside_window,
            "unreadable": dict(sorted(captured.unreadable.items())),
            "first": captured.first.isoformat() if captured.first else None,
            "last": captured.last.isoformat() if captured.last else None,
        },
        "features": compared,
        "score": compare(score_reference, scores) if enough and score_reference and scores.size else None,
    }


def compare(reference: Histogram, live: NDArray[np.float64]) -> dict[str, Any]:
    """One feature (or the score): `live` values (n,), n > 0, NaN where missing, against the reference."""
    before, now = reference.with_missing, reference.count(live)
    distance = jensen_shannon_distance(before, now)
    present = present_values(live)
    both = present.size > 0 and len(reference.quantiles) > 0
    return {
        "score": distance,
        "psi": population_stability_index(before, now),
        "jensen_shannon": distance,
        "ks": kolmogorov_smirnov(reference.quantiles, present) if both else None,
        "missing_rate_before": before[-1] / sum(before),
        "missing_rate_now": now[-1] / sum(now),
        "kind": reference.kind.value,
        "bins": list(reference.labels()),
        "before": [count / sum(before) for count in before],
        "now": [count / sum(now) for count in now],
    }
