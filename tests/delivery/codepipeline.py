"""What CodePipeline does with a pipeline that it has, on this machine: action by action, until one fails.

The pipeline and its projects are read from the emulator. A build runs its project's buildspec on a copy of the source,
as the project's role, with the variables of the actions before; an approval is asked for at its topic and answered by
the test. An action that fails is told on the event bus (CodePipeline user guide, "Monitoring CodePipeline events").
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.emulator import Emulator
from tests.delivery import machine
from tests.delivery.codebuild import Buildspec

REVISION = "4f2a1b9c7d1e4f2a1b9c7d1e4f2a1b9c7d1e4f2a"
RUN = "7e1c2f60-0000-4000-8000-000000000000"
LINK = "https://console.aws.amazon.com/x"
#: Says of what is asked whether it is approved, and why; called with the message.
Decides = Callable[[str], tuple[bool, str]]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run ended: its actions in order, the last one failed where there is a reason; what builds said."""

    actions: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])
    failed: list[str] = field(default_factory=list[str])

    @property
    def reason(self) -> str | None:
        return self.failed[0] if self.failed else None


@dataclass(frozen=True, kw_only=True)
class CodePipeline:
    """`home` is an empty directory, `environment` what every build has."""

    emulator: Emulator
    home: Path
    environment: Mapping[str, str]

    def run(self, name: str, decide: Decides, **variables: str) -> Ended:
        """One run of a pipeline."""
        pipeline = self.emulator.client("codepipeline").get_pipeline(name=name)["pipeline"]
        known = {"variables": variables, "codepipeline": {"PipelineExecutionId": RUN, "pipeline": name}}
        artifacts, ended = dict[str, Path](), Ended()
        for stage in pipeline["stages"]:
            for action in sorted(stage["actions"], key=lambda each: each["runOrder"]):
                ended.actions.append(f"{stage['name']}/{action['name']}")
                reason = self._act(action, known, artifacts, decide, ended)
                if reason is not None:
                    ended.failed.append(reason)
                    self._tell(name, stage["name"], action["name"], reason)
                    return ended
        return ended

    def _act(
        self,
        action: Mapping[str, Any],
        known: dict[str, dict[str, str]],
        artifacts: dict[str, Path],
        decide: Decides,
        ended: Ended,
    ) -> str | None:
        configuration = {key: _resolved(value, known) for key, value in action["configuration"].items()}
        match action["actionTypeId"]["category"]:
            case "Source":
                known[action["namespace"]] = {"CommitId": REVISION}
                return None
            case "Approval":
                topic = configuration["NotificationArn"]
                self.emulator.client("sns").publish(TopicArn=topic, Message=configuration["CustomData"])
                approved, why = decide(configuration["CustomData"])
                return None if approved else why
            case _:
                return self._build(action, configuration, known, artifacts, ended)

    def _build(
        self,
        action: Mapping[str, Any],
        configuration: Mapping[str, str],
        known: dict[str, dict[str, str]],
        artifacts: dict[str, Path],
        ended: Ended,
    ) -> str | None:
        names = [configuration["ProjectName"]]
        (project,) = self.emulator.client("codebuild").batch_get_projects(names=names)["projects"]
        buildspec = Buildspec.read(Path(project["source"]["buildspec"]).stem)
        where = self.home / f"{len(ended.actions)}-{action['name']}"
        machine.source(where)
        given = {each["name"]: each["value"] for each in json.loads(configuration["EnvironmentVariables"])}
        others = [each["name"] for each in action["inputArtifacts"] if each["name"] in artifacts]
        built = buildspec.run(
            where,
            {
                **self.environment,
                **given,
                **{f"CODEBUILD_SRC_DIR_{name}": str(artifacts[name]) for name in others},
                "CODEBUILD_BUILD_ID": f"{project['name']}:{RUN}",
                "CODEBUILD_BUILD_URL": LINK,
                "CODEBUILD_INITIATOR": f"codepipeline/{known['codepipeline']['pipeline']}",
                "WALK_BUILDER": project["serviceRole"],
            },
        )
        ended.said.append(built.said)
        if built.code:
            return (
                "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: "
                f"Error while executing command: {built.failed}. Reason: exit status {built.code}"
            )
        if "namespace" in action:
            known[action["namespace"]] = dict(built.exported)
        for output in action["outputArtifacts"]:
            artifacts[output["name"]] = where / buildspec.content["artifacts"]["base-directory"]
        return None

    def _tell(self, pipeline: str, stage: str, action: str, reason: str) -> None:
        result = {"external-execution-summary": reason, "external-execution-url": LINK}
        detail = {
            "pipeline": pipeline,
            "stage": stage,
            "action": action,
            "execution-id": RUN,
            "state": "FAILED",
            "execution-result": result,
        }
        told = {
            "Source": "aws.codepipeline",
            "DetailType": "CodePipeline Action Execution State Change",
            "Detail": json.dumps(detail),
        }
        assert self.emulator.client("events").put_events(Entries=[told])["FailedEntryCount"] == 0


def _resolved(text: str, known: Mapping[str, Mapping[str, str]]) -> str:
    """With the values of `#{namespace.name}`; what a value has in it is not looked through again.

    In the text of a JSON document (variables of a build) values are written as JSON.
    """

    def value(found: re.Match[str]) -> str:
        written = known[found[1]][found[2]]
        return json.dumps(written)[1:-1] if text.startswith("[") else written

    return re.sub(r"#\{(\w+)\.(\w+)\}", value, text)
