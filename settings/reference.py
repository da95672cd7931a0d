"""What is written from the models: the config block of Pulumi.yaml, docs/configuration.md and the editors' schema.

`python -m settings` writes all three; a test refuses a checkout where one of them says something else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from settings.faults import SOURCE, Reporter, Schema
from settings.loading import PROJECT
from settings.section import COST, RISK
from settings.stack import Settings
from settings.workloads import churn

ROOT: Final = Path(__file__).parents[1]
#: The generated part of Pulumi.yaml goes from here to the end of the file.
MARK: Final = "  # From here on written by `python -m settings`: change the models in settings/, not these lines.\n"
#: Keys of a stack file beside `config`, which Pulumi writes itself (Pulumi docs, "Stack settings file reference").
_PULUMIS: Final = ("encryptionsalt", "secretsprovider", "encryptedkey", "environment")
#: The headings of docs/configuration.md: model, the path of its fields, and what the page says before them.
_PAGES: Final = (
    ("Settings", "", "Keys of the stack; each is `ml-platform:<key>` in `Pulumi.<stack>.yaml`."),
    ("Workload", "workloads.<name>", ""),
    ("Realtime", "workloads.<name>.endpoints.<name>: {kind: realtime}", ""),
    ("InferencePipeline", "workloads.<name>.endpoints.<name>: {kind: inference_pipeline}", ""),
    ("Serverless", "workloads.<name>.endpoints.<name>: {kind: serverless}", ""),
    ("Asynchronous", "workloads.<name>.endpoints.<name>: {kind: asynchronous}", ""),
    ("Batch", "workloads.<name>.endpoints.<name>: {kind: batch}", ""),
    ("Fargate", "workloads.<name>.endpoints.<name>: {kind: fargate}", ""),
    ("Lambda", "workloads.<name>.endpoints.<name>: {kind: lambda}", ""),
    ("MultiModel", "workloads.<name>.endpoints.<name>: {kind: multi_model}", ""),
    (
        "InferenceComponent",
        "workloads.<name>.endpoints.<name>: {kind: inference_component}",
        "",
    ),
    ("Training", "workloads.<name>.training", ""),
    ("Tuning", "workloads.<name>.tuning", ""),
    ("Crawler", "catalog.crawler", ""),
    ("Glue", "ingestion.glue", ""),
    ("HttpSource", "workloads.<name>.sources.<name>", ""),
    ("RequestAlarms", "….alarms", ""),
    ("Needs", "….needs", ""),
    ("QueueAlarms", "….alarms of {kind: asynchronous}", ""),
    ("BatchAlarms", "….alarms of {kind: batch}", ""),
    ("ModelAlarms", "….alarms of {kind: multi_model}", ""),
    ("Personas", "access.personas", ""),
    ("CreatedNetwork", "network.create", ""),
    ("ExistingNetwork", "network.existing", ""),
    ("GitHub", "delivery.github", ""),
    ("GitLab", "delivery.gitlab", ""),
    ("Source", "registry.source", ""),
    ("CodePipeline", "delivery.codepipeline", ""),
    ("CodeConnections", "delivery.codepipeline.source: {kind: codeconnections}", ""),
    ("CodeCommit", "delivery.codepipeline.source: {kind: codecommit}", ""),
    ("Archive", "delivery.codepipeline.source: {kind: s3}", ""),
    ("Production", "delivery.codepipeline.production", ""),
    ("DeployedBy", "delivery.deployed_by", ""),
    ("AllAtOnce", "….rollout: {kind: all_at_once}", ""),
    ("Canary", "….rollout: {kind: canary}", ""),
    ("Linear", "….rollout: {kind: linear}", ""),
    ("Rolling", "….rollout: {kind: rolling}", ""),
    ("ShiftAtOnce", "….rollout: {kind: all_at_once} of {kind: lambda}", ""),
    ("ShiftCanary", "….rollout: {kind: canary} of {kind: lambda}", ""),
    ("ShiftLinear", "….rollout: {kind: linear} of {kind: lambda}", ""),
    ("Autoscaling", "….autoscaling", ""),
    ("Steps", "….autoscaling.steps", ""),
    ("StepOut", "….autoscaling.steps.scale_out[]", ""),
    ("StepIn", "….autoscaling.steps.scale_in[]", ""),
    ("Schedule", "….autoscaling.schedules[]", ""),
    ("BacklogScaling", "….autoscaling of {kind: asynchronous}", ""),
    ("CopyScaling", "….autoscaling of {kind: inference_component}", ""),
    ("CopySchedule", "….autoscaling.schedules[] of {kind: inference_component}", ""),
    ("TaskScaling", "….autoscaling of {kind: fargate}", ""),
    ("TaskSchedule", "….autoscaling.schedules[] of {kind: fargate}", ""),
    ("ConcurrencyScaling", "….autoscaling of {kind: lambda}", ""),
    ("ConcurrencySchedule", "….autoscaling.schedules[] of {kind: lambda}", ""),
)
_HEAD: Final = """# Configuration of a stack

Written by `python -m settings` from the models in `settings/`; a test keeps it current. Money is USD in us-east-1, list
prices (`contracts/prices.csv`); a `~` marks those from memory. What is wrong in a stack file is told before any update,
every fault at once: the key, the value found, what is allowed and what to do; only what rests on a value that cannot be
read waits for that one. An editor with a YAML language server completes and checks the stack files
(`settings/stack.schema.json`).

One workload needs this much, and it is the default:

```yaml
ml-platform:workloads: {churn: {contract: contracts/churn.yaml, endpoints: {live: {kind: realtime}}}}
```

