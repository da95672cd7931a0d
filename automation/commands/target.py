"""What a command acts on: a stack by its files, its workload and endpoint by name, and the account that it lives in."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import NoCredentialsError

from automation.operations import stack_files
from automation.operations.errors import AccessError, RefusedError
from automation.operations.releases import Clients, clients
from automation.operations.session import session
from contracts.kinds import KINDS, REALTIME, Kind
from contracts.loader import ContractError, load
from contracts.machine_runs import MachineRuns
from contracts.names import EndpointNames, Names, NamesError, WorkloadNames
from contracts.schema import Contract

PROJECT = Path(__file__).parents[2]
_NAMESPACE = "ml-platform"
_WORKLOADS = f"{_NAMESPACE}:workloads"


@dataclass(eq=False, kw_only=True)
class Target:
    """One stack. `config` is what Pulumi.<stack>.yaml says, over the defaults of Pulumi.yaml."""

    stack: str
    config: Mapping[str, Any]
    _clients: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)

    @property
    def region(self) -> str:
        """Where the stack lives."""
        found = self.config.get("aws:region") or os.environ.get("AWS_REGION")
        if not found:
            raise RefusedError(f"aws:region: found none in Pulumi.{self.stack}.yaml; set it there, or AWS_REGION")
        return str(found)

    @property
    def protected(self) -> bool:
        """Whether endpoints and what holds data refuse deletion."""
        return bool(self.config.get(f"{_NAMESPACE}:protect"))

    @functools.cached_property
    def session(self) -> Any:
        """The session that the stack's provider would have: profile and roles of the stack's config."""
        return session(self.region, self.config.get("aws:profile"), self.config.get("aws:assumeRoles", []))

    def client(self, service: str) -> Any:
        """A boto3 client."""
        if service not in self._clients:
            self._clients[service] = self.session.client(service)
        return self._clients[service]

    def trainer(self, names: WorkloadNames) -> Any:
        """Whom to ask about the workload's training: SageMaker, or a state machine that answers in the same words."""
        sagemaker = self.client("sagemaker")
        if not self.by_machine(names):
            return sagemaker
        states = self.client("stepfunctions")
        return MachineRuns(states, sagemaker, pipeline=names.pipeline, arn=names.training_machine_arn)

    def by_machine(self, names: WorkloadNames) -> bool:
        """Whether the config has Step Functions train."""
        return self._workloads[names.workload].get("orchestrator") == "step-functions"

    @functools.cached_property
    def caller(self) -> str:
        """ARN of who asks. RefusedError for an account that the config does not allow, AccessError for nobody."""
        try:
            found = self.client("sts").get_caller_identity()
        except NoCredentialsError as error:
            way = f"log in, or name a profile by AWS_PROFILE or as aws:profile in Pulumi.{self.stack}.yaml"
            raise AccessError(f"{error}: {way}") from error
        allowed = [str(account) for account in self.config.get("aws:allowedAccountIds", [])]
        if allowed and found["Account"] not in allowed:
            raise RefusedError(
                f"account: found {found['Account']}; allowed by aws:allowedAccountIds of stack {self.stack}: "
                f"{', '.join(allowed)}; use that account's credentials"
            )
        return found["Arn"]

    @property
    def who(self) -> str:
        """Who asks, for the record: the last part of the caller's ARN."""
        return self.caller.split(":", 5)[5]

    @property
    def names(self) -> Names:
        """The names of the stack in this account."""
        _, partition, _, _, account, _ = self.caller.split(":", 5)
        try:
            return Names(stack=self.stack, account=account, region=self.region, partition=partition)
        except NamesError as error:
            raise RefusedError(str(error)) from error

    def workload(self, name: str | None) -> WorkloadNames:
        """The names of a workload; without a name, of the only one."""
        chosen = self.chosen(name)
        return self.names.of_workload(chosen)

    def endpoint(self, workload: str | None, name: str | None) -> EndpointNames:
        """The names of an endpoint; without a name, of the only one of its workload."""
        of = self.chosen(workload)
        chosen = _one("--endpoint", name, sorted(self._workloads[of].get("endpoints") or {}))
        return self.names.of_workload(of).of_endpoint(chosen)

    def chosen(self, name: str | None) -> str:
        """What a workload is called, by the file alone: who has no credentials yet is told of a wrong name too."""
        return _one("--workload", name, sorted(self._workloads))

    def stopped(self, names: EndpointNames) -> bool:
        """Whether the config stops the endpoint."""
        settings = self._workloads[names.workload]["endpoints"][names.endpoint]
        return isinstance(settings, dict) and settings.get("state") == "stopped"

    def kind(self, names: EndpointNames) -> Kind:
        """What kind of endpoint it is. RefusedError for one that there is not."""
        return self._kind(names.workload, names.endpoint)

    def kinds(self, workload: str) -> Mapping[str, Kind]:
        """Those of a workload's endpoints, by name; by the file alone."""
        return {name: self._kind(workload, name) for name in self._workloads[workload].get("endpoints") or {}}

    def _kind(self, workload: str, endpoint: str) -> Kind:
        settings = self._workloads[workload]["endpoints"][endpoint]
        found = str((settings or {}).get("kind", REALTIME.name)) if isinstance(settings, dict | None) else str(settings)
        if found not in KINDS:
            where = f"{_WORKLOADS}.{workload}.endpoints.{endpoint}.kind"
            raise RefusedError(f"{where}: found {found!r}; allowed: {', '.join(KINDS)}")
        return KINDS[found]

    @property
    def releases(self) -> Clients:
        """The clients that a release needs."""
        return clients(
            self.client,
            {names.prefix: host for names in self.endpoints if (host := self.kind(names).host) != "sagemaker"},
        )

    @property
    def endpoints(self) -> list[EndpointNames]:
        """Every endpoint of every workload."""
        return [
            self.endpoint(workload, endpoint)
            for workload, settings in self._workloads.items()
            for endpoint in settings.get("endpoints") or {}
        ]

    def contract(self, name: str) -> Contract:
        """The contract of a workload, as its file is now. RefusedError with every fault of it."""
        path = PROJECT / str(self._workloads[name].get("contract"))
        try:
            return load(path)
        except ContractError as error:
            raise RefusedError(str(error)) from error

    @property
    def workloads(self) -> list[WorkloadNames]:
        """Every workload."""
        return [self.workload(workload) for workload in self._workloads]

    @property
    def _workloads(self) -> Mapping[str, Any]:
        return self.config[_WORKLOADS]


