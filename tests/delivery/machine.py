"""A machine of CodeBuild: the repository at one revision, and programs that are played where they would need more.

`make`, `git`, `bash` and the project's own commands are real. Played are `pulumi`, `docker`, `skopeo`, `cosign`, `syft`
(`played/`), the tools of `make check`, and pytest, which a file says the outcome of.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.delivery.blocks import ROOT
from tests.servers import Server, playing

PLAYED = Path(__file__).parent / "played"
STUB = ROOT / "tests" / "automation" / "stacks" / "stub_pulumi.py"
CHECKS = ("actionlint", "basedpyright", "check-jsonschema", "lint-imports", "ruff", "shellcheck", "zizmor")
#: What runs, with its compiled modules.
_ROOMS = (".ci", "automation", "components", "contracts", "local", "policies", "settings", "shapes", "workloads")
_FILES = (
    "__main__.py", "Makefile", "Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.staging.yaml", "requirements-bootstrap.txt",
    "uv.lock",
)  # fmt: skip
#: Last argument that begins so, on the right of `=`: where the program writes.
_WRITES = '#!/bin/sh\nfor each in "$@"; do case "$each" in *{0}*) echo built > "${{each##*{0}}}";; esac; done\n'
_PYTHON = f"""#!/bin/sh
if [ "$2" = pytest ]; then
  if [ -e "$WALK_HOME/failing-tests" ]; then echo "1 failed"; exit 1; fi
  echo "1 passed"; exit 0
fi
exec {sys.executable} {PLAYED}/recorder.py "$@"
"""


def program(path: Path, text: str) -> None:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def programs(where: Path) -> None:
    """What is on PATH."""
    recorded = f"#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable}"
    engine = f"{sys.executable} {PLAYED}/recorder.py {PLAYED}/engine.py"
    # what `up` needs is imported for nothing else
    program(
        where / "pulumi",
        f"""#!/bin/sh
export PYTHONPATH={ROOT}
case " $* " in *" up "*) exec {engine} "$@";; esac
exec {sys.executable} {STUB} "$@"
""",
    )
    program(where / "skopeo", f'{recorded} {PLAYED}/registry.py "$@"\n')
    program(where / "docker", _WRITES.format("dest="))
    program(where / "syft", _WRITES.format("spdx-json="))
    for name in ("cosign", "dockerd"):
        program(where / name, "#!/bin/sh\n")


def source(where: Path) -> None:
    """The repository as CodePipeline hands it on, without history, and with the environment that `make setup` makes."""
    where.mkdir()
    for name in _ROOMS:
        shutil.copytree(ROOT / name, where / name)
    for name in _FILES:
        shutil.copy(ROOT / name, where)
    # what prod has of it in its file, for whoever asks where its models come from
    with (where / "Pulumi.prod.yaml").open("a") as file:
        file.write("  ml-platform:registry: {source: {stack: staging, account: '123456789012'}}\n")
    for path in (*where.iterdir(), *where.glob(".ci/**/*")):
        os.utime(path, (0, 0))  # older than the stamps
    program(where / ".venv" / "bin" / "python", _PYTHON)
    for name in CHECKS:
        program(where / ".venv" / "bin" / name, "#!/bin/sh\n")
    for number, name in enumerate(("uv.stamp", "local.stamp", "dev.stamp", "bin/actionlint")):
        path = where / ".venv" / name
        path.touch()
        os.utime(path, (1000 + number, 1000 + number))


class _Credentials(BaseHTTPRequestHandler):
    """A container's credentials, as an SDK reads them of a build; the emulator looks at no signature."""

    def do_GET(self) -> None:
        until = datetime.now(UTC) + timedelta(hours=1)
        found = {"AccessKeyId": "BUILD000000000000000", "SecretAccessKey": "x", "Token": "x"}
        body = json.dumps(found | {"Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's name
        pass


@contextmanager
def credentials() -> Generator[str]:
    """The URL of a build's credentials."""
    with playing(Server(_Credentials)) as server:
        yield f"{server.url}/credentials"
