"""The policy pack's process, started and spoken to as the Pulumi engine does.

    with PolicyRunner(Path("policies"), stack="prod", project="ml-platform", config_path=config) as pack:
        violations = pack.analyze(resource)

The engine merges the configuration, sends it to the pack (`local.judge.process`), and calls Remediate and Analyze for
every resource and AnalyzeStack once at the end. Any pack can be run, not only ours: of ours, only the check of the
configuration is used here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, cast

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as pb
from pulumi.runtime.proto import analyzer_pb2_grpc

from automation.evidence import Policy
from local import values
from local.judge import wire
from local.judge.levels import merged, schema_of
from local.judge.model import Judged, Violation
from local.judge.process import PackProcess, PolicyPackError
from policies.guardrails.resource import short_type
from policies.guardrails.schema import pack_faults

_MAX_MESSAGE_BYTES = 400 * 1024 * 1024
_UNDECIDED = re.compile(r"can't run policy '[^']*' from policy pack '[^']*' during preview: ", re.DOTALL)
_EXEMPT = ": exempt until "


@dataclass(frozen=True, kw_only=True)
class Exempt:
    """A verdict that an exemption set aside: policy, the resource judged (empty for the stack) and the reason."""

    policy: str
    urn: str
    reason: str


class PolicyRunner:
    """One process of a pack for one stack; a context manager.

    Args:
        pack: directory with `PulumiPolicy.yaml` and `__main__.py`.
        stack: name of the stack; packs read it.
        project: name of the Pulumi project.
        config_path: JSON in the form of `--policy-pack-config`; None leaves every policy as declared.
        dry_run: True in a preview.
        stack_config: the stack's own configuration, `project:key` to text, as `pulumi.Config` sees it in the pack.
        stack_tags: tags of the stack.

    Raises:
        PolicyPackError: on entering, when the pack does not start or the configuration names what it does not have.
    """

    def __init__(
        self,
        pack: Path,
        *,
        stack: str,
        project: str,
        config_path: Path | None = None,
        dry_run: bool = True,
        stack_config: Mapping[str, str] | None = None,
        stack_tags: Mapping[str, str] | None = None,
    ) -> None:
        self.pack = pack.resolve()
        self.stack = stack
        self.project = project
        self.config_path = config_path
        self.dry_run = dry_run
        self.policies: Sequence[Policy] = ()
        self.exempt: list[Exempt] = []
        self._stack_config = dict(stack_config or {})
        self._stack_tags = dict(stack_tags or {})
        self._process: PackProcess | None = None
        self._stub: analyzer_pb2_grpc.AnalyzerStub | None = None
        self._exit = ExitStack()

    def __enter__(self) -> PolicyRunner:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> PackProcess:
        """Start the process without waiting for it, so that the wait in `open` is shorter."""
        if self._process is None:
            self._process = PackProcess(self.pack, self._environment())
            self._exit.callback(self._process.end)
        return self._process

    def open(self) -> PolicyRunner:
        """Start the process, wait for it and configure it; one that is open stays as it is."""
        if self._stub is None:
            with ExitStack() as failing:
                failing.callback(self.close)
                self._connect()
                self._configure()
                failing.pop_all()
        return self

    def close(self) -> None:
        """End the process; nothing happens when there is none."""
        self._exit.close()
        self._process = self._stub = None

    @property
    def policy_count(self) -> int:
        """How many policies are in force: all that are not disabled."""
        return sum(policy.level != "disabled" for policy in self.policies)

    def remediate(self, resource: Judged) -> Mapping[str, Any] | None:
        """The resource's inputs after the remediations of the pack, None when it changed nothing.

        The pack is not asked where no policy has the level `remediate`: none would answer. Raises PolicyPackError when
        a remediation fails: the engine would stop there too.
        """
        if all(policy.level != "remediate" for policy in self.policies):
            return None
        response: pb.RemediateResponse = self._call("Remediate", wire.request(resource))
        changed: Mapping[str, Any] | None = None
        for remediation in response.remediations:
            if remediation.diagnostic:
                raise PolicyPackError(f"{remediation.policyName}: {resource.urn}: {remediation.diagnostic}")
            if remediation.HasField("properties"):
                changed = values.from_struct(remediation.properties)
        return changed

    def analyze(self, resource: Judged) -> list[Violation]:
        """What the resource policies find in one resource."""
        return self._verdicts(self._call("Analyze", wire.request(resource)), [resource], resource.urn)

    def analyze_stack(self, resources: Iterable[Judged]) -> list[Violation]:
        """What the stack policies find in all resources."""
        judged = list(resources)
        request = pb.AnalyzeStackRequest(resources=[wire.stack_resource(resource) for resource in judged])
        return self._verdicts(self._call("AnalyzeStack", request), judged, "")

    # --- process ---

    def _environment(self) -> dict[str, str]:
        return {
            "PULUMI_ORGANIZATION": "organization",
            "PULUMI_PROJECT": self.project,
            "PULUMI_STACK": self.stack,
            "PULUMI_DRY_RUN": "true" if self.dry_run else "false",
            "PULUMI_CONFIG": json.dumps(self._stack_config),
        }

    def _connect(self) -> None:
        options = [
            ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
        ]
        channel = grpc.insecure_channel(f"127.0.0.1:{self.start().port()}", options=options)
        self._stub = analyzer_pb2_grpc.AnalyzerStub(self._exit.enter_context(channel))

    def _call(self, method: str, request: Any) -> Any:
        if self._stub is None:
            raise PolicyPackError("the policy pack is not running; use PolicyRunner as a context manager")
        try:
            return getattr(self._stub, method)(request)
        except grpc.RpcError as failed:
            raise PolicyPackError(f"the policy pack failed in {method}: {cast(Any, failed).details()}") from failed

    # --- configuration ---

    def _configure(self) -> None:
        info: pb.AnalyzerInfo = self._call("GetAnalyzerInfo", empty_pb2.Empty())
        declared = list(info.policies)
        names = [policy.name for policy in declared]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise PolicyPackError(f"the policy pack has two policies named {', '.join(repeated)}")
        config = self._read_config()
        schemas = {policy.name: schema_of(policy) for policy in declared}
        faults = pack_faults(schemas, config)
        if faults:
            lines = "\n".join(f"  {fault}" for fault in faults)
            raise PolicyPackError(f"{self.config_path}: the configuration of the policy pack is wrong:\n{lines}")
        self.policies = [merged(policy, schemas[policy.name], config) for policy in declared]
        request = pb.ConfigureAnalyzerRequest()
        for policy in self.policies:
            sent = request.policyConfig[policy.name]
            # The level is a proto3 enum whose zero value is advisory, so it is sent for every policy.
            sent.enforcementLevel = pb.EnforcementLevel.Value(policy.level.upper())
            sent.properties.update(policy.config)
        self._call("Configure", request)
        self._call(
            "ConfigureStack",
            pb.AnalyzerStackConfigureRequest(
                stack=self.stack,
                project=self.project,
                organization="organization",
                dry_run=self.dry_run,
                config=self._stack_config,
                tags=self._stack_tags,
            ),
        )

    def _read_config(self) -> Mapping[str, Any]:
        if self.config_path is None:
            return {}
        try:
            config = json.loads(self.config_path.read_text(encoding="utf-8"))
        except FileNotFoundError as missing:
            known = ", ".join(sorted(path.stem for path in self.config_path.parent.glob("*.json"))) or "none"
            raise PolicyPackError(f"policy levels: found no {self.config_path}; those there: {known}") from missing
        except (OSError, json.JSONDecodeError) as unread:
            raise PolicyPackError(f"{self.config_path}: the configuration cannot be read: {unread}") from unread
        if not isinstance(config, dict):
            raise PolicyPackError(f"{self.config_path}: the configuration must be a JSON object")
        return cast(dict[str, Any], config)

    # --- verdicts ---

    def _verdicts(self, response: pb.AnalyzeResponse, judged: Sequence[Judged], urn: str) -> list[Violation]:
        subjects = {f"{short_type(resource.type)} '{resource.name}'": resource.urn for resource in judged}
        for entry in response.not_applicable:
            self._exempt(entry.policy_name, entry.reason.splitlines(), subjects, urn)
        found: list[Violation] = []
        for diagnostic in response.diagnostics:
            text, undecided = _UNDECIDED.subn("", diagnostic.message, count=1)
            if undecided:
                # One line for each value that is waited for, and for each exemption beside it.
                exempt = [line for line in text.splitlines() if _EXEMPT in line]
                self._exempt(diagnostic.policyName, exempt, subjects, urn)
                waiting = [line for line in text.splitlines() if _EXEMPT not in line]
                found += [_violation(diagnostic, line, subjects.get(_subject(line), urn), True) for line in waiting]
            else:
                # The SDK puts the description on the first line; the policy's own text follows.
                message = text.removeprefix(f"{diagnostic.description}\n")
                found.append(_violation(diagnostic, message, diagnostic.urn or urn, False))
        return found

    def _exempt(self, policy: str, lines: Iterable[str], subjects: Mapping[str, str], urn: str) -> None:
        self.exempt += [
            Exempt(policy=policy, urn=subjects.get(_subject(line), urn), reason=line) for line in lines if line
        ]


def _subject(line: str) -> str:
    """What a line of the pack is about: `s3/bucket 'raw'`."""
    return line.partition(": ")[0]


def _violation(diagnostic: pb.AnalyzeDiagnostic, message: str, urn: str, undecided: bool) -> Violation:
    return Violation(
        policy=diagnostic.policyName,
        level=pb.EnforcementLevel.Name(diagnostic.enforcementLevel).lower(),
        message=message,
        urn=urn,
        undecided=undecided,
    )
