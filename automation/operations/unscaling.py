"""A change that SageMaker refuses for a variant that scales (`contracts.release.scaled`), in an update of the stack.

The provider's scalable target depends on the endpoint, so it can only come after it: what has to come before is done
here. The program replaces target, policies and schedules once the endpoint has moved, or removes those of a challenger
whose test is over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from automation.operations.session import session
from contracts.names import EndpointNames
from contracts.release import scaled

_LOG: Final = logging.getLogger(__name__)


def way_made(**aws: Any) -> Callable[[EndpointNames, str, str], None]:
    """What the program hangs on an endpoint, to be called before a change of it with the configuration that it serves
    and the one that it is to serve; `aws` goes to `session`.

    Where nobody can be asked it is told, and SageMaker judges the update itself: it refuses what would not do.
    """

    def make(names: EndpointNames, serves: str, wanted: str) -> None:
        if serves == wanted:
            return
        from botocore.exceptions import BotoCoreError, ClientError  # as in `session`

        try:
            found = session(**aws)
            clients = {"sagemaker": found.client("sagemaker"), "scaling": found.client("application-autoscaling")}
            scaled.make_way(names.prefix, serves, wanted, **clients)
        except (BotoCoreError, ClientError) as error:
            _LOG.warning(
                "endpoint %s: it is not known whether its instance types change and whether it scales (%s); "
                "SageMaker refuses another type of a variant that does",
                names.prefix,
                error,
            )

    return make
