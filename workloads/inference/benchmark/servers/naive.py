"""The service as most are written: FastAPI, pydantic, joblib, `predict_proba`. `uvicorn servers.naive:app`"""

import io
import os

import joblib
import numpy as np
import pandas as pd
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

app = FastAPI()
model = joblib.load(os.environ["BENCH_MODEL"] + "/model.joblib")


class Customer(BaseModel):
    """One row."""

    user_tenure_months: int
    transaction_volume: float
    support_tickets: int


@app.post("/v1/predict")
def predict(row: Customer) -> dict[str, float | bool]:
    """The score of one row and the decision."""
    values = np.array([[row.user_tenure_months, row.transaction_volume, row.support_tickets]])
    score = float(model.predict_proba(values)[0][1])
    return {"score": score, "decision": score >= 0.75}


@app.post("/invocations")
async def invocations(request: Request) -> Response:
    """A CSV of rows to a line for each."""
    frame = pd.read_csv(io.BytesIO(await request.body()), header=None)
    return Response("\n".join(map(str, model.predict_proba(frame.to_numpy())[:, 1])), media_type="text/csv")


@app.get("/ping")
def ping() -> dict[str, str]:
    """Ready."""
    return {"status": "ok"}
