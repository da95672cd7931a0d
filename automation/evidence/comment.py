"""What a pull request is told of a stack, as Markdown: what would change, what it would cost, what the policies say.

Everything comes from the JSON of `preview`, `cost` and `policies`. Names and messages are whatever the pull request
made them, so they stand in code spans. GitHub takes 65,536 characters for a comment: a stack gets less than half.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

#: Kinds of changes, the one to look at first before the others.
OPS: Final[Mapping[str, str]] = {"delete": "-", "replace": "+-", "update": "~", "create": "+"}
_MOST_ROWS: Final = 40
_MOST_LETTERS: Final = 160
_NOT_THERE: Final = "not known: nobody asked, or the step failed; the run says which"
Found = Mapping[str, Any]


def comment(stack: str, *, preview: Found | None, cost: Found | None, policies: Found | None) -> str:
    """The section of one stack. What is None was not to be had, and the comment says so."""
    parts = [f"### {stack}", _changes(preview), _price(cost), _verdict(policies)]
    return "\n\n".join(parts) + "\n"


def _changes(preview: Found | None) -> str:
    if preview is None:
        return f"**Changes** {_NOT_THERE}."
    steps = sorted(preview["steps"], key=lambda step: list(OPS).index(step["op"]) if step["op"] in OPS else len(OPS))
    counts = ", ".join(f"{number} {op}" for op in OPS if (number := sum(step["op"] == op for step in steps)))
    head = f"**Changes** {counts or 'none'}, {preview['counts'].get('same', 0)} stay as they are ({preview['by']})."
    if not steps:
        return head
    rows = [
        f"| {OPS.get(step['op'], step['op'])} | {_code(step['type'].split(':')[-1])} {_code(_name(step['urn']))} "
        f"| {_code(', '.join(step['keys'])) if step['keys'] else ''} |"
        for step in steps
    ]
    return f"{head}\n\n{_folded('Resources', ['| | resource | differs in |', '| --- | --- | --- |'], rows)}"


def _price(cost: Found | None) -> str:
    if cost is None:
        return f"**Price** {_NOT_THERE}."
    total, limit = cost["total"]["usd"], cost["limit_usd"]
    against = cost.get("against")
    change = f", {against['change']:+.2f} by this change" if against else ""
    allowed = f"; the stack's limit is {limit:.2f}" if limit is not None else ""
    over = " **Above the limit.**" if limit is not None and total > limit else ""
    head = f"**Price** {total:.2f} USD a month{change}{allowed}.{over}"
    rows = [
        f"| {_code(' '.join(filter(None, (each['workload'], each['component']))))} | {each['before']:.2f} "
        f"| {each['after']:.2f} | {each['change']:+.2f} |"
        for each in (against["components"] if against else ())
    ]
    if not rows:
        return head
    table = ["| component | before | after | change |", "| --- | ---: | ---: | ---: |"]
    return f"{head}\n\n" + "\n".join([*table, *_most(rows, 4)])


def _verdict(policies: Found | None) -> str:
    if policies is None:
        return f"**Policies** {_NOT_THERE}."
    report = policies["report"]
    levels = {policy["name"]: policy["level"] for policy in report["policies"]}
    failed = [result for result in report["results"] if result["outcome"] == "failed"]
    failed.sort(key=lambda result: levels[result["policy"]] == "advisory")
    advice = sum(levels[result["policy"]] == "advisory" for result in failed)
    violations = f"{len(failed) - advice} that stop an update" if policies["stops"] else "none that stop an update"
    head = (
        f"**Policies** Violations: {f'**{violations}**' if policies['stops'] else violations}, and {advice} of advice; "
        f"{report['resources']} resources judged by {len(report['policies'])} policies."
    )
    rows = [
        f"| {levels[result['policy']]} | {_code(result['policy'])} | {_code(result['message'])} |" for result in failed
    ]
    if not rows:
        return head
    return f"{head}\n\n{_folded('Findings', ['| level | policy | finding |', '| --- | --- | --- |'], rows)}"


def _folded(title: str, head: Sequence[str], rows: Sequence[str]) -> str:
    inside = "\n".join([*head, *_most(rows, len(head[1].split("|")) - 2)])
    return f"<details><summary>{title}</summary>\n\n{inside}\n\n</details>"


def _most(rows: Sequence[str], columns: int) -> list[str]:
    left = len(rows) - _MOST_ROWS
    return [*rows[:_MOST_ROWS], *([f"| and {left} more {'| ' * columns}".rstrip()] if left > 0 else [])]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _code(text: str) -> str:
    """Text as it is, in a code span of a table: nothing in it is read as Markdown, HTML or somebody's name."""
    plain = " ".join(text.split()).replace("`", "'").replace("|", "\\|")
    return f"`{plain if len(plain) <= _MOST_LETTERS else plain[: _MOST_LETTERS - 1] + '…'}`"
