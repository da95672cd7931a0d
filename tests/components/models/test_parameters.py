from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.models import parameters
from components.models.signs import sign
from contracts import release
from contracts.kinds import REALTIME
from contracts.release import Record
from settings import Workload
from tests.components.engine import CHURN, LIVE, NAMES, deploy

PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn-staging/1"
RECORD = release.promote(None, PACKAGE, who="test", why="first", when="2025-01-06T09:00:00+00:00")
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-training@sha256:" + "0" * 64
TOKEN = "aws:ssm/getParametersByPath:getParametersByPath"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"names": ["/p/a", "/p/b"], "values": ["1", "2"]}, {"/p/a": "1", "/p/b": "2"}),
        ({"names": [], "values": []}, {}),
        ({}, {}),
    ],
)
def test_reading_all_parameters_of_a_stack(answer: dict[str, Any], expected: dict[str, str]) -> None:
    asked: list[dict[str, Any]] = []
    found: list[dict[str, str]] = []

    def reply(args: dict[str, Any]) -> dict[str, Any]:
        asked.append(args)
        return answer

    deploy(lambda: found.append(parameters.read(NAMES, pulumi.InvokeOptions())), invokes={TOKEN: reply})
    assert found == [expected]
    assert asked == [{"path": "/mlplatform/staging", "recursive": True, "withDecryption": False}]


def test_images_that_are_built() -> None:
    name = NAMES.image_parameter("training")
    assert parameters.images(NAMES, {name: IMAGE, "/mlplatform/staging/images/other": "x"}) == {"training": IMAGE}
    assert parameters.images(NAMES, {}) == {}


def test_an_image_by_tag_is_refused() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        parameters.images(NAMES, {NAMES.image_parameter("training"): "repository:latest"})
    assert str(caught.value) == (
        "image parameters must name images by digest; push again:\n"
        "  /mlplatform/staging/images/training: found 'repository:latest'; allowed: <repository>@sha256:<digest>"
    )


def test_what_refers_to_an_image_is_known_of_that_image_alone() -> None:
    name = NAMES.referrers_parameter("training")
    digest, signature = "sha256:" + "0" * 64, "sha256:" + "1" * 64
    text = f"{digest} signature={signature}"
    assert parameters.image_referrers(NAMES, {"training": IMAGE}, {name: text}) == {"training": text}
    former = text.replace(digest, "sha256:" + "2" * 64)
    assert parameters.image_referrers(NAMES, {"training": IMAGE}, {name: former}) == {}
    assert parameters.image_referrers(NAMES, {}, {name: text}) == {}
    assert parameters.image_referrers(NAMES, {"training": IMAGE}, {}) == {}
    with pytest.raises(pulumi.RunError) as caught:
        parameters.image_referrers(NAMES, {"training": IMAGE}, {name: "x"})
    assert str(caught.value) == (
        "/mlplatform/staging/images/training/referrers: found 'x'; allowed: sha256:<image> signature=sha256:<artifact> "
        "sbom=sha256:<artifact>; write it again with `.venv/bin/python -m automation publish training --stack staging`"
    )


def test_the_release_record() -> None:
    assert parameters.release_record(LIVE, REALTIME, {}) is None
    found = parameters.release_record(LIVE, REALTIME, {LIVE.release_parameter: release.to_json(RECORD)})
    assert found == RECORD


def test_release_records_by_workload_and_endpoint() -> None:
    workload = Workload.model_validate(
        {"contract": "c.yaml", "champion": "live", "endpoints": {key: {"kind": "realtime"} for key in ("live", "eu")}}
    )
    written = {CHURN.of_endpoint("eu").release_parameter: release.to_json(RECORD), "/mlplatform/staging/other": "x"}
    found = parameters.release_records(NAMES, {"churn": workload, "income": Workload(contract="i.yaml")}, written)
    assert found == {"churn": {"eu": RECORD}, "income": {}}


def test_a_broken_record_says_what_to_do() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        parameters.release_record(LIVE, REALTIME, {LIVE.release_parameter: "[]"})
    assert str(caught.value).startswith("/mlplatform/staging/churn/live/release: not a release record: ")
    assert str(caught.value).endswith(
        "; put back what `aws ssm get-parameter-history --name /mlplatform/staging/churn/live/release` has, or delete "
        "it and rebuild it with `.venv/bin/python -m automation follow`"
    )


def test_a_record_that_the_kind_of_its_endpoint_cannot_serve_stops_the_program() -> None:
    many = release.serve_models(
        RECORD, f"{PACKAGE}1", {"de": f"{PACKAGE}2"}, who="test", why="all", when="2025-01-07T09:00:00+00:00"
    )
    churn = {"churn": Workload(contract="c.yaml")}
    with pytest.raises(pulumi.RunError) as caught:
        parameters.release_records(NAMES, churn, {LIVE.release_parameter: release.to_json(many)})
    assert str(caught.value) == (
        f"/mlplatform/staging/churn/live/release: release {many.wanted.id}: models: found champion, de; allowed on "
        "an endpoint of kind realtime: none, the champion alone; put back what `aws ssm get-parameter-history --name "
        "/mlplatform/staging/churn/live/release` has, or delete it and rebuild it with "
        "`.venv/bin/python -m automation follow`"
    )


