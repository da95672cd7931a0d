"""MLflow's tracking servers: as much of the REST API as the platform's client calls, in memory.

Any ARN of a tracking server leads to one, for the platform makes none. Requests have to be signed for the service and
name the server, as SageMaker asks for it (aws/sagemaker-mlflow at 0a5f7d8, `auth.py`); answers, errors and limits are
those of MLflow's documentation, "REST API", and the same tests ask a server of MLflow itself.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from local.emulator.guard import signing_name

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVICE: Final = "sagemaker-mlflow"
PATH: Final = re.compile(r"/api/2\.0/mlflow/(.+)")
_SERVER: Final = "HTTP_X_MLFLOW_SM_TRACKING_SERVER_ARN"
_TAG: Final = re.compile(r"tags\.([a-z_]+) = '([^']*)'")
#: Items of a request of LogBatch, by kind and together.
_LIMITS: Final = {"metrics": 1000, "params": 100, "tags": 100}
_MOST: Final = 1000
_Body = dict[str, Any]


class MlflowError(Exception):
    """An answer of MLflow's that says what is wrong."""

    def __init__(self, code: str, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.code, self.status = code, status


class TrackingServers:
    """A WSGI application; experiments and runs by the ARN of their server."""

    def __init__(self) -> None:
        self._experiments: dict[tuple[str, str], str] = {}
        self._runs: dict[tuple[str, str], _Body] = {}
        self._lock = threading.Lock()
        self._calls: dict[str, Callable[[str, _Body], _Body]] = {
            "GET experiments/get-by-name": self._named,
            "GET runs/get": self._described,
            "POST experiments/create": self._create_experiment,
            "POST runs/create": self._create,
            "POST runs/log-batch": self._log,
            "POST runs/search": self._search,
            "POST runs/update": self._update,
        }

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            status, answer = HTTPStatus.OK, self._answer(environ)
        except MlflowError as error:
            status, answer = error.status, {"error_code": error.code, "message": str(error)}
        body = json.dumps(answer).encode()
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]

    def runs(self) -> list[_Body]:
        """All runs, in the order of their making, as people look at them; of metrics how many values each has."""
        with self._lock:
            names = {(server, number): name for (server, name), number in self._experiments.items()}
            return [
                {
                    "experiment": names[server, known["info"]["experiment_id"]],
                    "name": known["info"]["run_name"],
                    "status": known["info"]["status"],
                    "params": dict(known["data"]["params"]),
                    "metrics": {key: len(values) for key, values in known["data"]["metrics"].items()},
                    "tags": dict(known["data"]["tags"]),
                }
                for (server, _), known in self._runs.items()
            ]

    def _answer(self, environ: WSGIEnvironment) -> _Body:
        server = environ.get(_SERVER, "")
        if signing_name(environ) != SERVICE or ":mlflow-tracking-server/" not in server:
            raise MlflowError("PERMISSION_DENIED", "not signed, or no tracking server named", HTTPStatus.FORBIDDEN)
        match = PATH.fullmatch(environ["PATH_INFO"])
        call = self._calls.get(f"{environ['REQUEST_METHOD']} {match[1] if match else ''}")
        if call is None:
            raise MlflowError("ENDPOINT_NOT_FOUND", environ["PATH_INFO"], HTTPStatus.NOT_FOUND)
        if environ["REQUEST_METHOD"] == "GET":
            given: _Body = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
        else:
            given = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        with self._lock:
            return call(server, given)

    def _named(self, server: str, given: _Body) -> _Body:
        name = given["experiment_name"]
        if (server, name) not in self._experiments:
            raise MlflowError(
                "RESOURCE_DOES_NOT_EXIST", f"Could not find experiment with name '{name}'", HTTPStatus.NOT_FOUND
            )
        return {"experiment": {"experiment_id": self._experiments[server, name], "name": name}}

    def _create_experiment(self, server: str, given: _Body) -> _Body:
        if (server, given["name"]) in self._experiments:
            raise MlflowError("RESOURCE_ALREADY_EXISTS", f"Experiment '{given['name']}' already exists.")
        self._experiments[server, given["name"]] = str(len(self._experiments) + 1)
        return {"experiment_id": self._experiments[server, given["name"]]}

    def _create(self, server: str, given: _Body) -> _Body:
        info = {
            "run_id": uuid.uuid4().hex,
            "experiment_id": given["experiment_id"],
            "run_name": given["run_name"],
            "status": "RUNNING",
            "start_time": given["start_time"],
        }
        data: _Body = {"metrics": {}, "params": {}, "tags": {tag["key"]: tag["value"] for tag in given["tags"]}}
        self._runs[server, info["run_id"]] = {"info": info, "data": data}
        return {"run": self._shown(server, info["run_id"])}

    def _log(self, server: str, given: _Body) -> _Body:
        asked = {kind: given.get(kind, []) for kind in _LIMITS}
        too_many = [kind for kind, most in _LIMITS.items() if len(asked[kind]) > most]
        if too_many or sum(map(len, asked.values())) > _MOST:
            raise MlflowError("INVALID_PARAMETER_VALUE", f"more than {_LIMITS}, or than {_MOST} together")
        data = self._run(server, given["run_id"])["data"]
        for param in asked["params"]:
            known = data["params"].setdefault(param["key"], param["value"])
            if known != param["value"]:
                raise MlflowError("INVALID_PARAMETER_VALUE", f"Changing param values is not allowed: {param['key']}")
        data["tags"] |= {tag["key"]: tag["value"] for tag in asked["tags"]}
        for each in asked["metrics"]:
            data["metrics"].setdefault(each["key"], {})[each["step"], each["timestamp"]] = each["value"]
        return {}

    def _search(self, server: str, given: _Body) -> _Body:
        tag = _TAG.fullmatch(given["filter"])
        if tag is None:
            raise MlflowError("INVALID_PARAMETER_VALUE", f"no filter that is played here: {given['filter']}")
        found = [
            run
            for (where, run), known in self._runs.items()
            if where == server
            and known["info"]["experiment_id"] in given["experiment_ids"]
            and known["data"]["tags"].get(tag[1]) == tag[2]
        ]
        return {"runs": [self._shown(server, run) for run in found[: given["max_results"]]]} if found else {}

    def _update(self, server: str, given: _Body) -> _Body:
        info = self._run(server, given["run_id"])["info"]
        info |= {member: given[member] for member in ("status", "end_time") if member in given}
        return {"run_info": info}

    def _described(self, server: str, given: _Body) -> _Body:
        return {"run": self._shown(server, given["run_id"])}

    def _run(self, server: str, run: str) -> _Body:
        if (server, run) not in self._runs:
            raise MlflowError("RESOURCE_DOES_NOT_EXIST", f"Run with id={run} not found", HTTPStatus.NOT_FOUND)
        return self._runs[server, run]

    def _shown(self, server: str, run: str) -> _Body:
        """A run as it is answered: of each metric the value of the last step."""
        known = self._run(server, run)
        data = known["data"]
        metrics = [
            {"key": key, "value": values[max(values)], "step": max(values)[0], "timestamp": max(values)[1]}
            for key, values in data["metrics"].items()
        ]
        listed = {kind: [{"key": k, "value": v} for k, v in data[kind].items()] for kind in ("params", "tags")}
        told = {"metrics": metrics, **listed}
        return {"info": known["info"], "data": {kind: some for kind, some in told.items() if some}}
