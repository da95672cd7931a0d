"""An alias of a Lambda function moves to another version: by CodeDeploy, in steps, while alarms watch.

The provider would move the alias at once. So the program binds `shifted` to the alias, to be called before it is
updated: a deployment is made, or one that runs already is waited for, and what is left to the provider is to see that
the alias is there. A deployment that was turned back fails the update: the state keeps the former version, and the
release record says so before anybody runs the next one.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from automation.operations import releases, rollouts
from automation.operations.errors import RefusedError
from automation.operations.session import session
from contracts.kinds.kind import Host
from contracts.names import EndpointNames
from contracts.release import ReleaseError
from contracts.release.lambda_ import ALIAS, UNDER_WAY, Function
from contracts.release.lock import BusyError

#: Ten steps of ten minutes, the longest of CodeDeploy's own, with as much again.
PATIENCE_SECONDS: Final = 12_000.0
_MOST_PAUSE: Final = 10.0


def revision(function: str, serves: str, wanted: str) -> dict[str, Any]:
    """An AppSpec as CodeDeploy takes it (AWS CodeDeploy user guide, "AppSpec 'resources' section for AWS Lambda")."""
    properties = {"Name": function, "Alias": ALIAS, "CurrentVersion": serves, "TargetVersion": wanted}
    content = json.dumps(
        {"version": 0.0, "Resources": [{ALIAS: {"Type": "AWS::Lambda::Function", "Properties": properties}}]}
    )
    digest = hashlib.sha256(content.encode()).hexdigest()
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": content, "sha256": digest}}


def move(
    names: EndpointNames,
    version: str,
    *,
    function: Any,
    codedeploy: Any,
    begin: Callable[[str], None] = lambda _: None,
    patience_seconds: float = PATIENCE_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Have the alias lead to a version; False where the deployment was turned back.

    Nothing is done where it leads there already, to the same content, or to nobody: of a stopped endpoint it moves at
    once. `begin` is told what the version says that it serves, before a deployment is made. BusyError when it takes
    longer than `patience_seconds`. Errors of AWS propagate.
    """
    host = Function(names.prefix, function, codedeploy)
    live = host.observe()
    if live is None:
        return True
    wanted = function.get_function_configuration(FunctionName=names.prefix, Qualifier=version)["Description"]
    running = host.running()
    if running is None:
        if wanted.startswith(f"{live.config} "):
            return True
        begin(wanted.partition(" ")[0])
        serves = function.get_alias(FunctionName=names.prefix, Name=ALIAS)["FunctionVersion"]
        deployment = codedeploy.create_deployment(
            applicationName=names.prefix,
            deploymentGroupName=names.prefix,
            revision=revision(names.prefix, serves, version),
        )["deploymentId"]
    else:
        deployment = running["deploymentId"]
    _over(names, deployment, codedeploy, patience_seconds, sleep)
    found = host.observe()
    return found is not None and wanted.startswith(f"{found.config} ")


def _over(
    names: EndpointNames, deployment: str, codedeploy: Any, patience_seconds: float, sleep: Callable[[float], None]
) -> None:
    """Wait for the end of a deployment, and of the one that turns it back."""
    deadline, pause = time.monotonic() + patience_seconds, 0.2
    while True:
        found = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
        if found["status"] not in UNDER_WAY:
            back = found.get("rollbackInfo", {}).get("rollbackDeploymentId")
            if not back:
                return
            deployment = back
            continue
        if time.monotonic() >= deadline:
            raise BusyError(
                f"endpoint {names.prefix}: deployment {deployment} is still {found['status']} after "
                f"{patience_seconds:g} s; the next `pulumi up` goes on waiting for it"
            )
        sleep(pause)
        pause = min(_MOST_PAUSE, pause * 1.5)


def shifted(elsewhere: Mapping[str, Host], **aws: Any) -> Callable[[EndpointNames, str, str], None]:
    """What the program hangs on an alias, to be called before a change of it with the versions that it leads to and is
    to lead to; `elsewhere` is as in `rollouts.seen_through`, `aws` goes to `session`.
    """

    def shift(names: EndpointNames, serves: str, wanted: str) -> None:
        if serves == wanted:
            return
        from botocore.exceptions import BotoCoreError, ClientError  # as in `session`

        try:
            found = session(**aws)
            clients = releases.clients(found.client, elsewhere)

            def begin(config: str) -> None:
                rollouts.begin_of(names, config, clients)

            ends = {"function": found.client("lambda"), "codedeploy": found.client("codedeploy")}
            if move(names, wanted, begin=begin, **ends):
                return
            reason = rollouts.became(names, wanted, found, elsewhere)
        except (BotoCoreError, ClientError, BusyError, ReleaseError, RefusedError) as error:
            reason = f"endpoint {names.prefix}: version {wanted} does not serve yet ({error}); run `pulumi up` again"
        raise RefusedError(reason)

    return shift
