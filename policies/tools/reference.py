"""Write `docs/policies/`: a page for each policy, and an index by theme.

.venv/bin/python -m policies.tools.reference
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from policies.guardrails.levels import Levels
from policies.guardrails.resource import short_type
from policies.guardrails.rule import Rule, Theme
from policies.guardrails.themes.theme import THEMES

TARGET = Path(__file__).parents[2] / "docs" / "policies"
FRAMEWORKS = {
    "fsbp": "AWS FSBP",
    "nist": "NIST SP 800-53",
    "cis": "CIS AWS 5.0.0",
    "checkov": "Checkov",
    "guard": "AWS Guard",
    "prowler": "Prowler",
    "nag": "cdk-nag",
}
_MOST_TYPES = 20
_STACK, _EACH = "once, over the whole stack", "each resource, before it is created or changed"


def main() -> None:
    """Rewrite every page and remove those of policies that are gone."""
    TARGET.mkdir(parents=True, exist_ok=True)
    pages = render()
    for old in TARGET.glob("*.md"):
        if old.name not in pages:
            old.unlink()
    for name, text in pages.items():
        (TARGET / name).write_text(text, encoding="utf-8")


def render() -> dict[str, str]:
    """File name to text of every page."""
    pages = {f"{rule.name}.md": _page(rule) for theme in THEMES for rule in theme.rules}
    return {"README.md": _index(THEMES), **pages}


def _index(themes: Sequence[Theme]) -> str:
    count = sum(len(theme.rules) for theme in themes)
    lines = [
        "# Policies",
        "",
        f"The {count} policies of the pack, by theme. How levels, settings and exemptions are configured, and how the "
        "pack is run, stands in [the guide](../policies.md).",
        "",
        "M stops an update, A advises. The levels are those of dev, staging and production stacks.",
    ]
    for theme in themes:
        nist = f" NIST SP 800-53: {', '.join(theme.nist.split())}." if theme.nist else ""
        lines += ["", f"## {theme.title}", "", f"{len(theme.rules)} policies.{nist}", ""]
        lines += ["| Policy | What must hold | Levels | Severity |", "| --- | --- | --- | --- |"]
        lines += [
            f"| [{rule.name}]({rule.name}.md) | {rule.sentence} | {_levels(rule.levels)} | {rule.severity.value} |"
            for rule in theme.rules
        ]
    return "\n".join(lines) + "\n"


def _levels(levels: Levels) -> str:
    return "/".join(level.value[0].upper() for level in (levels.dev, levels.staging, levels.prod))


def _page(rule: Rule) -> str:
    levels = rule.levels
    lines = [
        f"# {rule.name}",
        "",
        rule.sentence,
        *(["", rule.reason] if rule.reason else []),
        "",
        f"- Theme: {rule.theme.title}",
        f"- Severity: {rule.severity.value}",
        f"- Level: {levels.dev.value} in dev, {levels.staging.value} in staging, {levels.prod.value} in production",
        f"- Judges: {_types(rule.types)}",
        *([f"- Follows dependencies to: {_types(rule.reads)}"] if rule.reads else []),
        f"- Judged: {_STACK if rule.needs_stack else _EACH}",
        f"- Remediation: {'repaired when its level is `remediate`' if rule.repair else 'by hand'}",
        "",
        "## To fix",
        "",
        rule.remedy,
        "",
        f"See {rule.url}",
        "",
        *_controls(rule),
        *_settings(rule),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _types(types: Sequence[str]) -> str:
    if len(types) > _MOST_TYPES:
        return f"every resource that takes tags ({len(types)} types)"
    return ", ".join(f"`{short_type(name)}`" for name in types)


def _controls(rule: Rule) -> list[str]:
    by_framework: dict[str, list[str]] = {}
    for label in rule.labels:
        framework, _, control = label.partition(":")
        by_framework.setdefault(framework, []).append(control)
    if not by_framework:
        return []
    rows = [
        f"| {title} | {', '.join(by_framework[name])} |" for name, title in FRAMEWORKS.items() if name in by_framework
    ]
    return ["## Controls", "", "| Framework | Ids |", "| --- | --- |", *rows, ""]


def _settings(rule: Rule) -> list[str]:
    if not rule.settings:
        return []
    rows = [f"| `{name}` | {schema['description']} | {_default(schema)} |" for name, schema in rule.settings.items()]
    return ["## Settings", "", "| Setting | Meaning | Default |", "| --- | --- | --- |", *rows, ""]


def _default(schema: Mapping[str, Any]) -> str:
    default = schema["default"]
    return f"`{json.dumps(default)}`".replace("|", "\\|") if default not in ("", [], {}) else "none"


if __name__ == "__main__":
    main()
