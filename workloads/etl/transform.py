"""What ETL does to accepted rows, once for every engine: duckdb on one machine, Spark on many (D6)."""

from __future__ import annotations

from typing import TypeVar

import narwhals as nw

from contracts.schema import Contract
from workloads import tasks
from workloads.features.frame import selected
from workloads.features.split import COLUMN as SPLIT
from workloads.features.split import with_split

NativeFrame = TypeVar("NativeFrame")
DELIVERY = "delivery_"  # contract names cannot end with _, so nothing of the contract can be called like this


def latest(frame: NativeFrame, contract: Contract) -> NativeFrame:
    """Of the rows of one entity and event time that of the last delivery.

    `frame` has the contract's columns and `DELIVERY`, an integer that rises with the delivery a row came in; within a
    delivery no entity and event time occurs twice.
    """
    last = nw.col(DELIVERY).max().over(contract.entity, contract.event_time)
    rows = nw.from_native(frame).with_columns(last_=last)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return rows.filter(nw.col(DELIVERY) == nw.col("last_")).drop("last_", DELIVERY).to_native()


def raw_columns(contract: Contract) -> tuple[str, ...]:
    """Of the output columns those that came in, in the order in which a data set's version covers them."""
    return (contract.entity, contract.event_time, contract.label, *(column.name for column in contract.inputs))


def divided(frame: NativeFrame, contract: Contract) -> NativeFrame:
    """The `raw_columns` of a frame, and `split`."""
    columns = map(nw.col, (*raw_columns(contract), SPLIT))
    return nw.from_native(with_split(frame, contract)).select(*columns).to_native()  # pyright: ignore[reportCallIssue, reportArgumentType]


def completed(frame: NativeFrame, contract: Contract) -> NativeFrame:
    """Of rows with the contract's columns and `split` the `output_columns`, and `split`."""
    label = tasks.of(contract).stored(nw.col(contract.label))
    return selected(frame, contract, (*output_columns(contract), SPLIT), {contract.label: label})


def output_columns(contract: Contract) -> tuple[str, ...]:
    """Columns of the train, validation and test files, in order.

    Entity, event time, the features as float64 in the order of the model matrix, the label as the task has it
    (int8, of several classes their positions; float64), the segments, and the raw inputs: a former model with other
    features is compared on the same rows, and data-quality monitoring compares requests, which carry raw inputs. A
    feature or segment that is a bare column under its own name occurs once.
    """
    names = [contract.entity, contract.event_time, *contract.feature_names, contract.label]
    names += [segment.name for segment in contract.segments]
    names += [column.name for column in contract.inputs]
    return tuple(dict.fromkeys(names))
