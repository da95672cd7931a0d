"""The model class for MLServer (V2 protocol). `mlserver start DIR`; the benchmark writes the settings."""

import os

import joblib
import numpy as np
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Churn(MLModel):
    """A tensor of rows in, scores out."""

    async def load(self) -> bool:
        """Load the model in the server's process."""
        self.model = joblib.load(os.environ["BENCH_MODEL"] + "/model.joblib")
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Scores of the rows of the first input."""
        tensor = payload.inputs[0]
        values = np.array(list(tensor.data), dtype=float).reshape(tensor.shape)
        scores = self.model.predict_proba(values)[:, 1].tolist()
        output = ResponseOutput(name="score", shape=[len(scores)], datatype="FP32", data=scores)
        return InferenceResponse(model_name=self.name, outputs=[output])
