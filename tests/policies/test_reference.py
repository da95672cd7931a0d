"""The reference pages: one for each policy, as the policies are now."""

from __future__ import annotations

from policies.guardrails.themes import rules
from policies.tools.reference import TARGET, render


def test_the_pages_are_current() -> None:
    """Run `python -m policies.tools.reference` when this fails."""
    written = {page.name: page.read_text(encoding="utf-8") for page in TARGET.glob("*.md")}
    assert written == render()


def test_every_policy_has_a_page_with_its_sentence_remedy_and_link() -> None:
    pages = render()
    for rule in rules():
        page = pages[f"{rule.name}.md"]
        assert page.startswith(f"# {rule.name}\n\n{rule.sentence}\n")
        assert rule.remedy in page
        assert rule.url in page
        assert f"[{rule.name}]({rule.name}.md)" in pages["README.md"]


def test_what_every_policy_says_of_itself() -> None:
    for rule in rules():
        assert rule.sentence.endswith("."), rule.name
        assert rule.remedy.endswith("."), rule.name
        assert rule.url.startswith("https://docs.aws.amazon.com/"), rule.name
        assert "\n" not in rule.sentence, rule.name