`catalog`, `features`, `ingestion`, `monitoring` and `retraining` of a workload say only what differs from the stack's.
Tags add up from stack to workload to endpoint.
"""


def files() -> dict[Path, str]:
    """Every generated file and what it has to say."""
    project = ROOT / "Pulumi.yaml"
    written, mark, _ = project.read_text(encoding="utf-8").partition(MARK)
    return {
        project: written + mark + project_block(),
        ROOT / "docs" / "configuration.md": page(),
        ROOT / "settings" / "stack.schema.json": json.dumps(stack_schema(), indent=1) + "\n",
    }


def project_block() -> str:
    """The config keys of the program as Pulumi.yaml declares them, which the CLI checks types by."""
    schema = Settings.model_json_schema()
    keys = {name: _declared(name, field, schema) for name, field in schema["properties"].items()}
    text = yaml.safe_dump(keys, sort_keys=False, width=110, allow_unicode=True)
    return "".join(f"  {line}\n" for line in text.splitlines())


def _declared(name: str, field: Schema, schema: Schema) -> Schema:
    whole = _resolved(field, schema)
    below = ", ".join(whole.get("properties", {}))
    sentence = whole["description"].partition(". ")[0].rstrip(".")
    if name == "workloads":
        default: Any = {key: one.model_dump(mode="json", exclude_unset=True) for key, one in churn().items()}
    else:
        default = {} if whole["type"] == "object" else field["default"]
    return {
        "type": whole["type"],
        "description": " ".join(f"{sentence} - {below}.".split()) if below else f"{sentence}.",
        "default": default,
    }


def stack_schema() -> Schema:
    """The JSON schema of a stack file, so that an editor completes and checks it."""
    schema = Settings.model_json_schema()
    told = _with_costs(schema)
    definitions = told.pop("$defs")
    keys = {f"{PROJECT}:{name}": field for name, field in told["properties"].items()}
    unknown = "|".join(told["properties"])
    config = {
        "type": "object",
        "properties": {"aws:region": {"type": "string", "description": "AWS region of the stack."}, **keys},
        "patternProperties": {f"^{PROJECT}:(?!({unknown})$)": False},
        "required": [f"{PROJECT}:stack"],
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": f"A stack of {PROJECT}",
        "type": "object",
        "properties": {"config": config, **dict.fromkeys(_PULUMIS, True)},
        "additionalProperties": False,
        "definitions": definitions,
    }


def _with_costs(node: Any) -> Any:
    """A schema with costs and risks in the descriptions that editors show, and in the words of draft 7."""
    if isinstance(node, list):
        return [_with_costs(item) for item in node]
    if not isinstance(node, Mapping):
        return node.replace("#/$defs/", "#/definitions/") if isinstance(node, str) else node
    found = {key: _with_costs(value) for key, value in node.items() if key not in {COST, RISK, SOURCE, "discriminator"}}
    if "discriminator" in node:
        del found["oneOf"]
        found |= _by_kind({kind: _with_costs(ref) for kind, ref in node["discriminator"]["mapping"].items()})
    extra = [
        f"{word}: {node[key]}." for word, key in (("Costs", COST), ("Risks", RISK), ("AWS", SOURCE)) if key in node
    ]
    if extra:
        found["description"] = " ".join([node["description"].replace("\n", " "), *extra])
    return found


def _by_kind(models: Mapping[str, str]) -> Schema:
    """A union as an editor tells its members apart: a fault is at its key, where `oneOf` would refuse the whole."""
    one_of_them = {"properties": {"kind": {"enum": [*models]}}, "required": ["kind"]}
    choices = [
        {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": {"$ref": model}}
        for kind, model in models.items()
    ]
    return {"type": "object", **one_of_them, "allOf": choices}


def page() -> str:
    """docs/configuration.md."""
    schema = Settings.model_json_schema()
    sections = [
        (definition, name, "")
        for name, field in schema["properties"].items()
        if (definition := field.get("$ref", "").rpartition("/")[2])
    ]
    parts = [_HEAD]
    for definition, path, note in (*_PAGES, *sections):
        model = schema if definition == "Settings" else schema["$defs"][definition]
        title = f"`{path}`" if path else "Top level"
        said = note or model["description"]
        parts.append(f"\n## {title}\n\n{said}\n\n" + "\n".join(_table(model, schema)) + "\n")
    return "".join(parts)


def _table(model: Schema, root: Schema) -> Iterator[str]:
    yield "| field | what it is | type | default | allowed | costs | risks |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    reporter = Reporter(PROJECT, root)
    # A kind's own file names its kind after what kinds have in common.
    for name, field in sorted(model["properties"].items(), key=lambda each: each[0] != "kind"):
        kind, allowed = reporter.words(field)
        cells = [
            f"`{name}`",
            _resolved(field, root).get("description", "") if "$ref" in field else field.get("description", ""),
            kind,
            _default(name, field, model),
            allowed if allowed != kind else "",
            field.get(COST, ""),
            field.get(RISK, ""),
        ]
        yield "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"


def _default(name: str, field: Schema, model: Schema) -> str:
    default = field.get("default")
    may_lack = field.get("pattern", "").startswith("^$|")
    if name in model.get("required", ()) or (default == "" and not may_lack):
        return "has to be set"
    if isinstance(default, dict | None) or default in ([], ""):
        return ""
    return f"`{json.dumps(default)}`" if not isinstance(default, str) else f"`{default}`"


def _resolved(field: Schema, root: Schema) -> Schema:
    return {**root["$defs"][field["$ref"].rpartition("/")[2]], **field} if "$ref" in field else field
