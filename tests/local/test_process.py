"""How the processes of the local run are kept quick."""

from __future__ import annotations

from typing import Any

import boto3
import botocore.loaders
import botocore.session
import pytest

from local.process import read_models_once
from local.runtime.monitor import Monitor
from tests.local.conftest import Project


def sessions() -> list[botocore.session.Session]:
    return [botocore.session.Session() for _ in range(2)]


def test_sessions_share_what_they_read_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(botocore.session, "create_loader", botocore.loaders.create_loader)
    alone, other = (each.get_service_data("sts") for each in sessions())
    assert alone == other
    assert alone is not other
    read_models_once()
    first, second = sessions()
    assert first.get_service_data("sts") is second.get_service_data("sts")
    assert first.get_service_data("sts") == alone
    paths = list(first.get_component("data_loader").search_paths)
    boto3.Session(botocore_session=second)
    assert first.get_component("data_loader").search_paths == paths
    assert len(second.get_component("data_loader").search_paths) == len(paths) + 1


def test_what_stands_in_another_place_is_read_there(tmp_path_factory: pytest.TempPathFactory) -> None:
    read_models_once()
    first, elsewhere = sessions()
    (model := tmp_path_factory.mktemp("data") / "own" / "2026-11-29").mkdir(parents=True)
    (model / "service-2.json").write_text("{}")
    elsewhere.set_config_variable("data_path", str(model.parents[1]))
    assert "own" in elsewhere.get_available_services()
    assert "own" not in first.get_available_services()


def test_the_stack_is_not_walked_for_a_resource(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    register = Monitor.RegisterResource

    def registered(self: Monitor, request: Any) -> Any:
        told.append(request)
        return register(self, request)

    monkeypatch.setattr(Monitor, "RegisterResource", registered)
    project.program('aws.sns.Topic("news")')
    project.preview()
    assert "news" in [each.name for each in told]
    assert [each.name for each in told if each.stackTrace.frames or each.HasField("sourcePosition")] == []
