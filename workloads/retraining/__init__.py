"""Automatic retraining with brakes: drift, a schedule or new data asks; the decision is made here."""
