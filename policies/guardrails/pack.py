"""The pack: rules with a stack's levels and configuration, as policies of the Pulumi SDK.

    Guardrails()                                                     # every policy, at the levels of the running stack
    Guardrails({"all": "advisory", "kms-key-rotation": "mandatory"})
    Guardrails({"log-retention": {"enforcementLevel": "mandatory", "minimumDays": 30}}, stack="staging")

The argument has the form of `--policy-pack-config`, which the CLI lays over it.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from .exemptions import divide
from .finding import Finding
from .levels import Environment, environment_of, says_its_environment
from .remediation import Draft
from .resource import Resource, Stack, properties
from .rule import Rule, gather, message
from .schema import level_of, pack_faults, plain, with_defaults
from .themes import rules as every_rule

_MOST_TYPE_TAGS = 20


class ConfigurationError(ValueError):
    """The configuration of the pack is wrong; the message lists every fault."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("the configuration of the policy pack is wrong:\n" + "\n".join(f"  {line}" for line in faults))
        self.faults = list(faults)


class UndecidedError(UnknownValueError):
    """Tells the SDK that a policy could not be decided at preview: it reports an advisory with this message.

    One line for each property that is waited for and each exemption, begun by its subject.
    """

    def __init__(self, undecided: Sequence[Finding], exempt: Sequence[str]) -> None:
        Exception.__init__(self)
        lines = [f"{finding.subject}: {finding.problem}" for finding in undecided]
        self.message = "\n".join(dict.fromkeys([*lines, *exempt]))


