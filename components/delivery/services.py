"""The AWS services that a stack declares resources of, and what the provider calls for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from components import data, ground, models, operations, serving
from components.data import crawler, spark
from components.delivery import stages, trust
from components.service import Service, collected
from contracts.kinds.kind import Host

Services = Mapping[str, Service]
_EVERYWHERE: Final = (
    *ground.SERVICES,
    *data.SERVICES,
    *models.SERVICES,
    *operations.SERVICES,
    *serving.SERVICES,
    *trust.SERVICES,
)


def of(hosts: Collection[Host] = (), *, pipelines: bool = False, glue: bool = False) -> Services:
    """Those of a stack whose endpoints are run by `hosts`, with or without pipelines of AWS's, and a job or a crawler
    of Glue: who delivers may nothing with what its stack does not have.
    """
    hosted = [service for host in hosts for service in serving.HOSTED.get(host, ())]
    asked = (*(stages.SERVICES if pipelines else ()), *((*crawler.SERVICES, *spark.SERVICES) if glue else ()))
    return collected((*_EVERYWHERE, *hosted, *asked))


#: Those of every stack.
SERVICES: Final = of()
