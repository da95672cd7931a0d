"""Makes the models beside this file, and what their own libraries say of the same rows (`<name>.npy`, float32).

    python tests/workloads/inference/exports/make.py ROWS.npz logistic forest amount classes candidate plain zipmap
    python tests/workloads/inference/exports/make.py ROWS.npz lightgbm
    python tests/workloads/inference/exports/make.py ROWS.npz net fixed

The first in an environment with scikit-learn 1.9.1 and skl2onnx 1.20.0, the second with lightgbm 4.7.0 and onnxmltools
1.16.0, the third with torch 2.4.1 and onnx 1.23.2; none is this project's. `python -m
tests.workloads.inference.exports.rows ROWS.npz` writes the rows: `features` (n, 6) with NaN for missing, `labels` (n,).
"""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false
from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
Made = tuple[bytes, Any]


def _sklearn(last: Any, features: Any, labels: Any, *, zipmap: bool = False) -> Made:
    from skl2onnx import to_onnx
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # Trees need no scaling, and behind one an export compares in float32 what scikit-learn compares in float64.
    scaled = [] if "Forest" in type(last).__name__ else [StandardScaler()]
    pipeline = make_pipeline(SimpleImputer(), *scaled, last).fit(features, labels)
    if not hasattr(last, "predict_proba"):
        return to_onnx(pipeline, features[:1]).SerializeToString(), pipeline.predict(features)
    model = to_onnx(pipeline, features[:1], options={"zipmap": zipmap})
    return model.SerializeToString(), pipeline.predict_proba(features)


def logistic(features: Any, labels: Any) -> Made:
    from sklearn.linear_model import LogisticRegression

    return _sklearn(LogisticRegression(), features, labels)


def candidate(features: Any, labels: Any) -> Made:
    """One that is good enough for the gate."""
    return logistic(features, labels)


def zipmap(features: Any, labels: Any) -> Made:
    """What skl2onnx makes of a classifier if it is told nothing."""
    from sklearn.linear_model import LogisticRegression

    return _sklearn(LogisticRegression(), features, labels, zipmap=True)


def plain(features: Any, labels: Any) -> Made:
    """One that does not know missing values."""
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    filled = np.nan_to_num(features)
    model = LogisticRegression(max_iter=2000).fit(filled, labels)
    return to_onnx(model, filled[:1], options={"zipmap": False}).SerializeToString(), model.predict_proba(filled)


def forest(features: Any, labels: Any) -> Made:
    from sklearn.ensemble import RandomForestClassifier

    return _sklearn(RandomForestClassifier(20, max_depth=5, random_state=7), features, labels)


def amount(features: Any, labels: Any) -> Made:
    """A regression."""
    from sklearn.linear_model import Ridge

    return _sklearn(Ridge(), features, labels + np.nan_to_num(features[:, 0]))


def classes(features: Any, labels: Any) -> Made:
    """Three classes."""
    from sklearn.linear_model import LogisticRegression

    return _sklearn(LogisticRegression(), features, labels + (np.nan_to_num(features[:, 0]) > 36))


def lightgbm(features: Any, labels: Any) -> Made:
    from lightgbm import LGBMClassifier
    from onnxmltools import convert_lightgbm
    from onnxmltools.convert.common.data_types import FloatTensorType

    model = LGBMClassifier(n_estimators=20, num_leaves=15, random_state=7, n_jobs=1, verbose=-1).fit(features, labels)
    types = [("features", FloatTensorType([None, features.shape[1]]))]
    return convert_lightgbm(model, initial_types=types, zipmap=False).SerializeToString(), model.predict_proba(features)


def fixed(features: Any, labels: Any) -> Made:
    """What torch exports if it is told nothing: for as many rows as it was shown."""
    return net(features, labels, free=False)


def net(features: Any, labels: Any, *, free: bool = True) -> Made:
    import io

    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            known = torch.from_numpy(features)
            self.register_buffer("mean", torch.nanmean(known, 0))
            filled = torch.where(torch.isnan(known), self.mean, known)
            self.register_buffer("spread", filled.std(0))
            self.layers = torch.nn.Sequential(torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))

        def forward(self, rows: Any) -> Any:
            filled = torch.where(torch.isnan(rows), self.mean, rows)
            return torch.sigmoid(self.layers((filled - self.mean) / self.spread)).squeeze(1)

    torch.manual_seed(7)
    torch.set_num_threads(1)
    model, known = Net(), torch.from_numpy(features)
    optimizer, wanted = torch.optim.Adam(model.parameters(), lr=0.01), torch.from_numpy(labels.astype(np.float32))
    for _ in range(300):
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy(model(known), wanted).backward()
        optimizer.step()
    model.eval()
    target = io.BytesIO()
    names: dict[str, Any] = {"input_names": ["features"], "output_names": ["probability"]}
    axes = {"features": {0: "rows"}, "probability": {0: "rows"}} if free else None
    torch.onnx.export(model, known[:2], target, dynamic_axes=axes, **names)
    return target.getvalue(), model(known).detach().numpy()


def main(given: str, *names: str) -> None:
    held = np.load(given)
    for name in names:
        make: Callable[[Any, Any], Made] = globals()[name]
        own = "candidate_" if name == "candidate" else ""
        model, scores = make(held[f"{own}features"], held[f"{own}labels"].astype(np.int64))
        (HERE / f"{name}.onnx").write_bytes(model)
        scores = np.asarray(scores, dtype=np.float32)
        np.save(HERE / f"{name}.npy", scores[:, 1] if scores.ndim == 2 and scores.shape[1] == 2 else scores)


if __name__ == "__main__":
    main(*sys.argv[1:])
