"""How many instances serve as the program begins: it asks, so that a change starts with those.

UpdateEndpoint can keep the instances and weights that an endpoint has (`RetainAllVariantProperties`). The provider does
not ask for that (terraform-provider-aws, issue 48990 and its pull request 49069, open on 2026-11-30), nor is there a
data source that tells them: an endpoint begins each configuration with the numbers in there.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from automation.operations.session import session
from contracts.kinds.kind import Host as HostName
from contracts.names import EndpointNames
from contracts.release.component import Component
from contracts.release.live import Host, Serving
from contracts.release.sagemaker import SageMaker

_LOG: Final = logging.getLogger(__name__)
#: Is set where the program runs on paper, with no account that could be asked.
ON_PAPER: Final = "ML_PLATFORM_ON_PAPER"
_AT_ONCE: Final = 8


def counted(names: EndpointNames, host: HostName, *, sagemaker: Any, cloudformation: Any) -> Serving | None:
    """What serves an endpoint of SageMaker with instances or copies; None where nothing does. Errors propagate."""
    its: Host = Component(names.prefix, sagemaker) if host == "component" else SageMaker(names.prefix, sagemaker)
    live = its.observe()
    if live is None:
        return None
    template = None
    if host == "component":
        template = cloudformation.get_template(StackName=names.prefix)["TemplateBody"]
    return Serving(live=live, started=its.started(live.config), template=template)


def found(endpoints: Iterable[EndpointNames], elsewhere: Mapping[str, HostName], **aws: Any) -> Mapping[str, Serving]:
    """What serves those endpoints, by their names; `elsewhere` is as in `releases.Clients`, `aws` goes to `session`.

    Where nobody can be asked it is told, and the numbers of the release records hold. Nothing is moved then either:
    that takes the record's lock.
    """
    asked = [] if os.environ.get(ON_PAPER) else [*endpoints]
    if not asked:
        return {}
    from botocore.exceptions import BotoCoreError, ClientError  # as in `session`

    try:
        made: Callable[[str], Any] = session(**aws).client
        clients = {service: made(service) for service in ("sagemaker", "cloudformation")}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            hosts = [elsewhere.get(names.prefix, "sagemaker") for names in asked]
            answers = [*pool.map(lambda names, host: counted(names, host, **clients), asked, hosts)]
    except (BotoCoreError, ClientError) as error:
        _LOG.warning(
            "it is not known how many instances the endpoints have now (%s): a change of one would start with those of "
            "its release record",
            error,
        )
        return {}
    return {names.prefix: its for names, its in zip(asked, answers, strict=True) if its}