def read(stack: str, project: Path | None = None) -> Target:
    """The stack of that name. RefusedError for one without a file."""
    project = project or PROJECT
    path = project / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(file.stem.removeprefix("Pulumi.") for file in project.glob("Pulumi.*.yaml"))
        raise RefusedError(f"--stack: found {stack!r}; allowed: {', '.join(known)} (those with a Pulumi.<stack>.yaml)")
    declared = stack_files.read(project / "Pulumi.yaml").get("config") or {}
    defaults = {
        key if ":" in key else f"{_NAMESPACE}:{key}": value.get("default")
        for key, value in declared.items()
        if isinstance(value, dict)
    }
    found = {**defaults, **(stack_files.read(path).get("config") or {})}
    config = {key: _value(value) for key, value in found.items()}
    _require_workloads(config.get(_WORKLOADS), path)
    return Target(stack=stack, config=config)


def _require_workloads(found: Any, path: Path) -> None:
    """RefusedError where workloads or endpoints are no mappings by name; all else the settings judge."""
    levels = {_WORKLOADS: found}
    if isinstance(found, dict):
        levels |= {f"{_WORKLOADS}.{name}": workload for name, workload in found.items()}
        for name, workload in found.items():
            if isinstance(workload, dict):
                levels[f"{_WORKLOADS}.{name}.endpoints"] = workload.get("endpoints") or {}
    for key, value in levels.items():
        if not isinstance(value, dict):
            kind = "nothing" if value is None else type(value).__name__
            check = f"`python -m settings check {path.name}` says all"
            raise RefusedError(f"{key}: found {kind} in {path.name}; allowed: a mapping by name; {check}")


def _value(value: Any) -> Any:
    """`pulumi config set` writes what is no text as JSON in text, and JSON is YAML."""
    return yaml.safe_load(value) if isinstance(value, str) and value[:1] in ("{", "[") else value


def _one(option: str, name: str | None, allowed: Sequence[str]) -> str:
    if name is None and len(allowed) == 1:
        return allowed[0]
    if name is None or name not in allowed:
        found = "none" if name is None else repr(name)
        raise RefusedError(f"{option}: found {found}; allowed: {', '.join(allowed) or 'none is declared'}")
    return name
