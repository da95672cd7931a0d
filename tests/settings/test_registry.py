"""The section `registry`."""

from __future__ import annotations

from typing import Any

import pytest

import settings
from tests.settings.written import faults, load


def test_by_default_models_come_from_nowhere_and_nobody_outside_reads_them() -> None:
    assert (settings.Registry().readers, settings.Registry().source) == ((), None)


@pytest.mark.parametrize(
    ("section", "line"),
    [
        ({"readers": ["*"]}, 'registry.readers[0]: found "*"'),
        (
            {"readers": ["arn:aws:iam::210987654321:root"]},
            'registry.readers[0]: found "arn:aws:iam::210987654321:root"',
        ),
        ({"readers": ["arn:aws:iam::210987654321:role/*"]}, "registry.readers[0]: found"),
        ({"source": {"stack": "staging", "account": "12"}}, 'registry.source.account: found "12"'),
        ({"source": {"stack": "staging"}}, "registry.source.account: found nothing"),
        ({"source": {"stack": "Staging", "account": "123456789012"}}, 'registry.source.stack: found "Staging"'),
    ],
)
def test_a_fault_of_the_section_names_the_field_and_what_was_found(section: dict[str, Any], line: str) -> None:
    (found,) = faults(registry=section)
    assert found.startswith(f"ml-platform:{line}")


def test_readers_and_a_source_are_taken() -> None:
    role = "arn:aws:iam::210987654321:role/mlplatform-admin/prod/mlplatform-prod-delivery-deploy"
    source = {"stack": "staging", "account": "123456789012"}
    found = load(registry={"readers": [role], "source": source}).registry
    assert found == settings.Registry(readers=(role,), source=settings.Source(**source))


def test_a_stack_is_no_source_of_itself() -> None:
    assert faults(registry={"source": {"stack": "stack", "account": "123456789012"}}) == [
        'ml-platform:registry.source.stack: found "stack"; allowed: another stack; name the stack that models come '
        "from, or drop it"
    ]
