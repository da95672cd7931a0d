"""The evaluation job: how good the candidate is, against its thresholds and against the live champion (T5, T6)."""
