"""A rollout by CodeDeploy: one that runs is waited for, and what it comes to is told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from automation.operations import shifting
from automation.operations.errors import RefusedError
from contracts.names import EndpointNames
from contracts.release.lock import BusyError

NAMES = EndpointNames(stack="prod", account="123456789012", region="eu-west-1", workload="churn", endpoint="live")
NAME = "churn-prod-live"


class Functions:
    """Two versions; the alias leads to what `serves` says."""

    class exceptions:  # noqa: N801 - as boto3 has it
        ResourceNotFoundException = KeyError

    def __init__(self) -> None:
        self.serves = "1"

    def get_alias(self, **_: str) -> dict[str, Any]:
        return {"FunctionVersion": self.serves, "RevisionId": "r"}

    def get_function_concurrency(self, **_: str) -> dict[str, Any]:
        return {}

    def get_function_configuration(self, *, Qualifier: str, **_: str) -> dict[str, Any]:  # noqa: N803
        return self.versions()[int(Qualifier) - 1]

    def versions(self) -> list[dict[str, Any]]:
        return [
            {
                "Version": str(number),
                "Description": f"{NAME}-{str(number) * 10}-0123abcd of package/{number}",
                "LastModified": "2026-11-29T14:00:00.000+0000",
            }
            for number in (1, 2)
        ]

    def get_paginator(self, _: str) -> Functions:
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"Versions": [{"Version": "$LATEST"}, *self.versions()]}]


class CodeDeploy:
    """A deployment that goes through `statuses`, one a question; the last one stays."""

    def __init__(self, functions: Functions, *statuses: str, running: bool = False, moves: bool = True) -> None:
        self._functions, self._statuses, self._moves = functions, list(statuses), moves
        self.made: list[dict[str, Any]] = []
        self._there = ["d-1"] if running else []

    def get_paginator(self, name: str) -> CodeDeploy:
        assert name == "list_deployments"
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        return [{"deployments": self._there}]

    def batch_get_deployments(self, *, deploymentIds: list[str]) -> dict[str, Any]:  # noqa: N803
        return {"deploymentsInfo": [self._told(self._statuses[0])] if deploymentIds else []}

    @staticmethod
    def _told(status: str) -> dict[str, Any]:
        told = {"deploymentId": "d-1", "status": status, "createTime": 0}
        return {**told, "errorInformation": {"message": "alarms"}}

    def create_deployment(self, **request: Any) -> dict[str, Any]:
        self.made.append(request)
        self._there = ["d-1"]
        return {"deploymentId": "d-1"}

    def get_deployment(self, **_: str) -> dict[str, Any]:
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        if status == "Succeeded" and self._moves:
            self._functions.serves = "2"
        return {"deploymentInfo": self._told(status)}


def move(functions: Functions, codedeploy: CodeDeploy, patience: float = 60.0) -> bool:
    return shifting.move(
        NAMES, "2", function=functions, codedeploy=codedeploy, patience_seconds=patience, sleep=lambda _: None
    )


def test_a_deployment_is_made_and_waited_for() -> None:
    functions = Functions()
    codedeploy = CodeDeploy(functions, "Created", "InProgress", "Succeeded")
    assert move(functions, codedeploy)
    (made,) = codedeploy.made
    assert (made["applicationName"], made["deploymentGroupName"]) == (NAME, NAME)
    content = json.loads(made["revision"]["appSpecContent"]["content"])
    assert content["Resources"][0]["live"]["Properties"] == {
        "Name": NAME,
        "Alias": "live",
        "CurrentVersion": "1",
        "TargetVersion": "2",
    }


def test_the_record_says_that_it_begins_before_a_deployment_is_made_and_else_none_is() -> None:
    functions, told = Functions(), list[str]()
    codedeploy = CodeDeploy(functions, "Created", "Succeeded")
    asked: dict[str, Any] = {"function": functions, "codedeploy": codedeploy, "sleep": lambda _: None}

    def refuse(config: str) -> None:
        told.append(config)
        raise RefusedError("withdrawn")

    with pytest.raises(RefusedError, match="withdrawn"):
        shifting.move(NAMES, "2", begin=refuse, **asked)
    assert (told, codedeploy.made) == ([f"{NAME}-{'2' * 10}-0123abcd"], [])
    assert shifting.move(NAMES, "2", begin=told.append, **asked)
    assert told == [f"{NAME}-{'2' * 10}-0123abcd"] * 2
    assert shifting.move(NAMES, "2", begin=refuse, **asked)  # serves already


@pytest.mark.parametrize(("ends", "moved"), [("Succeeded", True), ("Stopped", False), ("Failed", False)])
def test_one_that_runs_already_is_waited_for_and_no_second_one_made(ends: str, moved: bool) -> None:
    functions = Functions()
    codedeploy = CodeDeploy(functions, "InProgress", "InProgress", ends, running=True)
    assert move(functions, codedeploy) is moved
    assert codedeploy.made == []


def test_one_that_takes_too_long_is_told_with_what_goes_on() -> None:
    functions = Functions()
    with pytest.raises(BusyError, match=r"deployment d-1 is still InProgress after 0 s; the next `pulumi up` goes on"):
        move(functions, CodeDeploy(functions, "InProgress"), patience=0)


def test_where_versions_are_equal_nothing_is_asked() -> None:
    shifting.shifted({}, profile="there is none")(NAMES, "2", "2")
