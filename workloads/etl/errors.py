"""The error of the ETL job."""

from __future__ import annotations


class EtlError(ValueError):
    """Input from which no data set can be made; the message says what was found, what is allowed and what to do."""