TWO = {"churn": Workload(contract="c.yaml"), "income": Workload(contract="i.yaml")}


def test_a_lost_record_is_an_error_that_names_it_and_the_way_back() -> None:
    lost = [NAMES.of_workload(name).of_endpoint("live").release_parameter for name in TWO]
    with pytest.raises(pulumi.RunError) as caught:
        parameters.release_records(NAMES, TWO, dict.fromkeys(map(sign, lost), "x"))
    assert str(caught.value) == (
        "parameters that this stack was deployed with are gone; without them this run would delete their endpoints, "
        "which serve:\n"
        "  /mlplatform/staging/churn/live/release: bring it back with `.venv/bin/python -m automation follow "
        "--stack staging --workload churn --endpoint live`\n"
        "  /mlplatform/staging/income/live/release: bring it back with `.venv/bin/python -m automation follow "
        "--stack staging --workload income --endpoint live`\n"
        "where it is meant, take the endpoint or workload out of the stack config"
    )


def test_a_record_with_its_sign_and_a_sign_of_what_is_out_of_the_config_are_no_loss() -> None:
    income = NAMES.of_workload("income").of_endpoint("live").release_parameter
    written = {
        LIVE.release_parameter: release.to_json(RECORD),
        sign(LIVE.release_parameter): "anything",
        sign(income): "anything",
    }
    assert parameters.release_records(NAMES, {"churn": TWO["churn"]}, written) == {"churn": {"live": RECORD}}


def test_a_lost_image_is_an_error_too() -> None:
    training = NAMES.image_parameter("training")
    with pytest.raises(pulumi.RunError) as caught:
        parameters.images(NAMES, {sign(training): "x"})
    assert (
        "  /mlplatform/staging/images/training: bring it back with `.venv/bin/python -m automation publish training "
        in (str(caught.value))
    )
    assert parameters.images(NAMES, {sign(training): "x", training: IMAGE}) == {"training": IMAGE}


def test_what_was_found_gets_a_sign() -> None:
    releases = {"churn": {"live": RECORD}, "income": {}}
    assert parameters.found(NAMES, {"training": IMAGE}, TWO, releases) == {
        "/mlplatform/staging/images/training": "an image",
        "/mlplatform/staging/churn/live/release": "realtime",
    }


def kinds(there: str, wanted: str) -> dict[str, dict[str, Record]]:
    """What is found where the stack was deployed with one kind and its config has another."""
    workload = Workload.model_validate({"contract": "c.yaml", "endpoints": {"live": {"kind": wanted}}})
    written = {LIVE.release_parameter: release.to_json(RECORD), sign(LIVE.release_parameter): there}
    return parameters.release_records(NAMES, {"churn": workload}, written)


@pytest.mark.parametrize(
    ("there", "wanted", "allowed"),
    [
        ("realtime", "lambda", "realtime, inference_pipeline"),
        ("inference_pipeline", "multi_model", "inference_pipeline, realtime"),
        ("serverless", "realtime", "serverless"),
    ],
)
def test_another_kind_under_the_same_name_is_refused_before_anything_is_made(
    there: str, wanted: str, allowed: str
) -> None:
    with pytest.raises(pulumi.RunError) as caught:
        kinds(there, wanted)
    assert str(caught.value) == (
        "endpoints keep the kind that they were deployed as:\n"
        f"  ml-platform:workloads.churn.endpoints.live.kind: found {wanted}; allowed: {allowed}, for endpoint "
        f"churn-staging-live is {there} now, and no update makes another kind of it: give the other kind a name of its "
        "own, have clients ask that, then take this one out; or take this one out, run `pulumi up`, and add it again"
    )


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        ("realtime", "inference_pipeline"),  # by a rollout
        ("inference_pipeline", "realtime"),
        ("lambda", "lambda"),
        ("the value does not matter", "lambda"),  # of an older program
    ],
)
def test_a_kind_that_stays_or_that_a_rollout_changes_is_none_of_that(there: str, wanted: str) -> None:
    assert kinds(there, wanted) == {"churn": {"live": RECORD}}


def test_an_endpoint_that_was_taken_out_may_come_back_as_another_kind() -> None:
    written = {LIVE.release_parameter: release.to_json(RECORD)}  # its sign went with the `up` in between
    workload = Workload.model_validate({"contract": "c.yaml", "endpoints": {"live": {"kind": "lambda"}}})
    assert parameters.release_records(NAMES, {"churn": workload}, written) == {"churn": {"live": RECORD}}
