"""`make pipeline`: compile the pipelines into `definitions/`. Runs in .venv-pipeline, offline.

    python -m workloads.pipeline [--output DIRECTORY]

Writes `train.json`, `train.inputs.json`, and what is made of the first: `tune.json` and the state machine
`machine.json`. Exit code 1, with the reasons and nothing written, if a definition lacks what its jobs must carry or
would be refused by SageMaker.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from workloads.pipeline import provenance, validate
from workloads.pipeline.compiler import compile_train, compile_tune, to_text
from workloads.pipeline.machine import machine
from workloads.pipeline.render import DEFINITIONS, render
from workloads.pipeline.tokens import EXAMPLES, MACHINE_EXAMPLES, TUNING_EXAMPLES


def main(argv: list[str]) -> int:
    """Compile, check with example values, write. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m workloads.pipeline", description="Compile the pipelines.")
    parser.add_argument("--output", type=Path, default=DEFINITIONS, help="directory to write into")
    output: Path = parser.parse_args(argv).output
    try:
        compiled = compile_train()
        text = to_text(compiled)
        validate.require(json.loads(render(text, EXAMPLES)))
        search = to_text(compile_tune(compiled))
        validate.require(json.loads(render(search, TUNING_EXAMPLES)))
        states = to_text(machine(compiled))
        render(states, MACHINE_EXAMPLES)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    output.mkdir(parents=True, exist_ok=True)
    path = output / "train.json"
    path.write_text(text, encoding="utf-8")
    (output / "tune.json").write_text(search, encoding="utf-8")
    (output / "machine.json").write_text(states, encoding="utf-8")
    hashes = json.dumps(provenance.hashes(), indent=2, sort_keys=True) + "\n"
    provenance.inputs_path(path).write_text(hashes, encoding="utf-8")
    print(f"{path}: {len(text)} bytes, {len(compiled['Steps'])} steps")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
