"""Java's regular expressions in Python."""

from __future__ import annotations

from typing import Any

import pytest

from local.adapter.services import TABLES
from shapes.models import service_model
from shapes.patterns import compiled


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", ["Grüße 7", "日本", "a:b=c"], ["a#b", "tab\tno", "a,b"]),
        (r"\p{Print}+", ["a name"], ["ä", ""]),
        ("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\t]*", ["a\tb", "\U0001f600"], ["a\nb"]),
        (r"[\w-_]*", ["a-b_c"], ["a.b"]),
        (
            r"arn:aws:iam::[0-9]*:role/.*",
            ["arn:aws:iam::1:role/a", "arn:aws-cn:iam::1:role/a", "arn:aws-iso-b:iam::1:role/a"],
            ["arn:amazon:iam::1:role/a", "arn:aws-:iam::1:role/a", "arn:aws-cn:sts::1:role/a"],
        ),
        (r"^[a-z]+$", ["abc"], ["abc\n", "ABC"]),
    ],
)
def test_patterns_of_the_models(pattern: str, accepted: list[str], refused: list[str]) -> None:
    regex = compiled(pattern)
    assert regex is not None
    assert [text for text in accepted if not regex.fullmatch(text)] == []
    assert [text for text in refused if regex.fullmatch(text)] == []


def test_the_patterns_that_python_cannot_express_are_known() -> None:
    """Three of about 1,100: two that are malformed in the model, one with a flag in its middle."""
    found: set[tuple[str, str]] = set()
    for service in {kind.service for kind in TABLES.values()}:
        model: Any = service_model(service)
        for name in model.shape_names:
            pattern = model.shape_for(name).metadata.get("pattern")
            if pattern and compiled(pattern) is None:
                found.add((service, name))
    assert found == {
        ("sagemaker", "CustomerMetadataKey"),
        ("sagemaker", "CustomerMetadataValue"),
    }
