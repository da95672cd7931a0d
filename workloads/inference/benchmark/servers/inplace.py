"""The naive service with what a knowing hand changes first: `inplace_predict` on one thread, async."""

import os

import numpy as np
import xgboost
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
model = xgboost.Booster({"nthread": 1}, model_file=os.environ["BENCH_MODEL"] + "/model.ubj")


class Customer(BaseModel):
    """One row."""

    user_tenure_months: int
    transaction_volume: float
    support_tickets: int


@app.post("/v1/predict")
async def predict(row: Customer) -> dict[str, float | bool]:
    """The score of one row and the decision."""
    values = np.array([[row.user_tenure_months, row.transaction_volume, row.support_tickets]], dtype=np.float32)
    score = float(model.inplace_predict(values, validate_features=False)[0])
    return {"score": score, "decision": score >= 0.75}


@app.get("/ping")
async def ping() -> dict[str, str]:
    """Ready."""
    return {"status": "ok"}
