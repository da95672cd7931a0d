"""A model server for builds that answers as contracts ask for it; `behaviour.json` beside a model may have a `status`
that it answers rows with, a score that it gives a row `beside` others, or an `exit` with which it ends before it is
ready.
"""

from __future__ import annotations

import argparse
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PREDICTION = {"score": 0.25, "decision": False}


def answer(body: Any, status: int, beside: float) -> tuple[int, Any]:
    """The status and the answer to a row, or to rows."""
    if isinstance(body, dict):
        wrong = {} in body.values()
        return (422, {"error": "against the contract"}) if wrong else (status, PREDICTION)
    return status, {"predictions": [PREDICTION | {"score": beside} for _ in body]}


def handler(status: int, beside: float) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(200, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._say(*answer(json.loads(body), status, beside))

        def _say(self, status: int, found: Any) -> None:
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
            sys.stderr.write(format % args + "\n")

    return Handler


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model-dir", type=Path)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    arguments = parser.parse_args()
    behaviour = json.loads((arguments.model_dir / "behaviour.json").read_text())
    if "exit" in behaviour:
        sys.exit(behaviour["exit"])
    server = ThreadingHTTPServer(
        (arguments.host, arguments.port),
        handler(behaviour.get("status", 200), behaviour.get("beside", PREDICTION["score"])),
    )
    print(json.dumps({"port": server.server_port}), flush=True)
    print("ready", flush=True)
    server.serve_forever()
