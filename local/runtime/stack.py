"""A stack of the project on this machine: preview, up, destroy."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pulumi

import settings
from contracts import loader
from local import values
from local.adapter.api import Api
from local.judge.model import Violation
from local.runtime import account, config, monitor, sample, synth
from local.runtime import refresh as refreshing
from local.runtime.engine import Engine, Target
from local.runtime.errors import ConfigError
from local.runtime.model import (
    Cloud,
    Deployment,
    Event,
    NoPolicies,
    OnEvent,
    Op,
    Policies,
    PolicyFactory,
    Preview,
)
from local.runtime.preview import PreviewPass
from local.runtime.registration import PROVIDER_PREFIX
from local.runtime.state import Entry, State
from local.runtime.update import UpdatePass, delete, refuse_protected

#: Where the emulator and the samples stand when the config names no region.
DEFAULT_REGION = "eu-west-1"
PROJECT_DIRECTORY = Path(__file__).resolve().parents[2]


class Stack:
    """One stack of a Pulumi project, run without the Pulumi CLI.

    Parameters
    ----------
    name:
        The stack, as in `Pulumi.<name>.yaml`.
    project_dir:
        Where `Pulumi.yaml` is.
    program:
        The program file; the project's own when left out.
    home:
        Where the state is kept, `<project_dir>/.local/<name>` when left out.
    contract_override:
        A data contract in place of the one that the stack's config names.
    config_overrides:
        Config values on top of the stack's, as `pulumi up -c key=value` gives them.
    config_file:
        A file in place of the stack's, as `pulumi up --config-file` takes it.

    Raises ConfigError with every fault of the config.
    """

    def __init__(
        self,
        name: str,
        project_dir: Path = PROJECT_DIRECTORY,
        program: Path | None = None,
        home: Path | None = None,
        contract_override: Path | None = None,
        config_overrides: Mapping[str, Any] | None = None,
        config_file: Path | None = None,
    ):
        project = config.load_project(project_dir)
        self.name = name
        self.project = project.name
        self.program = program or project.program
        self.home = (home or project_dir / ".local" / name).resolve()  # the program runs in another directory
        judge = self._settings_faults if project.name == settings.PROJECT else None
        self.config = config.stack_config(project, name, config_overrides, judge, config_file)
        if contract_override is not None:
            self.config[self._workloads_key] = json.dumps(self._with_contract(contract_override.resolve()))
        self._target = Target(stack=name, project=project.name, config=self.config, directory=self.program.parent)

    def _settings_faults(self, values: Mapping[str, str]) -> list[str]:
        """What the program would say of its config, asked before anything is started for it."""
        prefix = f"{settings.PROJECT}:"
        texts = {key.removeprefix(prefix): text for key, text in values.items() if key.startswith(prefix)}
        try:
            settings.read(self.name, texts)
        except pulumi.RunError as error:
            return str(error).splitlines()[1:]
        return []

    def override(self, values: Mapping[str, Any]) -> None:
        """Config values on top of what the stack has. Raises ConfigError with every fault of the result."""
        texts = {f"{self.project}:{key}": config.text(value) for key, value in values.items()}
        if self.project == settings.PROJECT and (faults := self._settings_faults(self.config | texts)):
            raise ConfigError(faults)
        self.config |= texts  # in place: the target has the same mapping

    @property
    def workloads(self) -> dict[str, dict[str, Any]]:
        """The workloads of the stack's config, by name."""
        return json.loads(self.config.get(self._workloads_key, "{}"))

    @property
    def _workloads_key(self) -> str:
        return f"{self.project}:workloads"

    def _with_contract(self, path: Path) -> dict[str, Any]:
        """The one workload with another contract, and with its name if the contract can be read."""
        if len(found := self.workloads) > 1:
            raise ConfigError(
                [f"--contract: the stack has the workloads {', '.join(found)}; name it in the stack file"]
            )
        name, written = next(iter(found.items()), ("workload", {}))
        with contextlib.suppress(loader.ContractError, OSError):  # the program says what is wrong with it
            name = loader.load(path).name
        return {name: written | {"contract": str(path)}}

    @property
    def state_path(self) -> Path:
        """The state file."""
        return self.home / "state.json"

    def _sample(self, *, bootstrap: bool, api: Api | None = None) -> sample.SampleCloud:
        """An account on paper in which every endpoint of the config serves a model, or none; or one that answers."""
        endpoints = {
            name: {each: its.get("kind", "realtime") for each, its in (found.get("endpoints") or {"live": {}}).items()}
            for name, found in self.workloads.items()
        }
        endpoints = endpoints or sample.DEFAULT_ENDPOINTS
        if api:
            return account.LookedUp(self.name, self.region, api, endpoints=endpoints)
        return sample.SampleCloud(self.name, self.region, endpoints=endpoints, bootstrap=bootstrap)

    @property
    def region(self) -> str:
        """The region of the stack's config."""
        return self.config.get("aws:region", DEFAULT_REGION)

    def preview(
        self,
        cloud: Cloud | None,
        policy_factory: PolicyFactory | None = None,
        on_event: OnEvent | None = None,
        *,
        refresh: bool = False,
    ) -> Preview:
        """Say what `up` would do, and touch nothing. Without a cloud it is a first `up` into an empty account.

        With `refresh`, what it would do after reading what is live, which is not written either.

        Raises PolicyViolationError, RefusedError and what the program raises.
        """
        started = time.perf_counter()
        if cloud is None:
            cloud = self._sample(bootstrap=True)
            state = State(None, cloud.endpoint_url)
        else:
            state = self._state(cloud)
        found = refreshing.read(state, cloud) if refresh else None
        foreseen = found.into(state.on_paper()) if found else state
        engine = self._preview(cloud, foreseen, policy_factory, on_event)
        return Preview(
            changes=engine.changes,
            changed=engine.changed,
            parents=engine.parents,
            judged_by=(engine.policies.policy_count, len(engine.registrations)),
            advisories=_advisories(engine),
            undecided=_undecided(engine),
            duration=time.perf_counter() - started,
            refreshed=found.told() if found else (),
        )

    def up(
        self,
        cloud: Cloud,
        policy_factory: PolicyFactory | None = None,
        on_event: OnEvent | None = None,
        *,
        refresh: bool = False,
    ) -> Deployment:
        """Preview, then bring the cloud to what the program declares.

        With `refresh` what is live is read into the state first; it is kept once the preview has passed.

        A mandatory violation in the preview stops before anything is touched; one in the update stops before its
        resource is. The state file tells the truth after any error. Raises what `preview` raises, ProtectedError, and
        the errors of the cloud.
        """
        started = time.perf_counter()
        state = self._state(cloud)
        found = refreshing.read(state, cloud) if refresh else None
        expected = found.into(state.on_paper()) if found else state
        foreseen = self._preview(cloud, expected, policy_factory, on_event)
        if found:
            found.into(state)
        total = sum(len(urns) for urns in foreseen.changes.values())
        with self._policies(policy_factory, dry_run=False) as policies:
            engine = UpdatePass(self._target, cloud, state, policies, on_event or _ignore, total)
            self._run(engine, preview=False)
            engine.finish()
        custom = [entry for entry in state if entry.custom and not entry.type.startswith(PROVIDER_PREFIX)]
        return Deployment(
            changes=engine.changes,
            resources={entry.urn: _described(entry) for entry in custom},
            created=[entry.urn for entry in custom if entry.emulated],
            recorded=[entry.urn for entry in custom if not entry.emulated],
            judged_by=(policies.policy_count, len(engine.registrations)),
            advisories=_advisories(engine),
            undecided=_undecided(foreseen),
            outputs=values.plain(engine.stack_outputs),
            duration=time.perf_counter() - started,
            refreshed=found.told() if found else (),
        )

    def destroy(self, cloud: Cloud, on_event: OnEvent | None = None) -> list[str]:
        """Delete every resource, dependents first, and give their URNs. Raises ProtectedError before any is."""
        state = self._state(cloud)
        gone = state.deletions(keep=())
        refuse_protected(gone)
        deleted: list[str] = []

        def tell(entry: Entry) -> None:
            deleted.append(entry.urn)
            notify = on_event or _ignore
            notify(Event(phase="destroy", op=Op.DELETE, urn=entry.urn, count=len(deleted), total=len(gone)))

        delete(gone, cloud, state, tell)
        self.forget()
        return deleted

    def forget(self) -> None:
        """Remove the state of a cloud that is gone."""
        self.state_path.unlink(missing_ok=True)

    def outputs(self, cloud: Cloud) -> Mapping[str, Any]:
        """The stack's outputs as the last update left them."""
        return self._state(cloud).outputs

    def synth(self, *, bootstrap: bool = False, api: Api | None = None) -> dict[str, Any]:
        """Every resource as JSON, with no emulator (`local.runtime.synth`); `bootstrap` is a first run, and one with an
        `api` is in the account that this is of, which answers what the program looks up.

        Raises what the program raises, and InvalidInput for the first resource that the API's model refuses.
        """
        cloud = self._sample(bootstrap=bootstrap, api=api)
        engine = UpdatePass(self._target, cloud, State(None, cloud.endpoint_url), NoPolicies(), _ignore, None)
        engine.dry_run = True  # on paper there is nothing that a hook could look at
        self._run(engine, preview=False)
        return synth.document(engine)

    def _state(self, cloud: Cloud) -> State:
        return State(self.state_path, cloud.endpoint_url)

    def _preview(
        self, cloud: Cloud, state: State, policy_factory: PolicyFactory | None, on_event: OnEvent | None
    ) -> PreviewPass:
        with self._policies(policy_factory, dry_run=True) as policies:
            engine = PreviewPass(self._target, cloud, state, policies, on_event or _ignore, len(state) or None)
            self._run(engine, preview=True)
            engine.finish()
        return engine

    def _run(self, engine: Engine, *, preview: bool) -> None:
        try:
            with engine.operator.acting():
                monitor.run_program(
                    self.program,
                    engine,
                    stack_name=self.name,
                    project=self.project,
                    config=self.config,
                    preview=preview,
                )
        except Exception as error:
            if engine.failure is None or engine.failure is error:
                raise
            raise engine.failure from error

    @contextmanager
    def _policies(self, factory: PolicyFactory | None, *, dry_run: bool) -> Generator[Policies]:
        with factory(dry_run) if factory else nullcontext(NoPolicies()) as policies:
            yield policies


def _advisories(engine: Engine) -> list[Violation]:
    found = [violation for violation in engine.violations if violation.level == "advisory" and not violation.undecided]
    return sorted(found, key=lambda violation: (violation.policy, violation.urn))


def _undecided(engine: Engine) -> list[Violation]:
    found = [violation for violation in engine.violations if violation.undecided]
    return sorted(found, key=lambda violation: (violation.policy, violation.urn))


def _described(entry: Entry) -> dict[str, Any]:
    return {
        "type": entry.type,
        "id": entry.id,
        "inputs": values.plain(entry.inputs),
        "outputs": values.plain(entry.outputs),
        "emulated": entry.emulated,
    }


def _ignore(event: Event) -> None:
    """Stands where nobody watches."""
