"""`evolve`: the feature store after its contract."""

from __future__ import annotations

from automation.commands import target
from automation.commands.options import Json, Stack, Workload, Yes
from automation.commands.output import Output
from automation.operations import feature_store


def evolve(stack: Stack, workload: Workload = None, as_json: Json = False, yes: Yes = False) -> None:
    """Add the contract's new columns to the feature store.

    What is there stays; old records have no value in a new column. Run it before the `up` that brings the contract to
    ingestion. History of the column is delivered like any data after that: of rows with the same entity and event time
    the last delivery counts, in the feature store as in the data set.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    names, sagemaker = on.workload(workload), on.client("sagemaker")
    planned = feature_store.plan(names, on.contract(names.workload), sagemaker=sagemaker)
    result = {"group": planned.group, "added": dict(planned.additions)}
    if not planned.additions:
        out.done(f"feature group {planned.group} has every column of the contract", result)
        return
    added = ", ".join(f"{name} ({kind})" for name, kind in planned.additions.items())
    out.confirm(f"Add {added} to feature group {planned.group}? SageMaker cannot remove a feature again.")
    feature_store.evolve(planned, sagemaker=sagemaker)
    out.done(f"feature group {planned.group} has {added} too; `up` lets ingestion fill them", result)
