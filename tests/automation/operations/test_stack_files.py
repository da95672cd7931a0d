"""One line of a stack's file is changed; all others stay as people wrote them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from automation.operations import stack_files
from automation.operations.errors import RefusedError

BLOCK = """\
# who answers for it
config:
  ml-platform:workloads:
    churn:
      contract: contracts/churn.yaml  # ours
      endpoints:
        live:
          kind: realtime
          rollout: {kind: canary}

        nightly: {kind: realtime}
  aws:region: eu-west-1
"""
LIVE = ("config", "ml-platform:workloads", "churn", "endpoints", "live", "state")
NIGHTLY = (*LIVE[:-2], "nightly", "state")


def put(tmp_path: Path, text: str, keys: tuple[str, ...], value: str) -> str:
    file = tmp_path / "Pulumi.staging.yaml"
    file.write_text(text, encoding="utf-8")
    assert stack_files.put(file, keys, value) == text
    return file.read_text(encoding="utf-8")


def test_a_new_key_is_a_line_below_the_others(tmp_path: Path) -> None:
    line = "          rollout: {kind: canary}\n"
    stopped = put(tmp_path, BLOCK, LIVE, "stopped")
    assert stopped == BLOCK.replace(line, f"{line}          state: stopped\n")
    assert put(tmp_path, stopped, LIVE, "running") == stopped.replace("stopped", "running")
    assert put(tmp_path, stopped, LIVE, "stopped") == stopped


def test_a_mapping_in_one_line_stays_in_one(tmp_path: Path) -> None:
    assert put(tmp_path, BLOCK, NIGHTLY, "stopped") == BLOCK.replace(
        "nightly: {kind: realtime}", "nightly: {kind: realtime, state: stopped}"
    )


def test_the_last_line_of_a_file_may_lack_its_end(tmp_path: Path) -> None:
    text = BLOCK.partition("\n\n")[0]
    assert put(tmp_path, text, LIVE, "stopped") == f"{text}\n          state: stopped\n"


SHARED = """\
config:
  ml-platform:workloads:
    churn: &one {endpoints: {live: &live {kind: realtime}, nightly: *live}}
"""


@pytest.mark.parametrize(
    "text",
    [
        "config: {aws:region: eu-west-1}\n",
        "",
        """config: {ml-platform:workloads: '{"churn": {"endpoints": {"live": {"kind": "realtime"}}}}'}\n""",
        "config: {ml-platform:workloads: {churn: {endpoints: {live: {}}}}}\n",
        SHARED,
    ],
)
def test_what_has_no_place_for_it_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / "Pulumi.staging.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RefusedError) as caught:
        stack_files.put(file, LIVE, "stopped")
    assert str(caught.value) == (
        f"{file} does not write ml-platform:workloads.churn.endpoints.live out; write it there, with `state: stopped`"
    )
    assert file.read_text(encoding="utf-8") == text


def test_the_files_of_this_project_have_a_place(tmp_path: Path) -> None:
    for stack in ("staging", "prod"):
        text = (Path(__file__).parents[3] / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")
        found = yaml.safe_load(put(tmp_path, text, LIVE, "stopped"))
        assert found["config"]["ml-platform:workloads"]["churn"]["endpoints"]["live"]["state"] == "stopped"
