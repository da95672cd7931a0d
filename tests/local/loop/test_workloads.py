"""A second workload comes to a running stack, goes, and comes back: the first one never notices."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from contracts import loader, release
from contracts.names import Names
from local.emulator import client
from local.emulator.client import Emulator
from local.loop.kept import cloud_of
from local.loop.platform import Platform
from local.runtime import Op, Stack
from local.runtime.packs import kept_packs
from local.runtime.stack import PROJECT_DIRECTORY
from tests.local.loop.deployed import archive, register, write
from tests.local.loop.test_update import WHEN

CONTRACTS = {"churn": "contracts/churn.yaml", "biopsy": "examples/two-workloads/biopsy.yaml"}
Up = Callable[..., Mapping[str, list[str]]]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Generator[Emulator]:
    running = client.start(tmp_path_factory.mktemp("emulator"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def up(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Generator[Up]:
    """Deploy staging with these workloads; what changed, as operation -> logical names."""
    home = tmp_path_factory.mktemp("home")

    def deploy(*workloads: str) -> Mapping[str, list[str]]:
        config = {
            name: {"contract": CONTRACTS[name], "endpoints": {"live": {"kind": "realtime"}}} for name in workloads
        }
        changes = Stack("staging", home=home, config_overrides={"workloads": config}).up(cloud_of(emulator), packs)
        return {
            op.value: sorted(urn.rpartition("::")[2] for urn in urns)
            for op, urns in changes.changes.items()
            if urns and op is not Op.SAME
        }

    with kept_packs(Stack("staging", home=home)) as packs:
        yield deploy


@pytest.fixture(scope="module")
def launch(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Platform]:
    """A workload gets a package and a release of it, as a person promotes it; the first one has the images built."""
    built: dict[str, str] = {}

    def promote(workload: str) -> Platform:
        names = Names(stack="staging", account=emulator.account, region=emulator.region)
        directory = tmp_path_factory.mktemp(workload)
        platform = Platform(emulator, names.of_workload(workload).of_endpoint("live"), directory / "c.json")
        built.update({image: platform.publish_image(image) for image in ("training", "inference") if not built})
        model = archive(directory, loader.load(PROJECT_DIRECTORY / CONTRACTS[workload]))
        key = f"{platform.names.layout.runs}test/model.tar.gz"
        platform.client("s3").upload_file(str(model), names.artifacts_bucket, key)
        package = register(platform, built["inference"])
        write(platform, release.promote(None, package, who="test", why="first", when=WHEN))
        return platform

    return promote


def mine(changes: Mapping[str, list[str]], workload: str) -> dict[str, list[str]]:
    """The changes of what belongs to a workload."""
    found = {op: [name for name in names if name.split("-")[0] == workload] for op, names in changes.items()}
    return {op: names for op, names in found.items() if names}


def others(changes: Mapping[str, list[str]], workload: str) -> dict[str, list[str]]:
    """The changes of all the rest."""
    found = {op: [name for name in names if name.split("-")[0] != workload] for op, names in changes.items()}
    return {op: names for op, names in found.items() if names}


def group_exists(platform: Platform) -> bool:
    found: Any = platform.client("sagemaker").list_model_package_groups()["ModelPackageGroupSummaryList"]
    return platform.names.package_group in {group["ModelPackageGroupName"] for group in found}


@pytest.mark.full
def test_a_second_workload_comes_goes_and_comes_back_and_the_first_never_notices(
    up: Up, launch: Callable[[str], Platform], tmp_path: Path
) -> None:
    up("churn")
    churn = launch("churn")
    up("churn")
    before = churn.endpoint()

    # It comes: its own resources are made, and nothing else is touched.
    came = up("churn", "biopsy")
    assert set(mine(came, "biopsy")) == {"create"}
    assert others(came, "biopsy") == {}
    biopsy = launch("biopsy")
    released = up("churn", "biopsy")
    assert set(mine(released, "biopsy")) == {"create", "update"}  # its endpoint, which its pipeline and role now know
    assert others(released, "biopsy") == {}
    kept = tmp_path / "kept.csv"
    kept.write_text("radius\n1\n")
    object_key = f"{biopsy.names.layout.accepted}x.csv"
    biopsy.client("s3").upload_file(str(kept), biopsy.names.processed_bucket, object_key)
    serving = biopsy.endpoint()["EndpointConfigName"]

    # It goes, with all that is only its own; its objects, packages and record stay.
    gone = up("churn")
    assert set(mine(gone, "biopsy")) <= {"delete", "update"}
    assert len(gone["delete"]) == len(came["create"]) + len(mine(released, "biopsy")["create"]) - LEFT
    assert others(gone, "biopsy") == {}
    with pytest.raises(Exception, match="Could not find"):
        biopsy.endpoint()
    assert churn.endpoint()["EndpointConfigName"] == before["EndpointConfigName"]
    assert group_exists(biopsy)
    assert biopsy.record() is not None
    assert biopsy._keys(biopsy.names.processed_bucket, biopsy.names.layout.accepted) == [object_key]

    # It comes back under its name: the release of its record is live again at once.
    again = up("churn", "biopsy")
    assert others(again, "biopsy") == {}
    assert biopsy.endpoint()["EndpointConfigName"] == serving
    assert up("churn", "biopsy") == {}


#: The resources that stay declared: the workload itself, its registry and the package group.
LEFT = 3
