"""The release record: which approved model package is live, kept as data outside the program.

One JSON value in SSM Parameter Store per endpoint. Its transitions are pure (`transitions`); `ledger` writes them, one
writer at a time, and `rollback` moves the endpoint too. The command line and the rollback function use both; the Pulumi
program reads the record and declares a model and an endpoint configuration for EVERY release in it, with the endpoint
on the wanted one. So an old configuration outlives the move away from it, and an emergency rollback and the next
`pulumi up` agree.

Standard library only, with AWS clients given: this package is zipped into a Lambda.
"""

from contracts.release.record import (
    CHALLENGER,
    CHAMPION,
    MAX_RELEASES,
    SHADOW,
    Record,
    Release,
    ReleaseError,
    Status,
)
from contracts.release.text import MAX_BYTES, VERSION, from_json, to_json
from contracts.release.transitions import (
    begin,
    fail,
    mirror_traffic,
    promote,
    roll_back,
    serve_models,
    settle,
    split_traffic,
    started,
    starting,
    withdraw,
)

__all__ = [
    "CHALLENGER",
    "CHAMPION",
    "MAX_BYTES",
    "MAX_RELEASES",
    "SHADOW",
    "VERSION",
    "Record",
    "Release",
    "ReleaseError",
    "Status",
    "begin",
    "fail",
    "from_json",
    "mirror_traffic",
    "promote",
    "roll_back",
    "serve_models",
    "settle",
    "split_traffic",
    "started",
    "starting",
    "to_json",
    "withdraw",
]
