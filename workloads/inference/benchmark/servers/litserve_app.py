"""LitServe. `python -m servers.litserve_app PORT`"""

import os
import sys
from typing import Any

import joblib
import litserve
import numpy as np

NAMES = ("user_tenure_months", "transaction_volume", "support_tickets")


class Churn(litserve.LitAPI):
    """One row in, score and decision out."""

    def setup(self, device: str) -> None:
        """Load the model in the worker."""
        self.model = joblib.load(os.environ["BENCH_MODEL"] + "/model.joblib")

    def decode_request(self, request: dict[str, Any]) -> Any:
        """JSON to a matrix."""
        return np.array([[request[name] for name in NAMES]])

    def predict(self, x: Any) -> float:
        """The score."""
        return float(self.model.predict_proba(x)[0][1])

    def encode_response(self, output: float) -> dict[str, Any]:
        """Score to JSON."""
        return {"score": output, "decision": output >= 0.75}


if __name__ == "__main__":
    server = litserve.LitServer(Churn(api_path="/v1/predict"), accelerator="cpu", workers_per_device=1)
    server.run(port=int(sys.argv[1]), host="127.0.0.1", generate_client_file=False, log_level="error")
