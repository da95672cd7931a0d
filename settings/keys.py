"""Section `keys`: the KMS keys that encrypt what the stack keeps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from contracts.prices import told as usd
from settings.faults import Fault
from settings.section import Section, told

KeyArn = Annotated[
    str,
    Field(
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[a-zA-Z0-9-]+$",
        examples=["arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
    ),
]


class Keys(Section):
    """By default each kind of data has a key of its own, so that access to one kind never opens another. Decide before
    the first deployment: what is encrypted with one key cannot be read with another."""

    one: bool = Field(
        default=False,
        json_schema_extra=told(
            cost=f"{usd('kms', 'customer key')} a month for each key: one instead of six",
            risk="whoever may use the key for one kind of data may for all",
        ),
    )
    """Whether one key encrypts everything."""
    existing: KeyArn | None = None
    """ARN of a key of the account that encrypts everything; looked up and never changed. Its policy must let in the
    account's IAM, CloudWatch Logs, and the services that publish to encrypted topics and queues."""

    def faults(self) -> Iterator[Fault]:
        """Two answers to one question."""
        if self.one and self.existing is not None:
            yield Fault("one", True, "false with keys.existing", "the existing key is the one: drop this")
