"""Names that follow from content, for what can only be replaced and must outlive the move to its successor."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pulumi


def content_name(stem: str, content: pulumi.Input[Any]) -> pulumi.Output[str]:
    """`<stem>-<8 hex digits of the content>`: a new name for every new content.

    SageMaker's models, endpoint configurations and job definitions cannot be changed, only replaced, and the old one
    must outlive the move to the new one. With a name that follows from the content, the new one never meets the old.
    At preview the name is unknown as long as any of the content is.
    """

    return pulumi.Output.from_input(content).apply(lambda known: known_name(stem, known))


def known_name(stem: str, content: object) -> str:
    """The name by content that is known without a question, such as settings: what Pulumi calls a resource.

    What it calls otherwise is another resource to it, which it makes; it does not replace the former one, which an
    update that fails half way leaves marked for deletion. So what serves again after that is still there, and can be
    asked for again. Only parts of what the resource's own name follows from: two may not have one name.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"{stem}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def formerly(stem: str) -> pulumi.ResourceOptions:
    """What was called by its stem alone, before its name followed from content, is the same resource."""
    return pulumi.ResourceOptions(aliases=[pulumi.Alias(name=stem)])
