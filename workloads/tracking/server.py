"""The part of MLflow's REST API that a run needs, signed as SageMaker's tracking servers ask for it.

Sources, all read 2026-11-30: MLflow documentation, "REST API" (paths, members, limits of a request); the client that
AWS publishes, aws/sagemaker-mlflow at 0a5f7d8 of 2026-04-21 (`auth.py`, `mlflow_sagemaker_helpers.py`: host, signing
name, the header that names the server). botocore signs and sends; Lambda's runtime has it, and nothing else is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final, TypeVar

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ConnectionError as NoConnection
from botocore.exceptions import HTTPClientError
from botocore.httpsession import URLLib3Session

from workloads.job import PlatformError, UserError
from workloads.tracking.record import Record

#: What requests are signed for, and the action prefix of IAM.
SERVICE: Final = "sagemaker-mlflow"
#: Another address than AWS's own, as the SDKs name it: of this service, or of all.
_ADDRESSES: Final = ("AWS_ENDPOINT_URL_SAGEMAKER_MLFLOW", "AWS_ENDPOINT_URL")
_API: Final = "/api/2.0/mlflow/"
#: Of one request (MLflow, "Log Batch", "Request Limits"): all together 1,000 items and 1 MB.
MAX_METRICS, MAX_PARAMS, MAX_TAGS = 900, 50, 50
#: A request is sent so often; between two tries are waits of up to 1, 2 and 4 seconds, so that all of them and the
#: answers that never came fit into the function's time.
_TRIES: Final = 4
_CONNECT_SECONDS, _READ_SECONDS = 3, 10
_AGAIN: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
#: The tag by which a run is found again: where its files lie.
SOURCE: Final = "source"
_ABSENT: Final = "RESOURCE_DOES_NOT_EXIST"
_TAKEN: Final = "RESOURCE_ALREADY_EXISTS"
_Item = TypeVar("_Item")


class RefusedError(UserError):
    """The server refused a request; `code` is MLflow's word for why."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


class TrackingServer:
    """A tracking server of SageMaker, by its ARN, as whoever runs this.

    server = TrackingServer("arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/team")
    server.tell("churn-prod", record)
    """

    def __init__(self, arn: str, *, wait: Callable[[float], None] = time.sleep) -> None:
        self._arn, self._wait = arn, wait
        region = arn.split(":")[3]
        own = f"https://{region}.experiments.sagemaker.aws"
        self._url = next((os.environ[name] for name in _ADDRESSES if os.environ.get(name)), own).rstrip("/")
        credentials = botocore.session.get_session().get_credentials()
        if credentials is None:
            raise PlatformError("no AWS credentials: a function has those of its role")
        self._auth = SigV4Auth(credentials, SERVICE, region)
        self._http = URLLib3Session(timeout=(_CONNECT_SECONDS, _READ_SECONDS))

    def tell(self, experiment: str, record: Record) -> str:
        """Log a record in its run, which is made where there is none; the run's id.

        Telling the same twice changes nothing. A run that is one of a search hangs below the search's.

        Raises PlatformError where the server does not answer in time, UserError where it refuses.
        """
        where = self._experiment(experiment)
        tags = dict(record.tags)
        if record.parent:
            tags["mlflow.parentRunId"] = self._run(where, record.parent.source, record.parent.name, record.at_ms)
        run = self._run(where, record.source, record.name, record.at_ms)
        metrics = [
            {"key": each.key, "value": each.value, "step": each.step, "timestamp": record.at_ms}
            for each in record.metrics
        ]
        params = [{"key": key, "value": value} for key, value in record.params.items()]
        named = [{"key": key, "value": value} for key, value in tags.items()]
        for batch in _batches(metrics=(metrics, MAX_METRICS), params=(params, MAX_PARAMS), tags=(named, MAX_TAGS)):
            self._post("runs/log-batch", {"run_id": run, **batch})
        if record.is_whole:
            self._post("runs/update", {"run_id": run, "status": "FINISHED", "end_time": record.at_ms})
        return run

    def _experiment(self, name: str) -> str:
        """The id of an experiment, which is made where there is none."""
        try:
            return self._get("experiments/get-by-name", {"experiment_name": name})["experiment"]["experiment_id"]
        except RefusedError as error:
            if error.code != _ABSENT:
                raise
        try:
            return self._post("experiments/create", {"name": name})["experiment_id"]
        except RefusedError as error:  # a try whose answer never came, or another workload's function
            if error.code != _TAKEN:
                raise
        return self._get("experiments/get-by-name", {"experiment_name": name})["experiment"]["experiment_id"]

    def _run(self, experiment: str, source: str, name: str, at_ms: int) -> str:
        """The id of the run whose files lie at `source`, which is made where there is none."""
        asked = {"experiment_ids": [experiment], "filter": f"tags.{SOURCE} = '{source}'", "max_results": 1}
        if found := self._post("runs/search", asked).get("runs"):
            return found[0]["info"]["run_id"]
        new = {
            "experiment_id": experiment,
            "run_name": name,
            "start_time": at_ms,
            "tags": [{"key": SOURCE, "value": source}],
        }
        return self._post("runs/create", new, once=True)["run"]["info"]["run_id"]

    def _get(self, path: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        return self._ask("GET", path, params=dict(parameters))

    def _post(self, path: str, body: Mapping[str, Any], *, once: bool = False) -> dict[str, Any]:
        return self._ask("POST", path, data=json.dumps(body, allow_nan=False).encode(), once=once)

    def _ask(
        self, method: str, path: str, *, data: bytes = b"", params: dict[str, str] | None = None, once: bool = False
    ) -> Any:
        """With `once`, not again where the server may have done it: the next invocation looks for what is there."""
        again, last = 0, ""
        for again in range(_TRIES):
            if again:
                self._wait(random.uniform(0, 2 ** (again - 1)))  # noqa: S311 - no secret
            request = AWSRequest(method, f"{self._url}{_API}{path}", data=data, params=params)
            request.headers["Content-Type"] = "application/json"
            request.headers["X-Amz-Content-SHA256"] = hashlib.sha256(data).hexdigest()
            request.headers["x-mlflow-sm-tracking-server-arn"] = self._arn
            self._auth.add_auth(request)
            try:
                answer = self._http.send(request.prepare())
            except (HTTPClientError, NoConnection) as error:
                last = str(error)
                if once:
                    break
                continue
            if answer.status_code == HTTPStatus.OK:
                return json.loads(answer.content or b"{}")
            last = f"HTTP {answer.status_code}: {answer.text[:300]}"
            if answer.status_code not in _AGAIN:
                raise RefusedError(f"{self._arn} refused {path}: {last}", _code(answer.content))
            if once and answer.status_code != HTTPStatus.TOO_MANY_REQUESTS:
                break
        raise PlatformError(f"{self._arn} did not do {path} within {again + 1} tries: {last}")


def _code(content: bytes) -> str:
    """MLflow's word for an error; "" for what is none of its errors, as IAM's are."""
    try:
        return str(json.loads(content)["error_code"])
    except (ValueError, KeyError, TypeError):
        return ""


def _batches(**items: tuple[Sequence[_Item], int]) -> Iterator[dict[str, Sequence[_Item]]]:
    """So many of each kind at a time, until none is left; empty kinds are left out."""
    start = 0
    while True:
        batch = {name: given[start * most : (start + 1) * most] for name, (given, most) in items.items()}
        batch = {name: some for name, some in batch.items() if some}
        if not batch:
            return
        yield batch
        start += 1
