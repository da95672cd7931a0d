"""Training as one would write it: CSV, pandas, XGBClassifier. Arguments: their directory, output, settings."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
from xgboost import XGBClassifier


def main(source: Path, output: Path, settings: str) -> None:
    """Train with early stopping; leave the model and its validation loss."""
    train, validation = (pd.read_csv(source / f"{part}.csv") for part in ("train", "validation"))
    features = [name for name in train if name != "y"]
    model = XGBClassifier(eval_metric="logloss", **json.loads(settings))
    model.fit(train[features], train["y"], eval_set=[(validation[features], validation["y"])], verbose=False)
    model.save_model(output / "model.ubj")
    (output / "facts.json").write_text(json.dumps({"loss": model.best_score, "rounds": model.best_iteration + 1}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
