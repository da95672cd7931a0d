"""Flask behind gunicorn, as SageMaker's own XGBoost container does it. `gunicorn servers.flask_app:app`"""

import io
import os

import joblib
import numpy as np
import pandas as pd
from flask import Flask, Response, jsonify, request

app = Flask(__name__)
model = joblib.load(os.environ["BENCH_MODEL"] + "/model.joblib")
NAMES = ("user_tenure_months", "transaction_volume", "support_tickets")


@app.post("/v1/predict")
def predict() -> Response:
    """The score of one row and the decision."""
    row = request.get_json()
    score = float(model.predict_proba(np.array([[row[name] for name in NAMES]]))[0][1])
    return jsonify(score=score, decision=score >= 0.75)


@app.post("/invocations")
def invocations() -> Response:
    """A CSV of rows to a line for each."""
    frame = pd.read_csv(io.BytesIO(request.get_data()), header=None)
    return Response("\n".join(map(str, model.predict_proba(frame.to_numpy())[:, 1])), mimetype="text/csv")


@app.get("/ping")
def ping() -> Response:
    """Ready."""
    return jsonify(status="ok")
