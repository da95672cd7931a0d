"""Validation of delivered data against the contract (D4).

`validate` judges one file (pure but for the two files it writes); `delivery.process` does so for an object in S3, once
per content; `python -m workloads.validation` is its command line.
"""

from __future__ import annotations

from workloads.validation.judge import ACCEPTED_FILE, QUARANTINE_FILE, validate
from workloads.validation.pii import SaltError
from workloads.validation.summary import Summary
from workloads.validation.verdict import FileFault, Finding, RowFault, Status, Verdict, from_dict

__all__ = [
    "ACCEPTED_FILE",
    "QUARANTINE_FILE",
    "FileFault",
    "Finding",
    "RowFault",
    "SaltError",
    "Status",
    "Summary",
    "Verdict",
    "from_dict",
    "validate",
]
