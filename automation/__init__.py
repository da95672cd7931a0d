"""Acting on what is deployed, and reporting on it: for operators, auditors and pipelines of delivery."""
