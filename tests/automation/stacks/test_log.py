"""What the log of a run makes of the engine's events."""

from __future__ import annotations

from pulumi.automation.events import DiagnosticEvent, EngineEvent

from automation.stacks.log import Log


def told(severity: str, message: str) -> EngineEvent:
    return EngineEvent(
        sequence=1, timestamp=0, diagnostic_event=DiagnosticEvent(message=message, color="never", severity=severity)
    )


def test_what_the_program_warns_of_is_kept_once_and_apart_from_errors() -> None:
    log = Log()
    for event in (
        told("warning", "<{%reset%}>keys.existing: key does not rotate<{%reset%}>\n"),
        told("warning", "keys.existing: key does not rotate"),
        told("error", "no such key"),
        told("info", "reading"),
        told("warning", "<{%reset%}>"),
    ):
        log(event)
    assert (log.warnings, log.errors) == (["keys.existing: key does not rotate"], ["no such key"])
