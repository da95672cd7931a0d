from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from local.diagram import mermaid
from local.runtime import Stack

README = Path(__file__).parents[2] / "README.md"


def resource(name: str, type_token: str, parent: str = "", dependencies: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"urn": name, "name": name, "type": type_token, "parent": parent, "dependencies": list(dependencies)}


SYNTH = {
    "resources": [
        resource("stack", "pulumi:pulumi:Stack"),
        resource("keys", "mlplatform:keys:Keys", "stack"),
        resource("key", "aws:kms/key:Key", "keys"),
        resource("lake", "mlplatform:lake:Lake", "stack"),
        resource("raw", "mlplatform:bucket:Bucket", "lake"),
        resource("bucket", "aws:s3/bucket:Bucket", "raw", ("key",)),
        resource("policy", "aws:s3/bucketPolicy:BucketPolicy", "raw", ("bucket",)),
        resource("features", "mlplatform:features:Features", "stack"),
        resource("group", "aws:sagemaker/featureGroup:FeatureGroup", "features", ("bucket", "key")),
    ]
}


def test_boxes_are_components_and_arrows_are_dependencies_between_them() -> None:
    assert mermaid(SYNTH).splitlines() == [
        "flowchart LR",
        "  subgraph ground [every component stands on]",
        "    direction TB",
        '    keys["<b>keys</b><br/>Key"]',
        "  end",
        '  features["<b>features</b><br/>Feature Group"]',
        '  lake["<b>lake</b><br/>Bucket"]',
        "  lake --> features",
    ]


def test_the_picture_in_the_readme_is_that_of_the_program() -> None:
    drawn = re.search(r"<!-- diagram -->\n```mermaid\n(.*?)\n```", README.read_text(), re.DOTALL)
    assert drawn
    message = "the architecture has changed: put the output of `make diagram STACK=prod` into README.md"
    assert drawn[1] == mermaid(Stack("prod").synth(bootstrap=False)), message


def test_the_run_in_the_readme_ends_with_the_resources_of_the_program() -> None:
    judged = re.findall(r"(\d+) judged by \d+ policies", README.read_text())
    message = "the program has changed: put the output of `make up` into README.md, shortened as it is there"
    assert int(judged[-1]) == len(Stack("staging").synth(bootstrap=False)["resources"]), message
