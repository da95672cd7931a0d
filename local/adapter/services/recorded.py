"""The resource types that the emulator lacks, and why.

They are validated like all others, and recorded with the id and the outputs that AWS would give; nothing is created.
The run lists them as recorded.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Type token -> what is missing.
RECORDED: Mapping[str, str] = {
    "aws:cloudcontrol/resource:Resource": "the emulator has no Cloud Control API",
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": "the emulator evaluates single alarms only",
}
