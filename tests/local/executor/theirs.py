"""A model server of somebody else, as an image of theirs would have it: the standard library, and none of this project.

It keeps SageMaker's contract (/ping, /invocations) and answers as docs/inference.md has it. `command` starts it in an
environment of its own.
"""

from __future__ import annotations

import csv
import io
import json
import math
import shlex
import sys
import tarfile
import venv
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mlplatform-staging-theirs@sha256:" + "7" * 64
COLUMNS = ("user_tenure_months", "transaction_volume", "support_tickets")
#: What the archive has: of each column its usual value, which a missing one counts as, and its weight.
WEIGHTS = {"user_tenure_months": [40, -0.12], "transaction_volume": [100, 0.0], "support_tickets": [2, 2.0]}
THRESHOLD = 0.75


def command(directory: Path) -> str:
    """Starts this file in an environment that is made in `directory`, in which nothing is installed."""
    venv.create(directory, symlinks=True)
    return shlex.join([str(directory / "bin" / "python"), "-I", __file__])


def archive(path: Path, weights: object) -> Path:
    """What the server reads, packed."""
    content = json.dumps(weights).encode()
    with tarfile.open(path, "w:gz") as packed:
        member = tarfile.TarInfo("theirs/weights.json")
        member.size = len(content)
        packed.addfile(member, io.BytesIO(content))
    return path


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    weights: dict[str, list[float]]

    def do_GET(self) -> None:
        self._answer(200 if self.path == "/ping" else 404, "text/plain", b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        kind = self.headers["Content-Type"].partition(";")[0]
        try:
            rows = list(csv.reader(io.StringIO(body))) if kind == "text/csv" else self._rows(json.loads(body))
            scores = [self._score(row) for row in rows]
        except (ValueError, TypeError, KeyError) as error:
            self._answer(422, "text/plain", str(error).encode())
            return
        if kind == "text/csv":
            lines = "".join(f"{score},{int(score >= THRESHOLD)}\n" for score in scores)
            self._answer(200, kind, lines.encode())
            return
        found = [{"score": score, "decision": score >= THRESHOLD} for score in scores]
        self._answer(200, kind, json.dumps({"predictions": found}).encode())

    def _rows(self, document: dict[str, list[dict[str, float]]]) -> list[list[object]]:
        return [[row.get(column) for column in COLUMNS] for row in document["instances"]]

    def _score(self, row: Sequence[object]) -> float:
        odds = 0.0
        for column, value in zip(COLUMNS, row, strict=True):
            usual, weight = self.weights[column]
            odds += 0 if value in (None, "") else weight * (float(str(value)) - usual)
        return 1 / (1 + math.exp(-odds))

    def _answer(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object, **more: object) -> None:
        """Nothing: the test does not look."""


def main(arguments: list[str]) -> None:
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    Handler.weights = json.loads((Path(given["--model-dir"]) / "theirs" / "weights.json").read_text())
    server = ThreadingHTTPServer((given["--host"], int(given["--port"])), Handler)
    print(json.dumps({"port": server.server_port}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
