from __future__ import annotations

from components.models.signs import Signs, SignsArgs, sign
from tests.components.engine import deploy

RELEASE = "/mlplatform/staging/churn/live/release"
SAID = {RELEASE: "realtime", "/mlplatform/staging/images/training": "an image"}


def test_a_sign_stands_beside_each_parameter_and_says_the_kind_of_an_endpoint() -> None:
    deployment = deploy(lambda: Signs("signs", SignsArgs(parameters=SAID)))
    made = {
        p.name: (p.inputs["name"], p.inputs["insecureValue"]) for p in deployment.all("aws:ssm/parameter:Parameter")
    }
    assert made == {
        "churn-live-release-sign": (f"{RELEASE}-was-here", "realtime"),
        "images-training-sign": ("/mlplatform/staging/images/training-was-here", "an image"),
    }
    assert sign(RELEASE) == f"{RELEASE}-was-here"
