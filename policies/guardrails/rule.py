"""The form in which policies are written.

    theme = Theme("encryption-at-rest", "Encryption at rest", nist="SC-28(1) SC-13")

    @theme.policy(
        on="kms/key",
        mandatory=EVERYWHERE,
        severity=Severity.MEDIUM,
        controls=Controls(checkov="CKV_AWS_7", fsbp="KMS.4", cis="3.6"),
        remedy="Set enable_key_rotation=True.",
        url="https://docs.aws.amazon.com/kms/latest/developerguide/rotate-keys.html",
    )
    def kms_key_rotation(key: Resource) -> Findings:
        '''Customer-managed KMS keys rotate every year.

        A key that never changes turns one leak into all data ever written with it.
        '''
        yield from key.prop("enableKeyRotation").must_be(True)

    @kms_key_rotation.remediation
    def _(key: Draft) -> None:
        key.set("enableKeyRotation", True)

The function's name is the policy's, its docstring the sentence an auditor would say and, below it, the reason.

A policy is a generator of findings. It judges what is known and says what it could not decide; the pack adds the
resource's name and the remedy to the message. A policy with `reads` is judged with the whole stack at hand, after the
preview, and follows dependencies to resources of those types (`bucket.attached("s3/bucketPolicy", "bucket")`). So is
one that is `gathered`: what has one cause and is true of many resources is said once, with their number.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property

from pulumi_policy import Severity

from .finding import Finding, Findings, independently
from .levels import Levels
from .remediation import Draft
from .resource import Resource, Stack, token
from .schema import EXEMPTIONS, Schema

_MOST_NAMED = 3

Check = Callable[[Resource], Findings]
StackCheck = Callable[[Stack], Findings]


@dataclass(frozen=True, kw_only=True, slots=True)
class Controls:
    """The outside controls that a policy answers; each field lists ids, parted by spaces.

    Attributes:
        checkov: Checkov, https://www.checkov.io/5.Policy%20Index/terraform.html
        fsbp: AWS Foundational Security Best Practices, by the ids of Security Hub.
        cis: CIS AWS Foundations Benchmark v5.0.0.
        guard: AWS Guard rules registry (cfn-guard).
        prowler: Prowler checks on live accounts.
        nag: cdk-nag, AWS Solutions pack.
        nist: NIST SP 800-53 Rev. 5, beyond those of the theme.
    """

    checkov: str = ""
    fsbp: str = ""
    cis: str = ""
    guard: str = ""
    prowler: str = ""
    nag: str = ""
    nist: str = ""

    def labels(self) -> list[str]:
        """Every control as `framework:id`, `checkov:CKV_AWS_7`."""
        return [f"{each.name}:{control}" for each in fields(self) for control in getattr(self, each.name).split()]


@dataclass(kw_only=True)
class Rule:
    """One policy: what it says, where it holds, and how it judges.

    Attributes:
        name: the id in configuration and reports.
        sentence: what must hold, as an auditor would say it.
        reason: why, where the sentence does not say so.
        theme: the group it belongs to.
        types: the type tokens it judges.
        reads: further type tokens that it follows to; only a policy over the whole stack has them.
        levels: the level in each environment.
        severity: how bad a violation is.
        controls: the outside controls.
        remedy: the fix in words, an instruction.
        url: where the reason is written.
        settings: the JSON schema of each setting of its own.
        check: judges one resource.
        stack_check: judges a stack as a whole, in place of `check`.
        gathered: whether what is true of many resources is said once, with their number.
        repair: repairs a violation, when the level is `remediate`.
    """

    name: str
    sentence: str
    reason: str
    theme: Theme
    types: tuple[str, ...]
    reads: tuple[str, ...]
    levels: Levels
    severity: Severity
    controls: Controls
    remedy: str
    url: str
    settings: Mapping[str, Schema]
    check: Check | None = None
    stack_check: StackCheck | None = None
    gathered: bool = False
    repair: Callable[[Draft], None] | None = None

    @property
    def needs_stack(self) -> bool:
        """Whether it is judged once, with all resources at hand."""
        return bool(self.reads) or self.stack_check is not None or self.gathered

    @property
    def schema(self) -> dict[str, Schema]:
        """The JSON schema of each setting, with the exemptions that every policy has."""
        return {**self.settings, "exemptions": EXEMPTIONS}

    @property
    def labels(self) -> list[str]:
        """The outside controls, those of the theme included, as `framework:id`."""
        return [*self.controls.labels(), *(f"nist:{control}" for control in self.theme.nist.split())]

    def remediation(self, repair: Callable[[Draft], None]) -> Callable[[Draft], None]:
        """Decorator: how a violation is repaired when the level of the policy is `remediate`."""
        self.repair = repair
        return repair

    def judge(self, resource: Resource) -> Findings:
        """The findings about one resource."""
        if self.check is not None:
            yield from independently(self.check(resource))

    def judge_stack(self, stack: Stack) -> Findings:
        """The findings about a stack; what is undecided for one resource leaves the others judged.

        What is wrong with something attached to a resource, such as a bucket's encryption, is said of the resource.
        """
        if self.stack_check is not None:
            yield from independently(self.stack_check(stack))
        for resource in stack.resources if self.check is not None else ():
            if self.bears_on(resource.type):
                yield from (replace(finding, urn=resource.urn) for finding in self.judge(resource))

    def bears_on(self, type_: str) -> bool:
        """Whether it judges resources of a type token."""
        return type_ in self._types

    @cached_property
    def _types(self) -> frozenset[str]:
        return frozenset(self.types)


@dataclass(frozen=True, eq=False)
class Theme:
    """A group of policies on one subject.

    Attributes:
        slug: the id.
        title: the name in reports.
        nist: the NIST SP 800-53 Rev. 5 controls of the group, parted by spaces.
        rules: the policies, in the order written.
    """

    slug: str
    title: str
    nist: str = ""
    rules: list[Rule] = field(default_factory=list["Rule"])

    def policy(
        self,
        *,
        on: str | Sequence[str],
        mandatory: Levels,
        severity: Severity,
        remedy: str,
        url: str,
        reads: str | Sequence[str] = (),
        controls: Controls | None = None,
        settings: Mapping[str, Schema] | None = None,
        gathered: bool = False,
    ) -> Callable[[Check], Rule]:
        """Decorator: a policy that judges each resource of the short types `on`; see the module and `Rule`."""

        def register(check: Check) -> Rule:
            name, sentence, reason = _spoken(check)
            return self._add(
                Rule(
                    name=name,
                    sentence=sentence,
                    reason=reason,
                    theme=self,
                    types=_tokens(on),
                    reads=_tokens(reads),
                    levels=mandatory,
                    severity=severity,
                    controls=controls or Controls(),
                    remedy=remedy,
                    url=url,
                    settings=settings or {},
                    check=check,
                    gathered=gathered,
                )
            )

        return register

    def stack_policy(
        self,
        *,
        on: str | Sequence[str],
        mandatory: Levels,
        severity: Severity,
        remedy: str,
        url: str,
        controls: Controls | None = None,
        settings: Mapping[str, Schema] | None = None,
    ) -> Callable[[StackCheck], Rule]:
        """Decorator: a policy that judges the stack as a whole, over its resources of the short types `on`."""

        def register(check: StackCheck) -> Rule:
            name, sentence, reason = _spoken(check)
            return self._add(
                Rule(
                    name=name,
                    sentence=sentence,
                    reason=reason,
                    theme=self,
                    types=_tokens(on),
                    reads=(),
                    levels=mandatory,
                    severity=severity,
                    controls=controls or Controls(),
                    remedy=remedy,
                    url=url,
                    settings=settings or {},
                    stack_check=check,
                )
            )

        return register

    def _add(self, rule: Rule) -> Rule:
        self.rules.append(rule)
        return rule


def _spoken(check: Callable[..., Findings]) -> tuple[str, str, str]:
    """Name, sentence and reason of a policy, from the name and docstring of its function."""
    sentence, _, reason = inspect.cleandoc(check.__doc__ or "").partition("\n\n")
    if not sentence:
        raise ValueError(f"{check.__name__}: a policy needs a docstring, it is the policy's sentence")
    return check.__name__.replace("_", "-"), " ".join(sentence.split()), reason


def _tokens(shorts: str | Sequence[str]) -> tuple[str, ...]:
    names: Iterable[str] = [shorts] if isinstance(shorts, str) else shorts
    return tuple(name if ":" in name else token(name) for name in names)


def message(rule: Rule, finding: Finding) -> str:
    """The text of a violation: the resource, the value found, and the fix."""
    return f"{finding.subject}: {finding.problem}. {finding.fix or rule.remedy}"


def gather(findings: Iterable[Finding]) -> list[Finding]:
    """One finding for each problem, about the stack and with the first resources named where several have it."""
    alike: dict[tuple[str, str, bool], list[Finding]] = {}
    for finding in dict.fromkeys(findings):
        alike.setdefault((finding.problem, finding.fix, finding.undecided), []).append(finding)
    return [each[0] if len(each) == 1 else _together(each) for each in alike.values()]


def _together(alike: Sequence[Finding]) -> Finding:
    names = [finding.subject for finding in alike]
    rest = len(names) - _MOST_NAMED
    named = ", ".join(names[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return replace(alike[0], urn="", subject=f"{len(names)} resources ({named})")