class Guardrails:
    """The policies of the pack with their levels and configuration for one stack.

    Args:
        config: policy name, or `all`, to a level or to an object with `enforcementLevel` and settings.
        stack: the stack judged; by default the one that the engine started the pack for.
        rules: the policies; by default all.
        today: the day that exemptions are held against; by default the current day in UTC.

    Raises:
        ConfigurationError: a policy that does not exist, a wrong level or a wrong setting.
        ValueError: two policies have one name.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | None = None,
        *,
        stack: str | None = None,
        rules: Iterable[Rule] | None = None,
        today: date | None = None,
    ) -> None:
        self.rules = list(every_rule() if rules is None else rules)
        self.stack = pulumi.get_stack() if stack is None else stack
        self.environment: Environment = environment_of(self.stack)
        self.today = today
        duplicates = sorted(name for name, count in Counter(rule.name for rule in self.rules).items() if count > 1)
        if duplicates:
            raise ValueError(f"these policy names are used twice: {', '.join(duplicates)}")
        self.check(config or {})
        self._config = dict(config or {})
        self._sent: Mapping[str, Any] = {}

    @property
    def by_name(self) -> dict[str, Rule]:
        """The policies by name."""
        return {rule.name: rule for rule in self.rules}

    def check(self, config: Mapping[str, Any]) -> None:
        """Refuse a configuration that names no policy of the pack or breaks a policy's schema."""
        faults = pack_faults({rule.name: rule.schema for rule in self.rules}, config)
        if faults:
            raise ConfigurationError(faults)

    def configure(self, sent: Mapping[str, Any]) -> None:
        """Take the configuration that the engine sends; it is refused as in `check`."""
        self.check(sent)
        self._sent = sent

    def level(self, rule: Rule) -> EnforcementLevel:
        """The level of a policy for the stack, before the configuration that the engine sends."""
        configured = level_of(self._config.get(rule.name)) or level_of(self._config.get("all"))
        return EnforcementLevel(configured) if configured else rule.levels.within(self.environment)

    def in_force(self, rule: Rule) -> bool:
        """Whether a policy is not disabled, by the configuration that the engine sent where there is one."""
        return self._level_in_force(rule) != EnforcementLevel.DISABLED.value

    def _level_in_force(self, rule: Rule) -> str:
        return level_of(self._sent.get(rule.name)) or self.level(rule).value

    def policies(self) -> list[Policy]:
        """The policies for the SDK's `PolicyPack`."""
        return [self._policy(rule) for rule in self.rules]

    def repairs(self) -> dict[str, Policy]:
        """Name to remediation of each policy that has one, those over the whole stack included.

        The SDK's stack policies have none, so they stand apart here for a server of one's own.
        """
        return {
            rule.name: ResourceValidationPolicy(
                rule.name, rule.sentence, remediate=self._remediate(rule), enforcement_level=self.level(rule)
            )
            for rule in self.rules
            if rule.repair
        }

    def left_out(self, rule: Rule, resources: Iterable[Resource]) -> str:
        """What a policy says of resources that an update leaves out, in one text; empty when it judges none of them."""
        bearing = [resource.undecided("") for resource in resources if rule.bears_on(resource.type)]
        return UndecidedError(gather(bearing), []).message

    def findings(self, rule: Rule, subject: Resource | Stack) -> list[Finding]:
        """What a rule finds; a bug in the rule is a violation that names the rule, never a failed analysis."""
        judged = rule.judge(subject) if isinstance(subject, Resource) else rule.judge_stack(subject)
        found: list[Finding] = []
        try:
            found.extend(judged)
        except UnknownValueError as unread:
            found.append(Finding(subject=subject.subject, urn="", problem=unread.message, undecided=True))
        except Exception as bug:  # noqa: BLE001 - one policy's bug must not hide the verdicts of the others
            found.append(_bug(rule, subject, bug))
        return found

    def _policy(self, rule: Rule) -> Policy:
        common: dict[str, Any] = {
            "name": rule.name,
            "description": rule.sentence,
            "enforcement_level": self.level(rule),
            "config_schema": PolicyConfigSchema(self._schema(rule)),
            "display_name": rule.name.replace("-", " "),
            "severity": rule.severity,
            "framework": PolicyComplianceFramework(
                name="NIST SP 800-53", version="Rev. 5", reference=rule.theme.nist, specification=rule.theme.title
            ),
            "tags": [f"theme:{rule.theme.slug}", *rule.labels, *_type_tags(rule)],
            "remediation_steps": rule.remedy,
            "url": rule.url,
        }
        if rule.needs_stack:
            return StackValidationPolicy(validate=self._validate_stack(rule), **common)
        remediate = self._remediate(rule) if rule.repair else None
        return ResourceValidationPolicy(validate=self._validate(rule), remediate=remediate, **common)

    def settings(self, rule: Rule, sent: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a policy: schema defaults, then those of the constructor, then those the engine sent."""
        return with_defaults(rule.schema, {**self._own_settings(rule), **sent})

    def _own_settings(self, rule: Rule) -> dict[str, Any]:
        """What the constructor's configuration says of a policy, its level aside."""
        own = self._config.get(rule.name)
        return {key: value for key, value in own.items() if key != "enforcementLevel"} if isinstance(own, dict) else {}

    def _schema(self, rule: Rule) -> dict[str, dict[str, Any]]:
        """The schema of a policy's settings, with those of the constructor as its defaults.

        The CLI fills in the defaults of the schema and sends them as if they had been configured (pulumi,
        `ReconcilePolicyPackConfig`); others would take the constructor's place.
        """
        own = self._own_settings(rule)
        return {key: {**value, "default": own[key]} if key in own else {**value} for key, value in rule.schema.items()}

    def _validate(self, rule: Rule) -> Any:
        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            if rule.bears_on(args.resource_type):
                resource = self._resource(rule, args)
                exempt, undecided = self._report(rule, self.findings(rule, resource), resource.config, report)
                if undecided:
                    raise UndecidedError(undecided, exempt)
                if exempt:
                    args.not_applicable("\n".join(exempt))

        return validate

    def _validate_stack(self, rule: Rule) -> Any:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            config = self.settings(rule, plain(args.get_config()))
            stack = Stack(name=self.stack, config=config, resources=args.resources)
            exempt, undecided = self._report(rule, self.findings(rule, stack), config, report)
            if undecided:
                raise UndecidedError(undecided, exempt)
            if exempt:
                args.not_applicable("\n".join(exempt))

        return validate

    def _report(
        self, rule: Rule, findings: Sequence[Finding], config: Mapping[str, Any], report: ReportViolation
    ) -> tuple[list[str], list[Finding]]:
        """Report the violations; return what is exempt and what is undecided."""
        standing, exempt = divide(findings, config["exemptions"], self.today or datetime.now(UTC).date())
        if rule.gathered:
            standing = gather(standing)
        for finding in standing:
            if not finding.undecided:
                report(message(rule, finding) + self._judged_as(rule), finding.urn)
        return exempt, [finding for finding in standing if finding.undecided]

    def _judged_as(self, rule: Rule) -> str:
        """Why a policy is stricter than in dev, where the stack's name does not say it; empty where it does."""
        milder = rule.levels.dev is not rule.levels.prod
        as_prod = self._level_in_force(rule) == rule.levels.prod.value
        if says_its_environment(self.stack) or not (milder and as_prod):
            return ""
        return (
            f" Stack '{self.stack}' is judged as production, since its name begins with none of dev-, pr-, staging- "
            "and prod-; --policy-pack-config policies/config/dev.json judges it as dev."
        )

    def _remediate(self, rule: Rule) -> Any:
        def remediate(args: ResourceValidationArgs) -> Mapping[str, Any] | None:
            if not rule.bears_on(args.resource_type) or rule.repair is None:
                return None
            resource = self._resource(rule, args)
            standing, _ = divide(
                self.findings(rule, resource), resource.config["exemptions"], self.today or datetime.now(UTC).date()
            )
            if not any(not finding.undecided for finding in standing):
                return None
            draft = Draft(resource)
            rule.repair(draft)
            return draft.inputs if draft.changed else None

        return remediate

    def _resource(self, rule: Rule, args: ResourceValidationArgs) -> Resource:
        return Resource(
            type=args.resource_type,
            name=args.name,
            urn=args.urn,
            inputs=properties(args.resource_type, args.props),
            stack=self.stack,
            config=self.settings(rule, plain(args.get_config())),
            protected=args.opts.protect,
            ignored=tuple(args.opts.ignore_changes),
            provider=args.provider.props if args.provider else {},
        )


def _type_tags(rule: Rule) -> list[str]:
    """The types that a policy judges; the tagging policies judge every type that takes tags, which is said shortly."""
    return [f"type:{name}" for name in rule.types] if len(rule.types) <= _MOST_TYPE_TAGS else ["type:*"]


def _bug(rule: Rule, subject: Resource | Stack, bug: Exception) -> Finding:
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    return Finding(
        subject=subject.subject,
        urn=subject.urn if isinstance(subject, Resource) else "",
        problem=f"the policy {rule.name} itself failed with {type(bug).__name__} at {where}, so nothing was judged",
        fix="Report the fault to the owner of the pack; set the policy to disabled to go on without it.",
    )
