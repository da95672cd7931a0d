from __future__ import annotations

from components.models.signs import Signs, SignsArgs, sign
from tests.components.engine import deploy

RELEASE = "/mlplatform/staging/churn/live/release"


def test_a_sign_stands_beside_each_parameter() -> None:
    deployment = deploy(lambda: Signs("signs", SignsArgs(parameters=[RELEASE, "/mlplatform/staging/images/training"])))
    made = {p.name: p.inputs["name"] for p in deployment.all("aws:ssm/parameter:Parameter")}
    assert made == {
        "churn-live-release-sign": f"{RELEASE}-was-here",
        "images-training-sign": "/mlplatform/staging/images/training-was-here",
    }
    assert sign(RELEASE) == f"{RELEASE}-was-here"
