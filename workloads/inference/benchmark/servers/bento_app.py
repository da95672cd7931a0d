"""BentoML. `bentoml serve servers.bento_app:Churn`"""

import os

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1)
class Churn:
    """One row in, score and decision out."""

    def __init__(self) -> None:
        self.model = joblib.load(os.environ["BENCH_MODEL"] + "/model.joblib")

    @bentoml.api(route="/v1/predict")
    def predict(
        self, user_tenure_months: int, transaction_volume: float, support_tickets: int
    ) -> dict[str, float | bool]:
        """The score of one row and the decision."""
        values = np.array([[user_tenure_months, transaction_volume, support_tickets]])
        score = float(self.model.predict_proba(values)[0][1])
        return {"score": score, "decision": score >= 0.75}
