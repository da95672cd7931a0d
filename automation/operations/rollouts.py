"""A rollout: halted by a person, and seen through by the update that began it.

A rollout that is turned back ends an update in one of two ways. The AWS provider fails as soon as it sees SageMaker go
back (it waits for Creating, Updating and SystemUpdating alone) or that a deployment of ECS ended otherwise than as
SUCCESSFUL. Where SageMaker was faster it calls the update done, for the endpoint is in service again, with the old
release (its issues 46663 and 48997). So the program binds `seen_through` to both ends: the update fails with what was
the matter, and the release record says so before anybody runs the next one; and `begun` to its beginning, by which the
record tells a release that was turned back from one that nobody has rolled out. What is compared is the configuration
that serves: where the alarm of a rollout has called the rollback function too, the record may tell the truth already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from automation.operations import releases
from automation.operations.errors import RefusedError
from automation.operations.logs import of_containers, read
from automation.operations.releases import Clients, Followed
from automation.operations.session import session
from contracts.kinds.kind import Host as HostName
from contracts.names import EndpointNames
from contracts.release import Record, Release, ReleaseError, Status, emergency
from contracts.release.live import Host, Live, release_of
from contracts.release.lock import BusyError
from contracts.release.record import instant

#: The provider has waited for the rollout; what is left is its way back, for which a rolling one starts instances anew.
PATIENCE_SECONDS: Final = 1800.0
#: Who writes of rollouts into the record.
WHO: Final = "pulumi up"
_MOST_LINES: Final = 5


def halt(names: EndpointNames, *, host: Host, cloudwatch: Any) -> None:
    """Have SageMaker turn back the rollout under way: UpdateEndpoint has no way to be cancelled but an alarm.

    RefusedError when there is none.
    """
    live = host.observe()
    if live is None or live.status != "Updating":
        status = f"is {live.status}" if live else "is not there"
        way = "; `rollback` moves it back" if live else ""
        raise RefusedError(f"endpoint {names.prefix} {status}: there is no rollout to halt{way}")
    if not live.guarded:
        raise RefusedError(
            f"endpoint {names.prefix} is serverless: SageMaker turns no update of it back; wait until it is done, "
            "then `rollback` moves it back"
        )
    metric = {"MetricName": emergency.METRIC, "Value": 1.0}
    dimensions = [{"Name": "EndpointName", "Value": names.prefix}]
    cloudwatch.put_metric_data(Namespace=emergency.NAMESPACE, MetricData=[{**metric, "Dimensions": dimensions}])


@dataclass(frozen=True, kw_only=True)
class Watchers:
    """What knows why a rollout was turned back, as boto3 clients."""

    cloudwatch: Any
    logs: Any


def why(names: EndpointNames, followed: Followed, clients: Clients, watchers: Watchers) -> str:
    """What became of the release that failed: the reason, the alarms that go off, the last errors of the log."""
    failed = followed.failed
    if failed is None:
        raise ValueError(f"release {followed.record.wanted.id} has not failed")
    lines = [
        f"release {failed.id} ({failed.champion}) failed: {failed.reason}",
        *_evidence(names, instant(failed.when), clients, watchers),
        f"endpoint {names.prefix} serves {served(followed.record)}, and the release record says so: the next "
        "`pulumi up` leaves it there; promote a package that is mended",
    ]
    return "\n".join(lines)


def begun(elsewhere: Mapping[str, HostName] | None = None, **aws: Any) -> Callable[[EndpointNames, str], None]:
    """What the program hangs on an endpoint, to be called before it is moved to another configuration, with that;
    `elsewhere` is as in `releases.Clients`, `aws` goes to `session`.

    RefusedError where the record does not say it: then the endpoint stays as it is.
    """

    def begin(names: EndpointNames, wanted: str) -> None:
        from botocore.exceptions import BotoCoreError, ClientError  # as in `session`

        try:
            begin_of(names, wanted, releases.clients(session(**aws).client, elsewhere))
        except (BotoCoreError, ClientError, BusyError, ReleaseError) as error:
            raise RefusedError(
                f"endpoint {names.prefix} was not moved to {wanted}, for the release record does not say that its "
                f"rollout begins ({error}); run `pulumi up` again"
            ) from error

    return begin


def begin_of(names: EndpointNames, config: str, clients: Clients) -> None:
    """Write into the record that the endpoint is about to be moved to a configuration. Errors as `releases.begin`."""
    wanted = release_of(names.prefix, config) or config
    releases.begin(names, wanted, who=WHO, clients=clients, config=config)


def seen_through(
    elsewhere: Mapping[str, HostName] | None = None, **aws: Any
) -> Callable[[EndpointNames, str, str | None], str]:
    """What the program hangs on an endpoint, to be called after every change of it with the configuration that it is to
    serve and the one that the provider then read of it, None where the provider failed before: gives what went wrong,
    "" where nothing did that is not said already. `elsewhere` is as in `releases.Clients`, `aws` goes to `session`.

    Where they agree nothing is asked: the next act writes into the record what became of the release.
    """

    def see(names: EndpointNames, wanted: str, serves: str | None) -> str:
        if serves == wanted:
            return ""
        from botocore.exceptions import BotoCoreError, ClientError  # as in `session`

        try:
            become = became if serves else _ended
            return become(names, wanted, session(**aws), elsewhere or {})
        except (BotoCoreError, ClientError, BusyError, ReleaseError, RefusedError) as error:
            known = f"serves {serves} and not {wanted}" if serves else f"may serve something else than {wanted}"
            return (
                f"endpoint {names.prefix} {known}: the rollout was turned back, and the release record does not say "
                f"so yet ({error}); `python -m automation follow` writes it"
            )

    return see


def _ended(names: EndpointNames, wanted: str, found: Any, elsewhere: Mapping[str, HostName]) -> str:
    """What became of an update in which the provider failed; "" where no rollout began, which it says itself."""
    clients = releases.clients(found.client, elsewhere)
    live = clients.host(names).observe()
    if live is None or not (live.in_progress or live.failed or live.failure):
        releases.withdraw(names, who=WHO, clients=clients)
        return ""
    try:
        told = became(names, wanted, found, elsewhere)
    except RefusedError:  # promoted, and not deployed
        releases.withdraw(names, who=WHO, clients=clients)
        return ""
    except ReleaseError as error:
        return _never(names, found, clients, error)
    live = clients.host(names).observe()
    if live and live.config == wanted and not live.failed:
        return f"endpoint {names.prefix} serves {wanted} by now, later than the provider waits: `pulumi up` goes on"
    state = f"the state of the stack names {wanted} until a `refresh`"
    return f"{told}\n{state}, for the provider reads nothing again once it has failed"


def _never(names: EndpointNames, found: Any, clients: Clients, error: ReleaseError) -> str:
    """Of a first release that never served, with nothing to go back to."""
    live, record = clients.host(names).observe(), releases.read(names, clients)
    if live is None or record is None or not live.failed:
        raise error
    evidence = _evidence(names, instant(record.wanted.when), clients, _watchers(found))
    return "\n".join([f"endpoint {names.prefix} is {live.status}: {live.failure}", *evidence, str(error)])


def became(names: EndpointNames, wanted: str, found: Any, elsewhere: Mapping[str, HostName]) -> str:
    """Write into the record what became of the rollout; what there is to say of it."""
    clients = releases.clients(found.client, elsewhere)
    followed = releases.follow(names, who=WHO, clients=clients, patience_seconds=PATIENCE_SECONDS)
    live = clients.host(names).observe()
    failed = followed.failed or _failed_before(names, followed.record, wanted)
    if failed:
        return why(names, Followed(record=followed.record, failed=failed), clients, _watchers(found))
    return _turned_back(names, live, wanted)


def _watchers(found: Any) -> Watchers:
    return Watchers(cloudwatch=found.client("cloudwatch"), logs=found.client("logs"))


def _failed_before(names: EndpointNames, record: Record, config: str) -> Release | None:
    """The release of the configuration, where the rollback function was faster and has written that it failed."""
    release = release_of(names.prefix, config)
    return next((each for each in record.releases if each.id == release and each.status is Status.FAILED), None)


def _turned_back(names: EndpointNames, live: Live | None, wanted: str) -> str:
    """Of a rollout that changed the configuration of a release alone, such as its instance type."""
    config, reason = (live.config, live.failure) if live else ("nothing", "")
    return (
        f"endpoint {names.prefix} serves {config} and not {wanted}: the rollout was turned back "
        f"({reason or 'SageMaker gives no reason'}); the next `pulumi up` tries it again: mend the cause first, or "
        "take the change out; where that was the instance type, `refresh` before `up`: what scaled was let go"
    )


def served(record: Record) -> str:
    """The packages of the wanted release and their shares of the traffic; of a shadow, the share that it sees too; of
    several models, what each is asked for by."""
    wanted = record.wanted
    found = [f"{package} ({wanted.weights[name]} %)" for name, package in wanted.packages.items()]
    if wanted.models:
        found = [f"{package} as {name}" for name, package in sorted(wanted.models.items())]
    return ", ".join(
        [*found, *(f"{package} (shadow of {wanted.shadow_percent} %)" for package in wanted.shadows.values())]
    )


def _evidence(names: EndpointNames, since: datetime, clients: Clients, watchers: Watchers) -> list[str]:
    """A line for each alarm that goes off, and the last errors of the log."""
    alarms = [f"alarm {line}" for line in _alarms(clients.host(names), watchers.cloudwatch)]
    errors = read(of_containers(names), since=since, most=_MOST_LINES, logs=watchers.logs, pattern="ERROR")
    return [*alarms, *(f"log: {line.text.strip()}" for line in errors)]


def _alarms(host: Host, cloudwatch: Any) -> Sequence[str]:
    """Those that were to turn the rollout back and go off now, each with CloudWatch's reason."""
    guards = host.guards()
    if not guards:
        return []
    found = cloudwatch.describe_alarms(AlarmNames=guards, StateValue="ALARM")["MetricAlarms"]
    off = [alarm for alarm in found if alarm["StateValue"] == "ALARM"]
    return [f"{alarm['AlarmName']}: {alarm['StateReason']}" for alarm in off]
