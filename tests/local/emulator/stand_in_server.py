"""A model server for the emulator's tests: speaks the contract of `python -m workloads.inference`, learns nothing.

`behaviour.json` in the model directory, or BEHAVIOUR where there is none, says how it behaves: `name` is echoed in each
answer, `status` is answered instead of 200, `busy` seconds are computed and `until` (a path) is waited for before an
answer (`until`.asked appears when the wait begins), `exit` ends the process before it is ready.

With SAGEMAKER_MULTI_MODEL it has one such behaviour for each model that it is told to load, MAX_MODELS at most.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


def wait_for(file: Path) -> None:
    file.with_suffix(".asked").touch()
    while not file.exists():
        time.sleep(0.01)


def read(directory: Path) -> dict[str, Any]:
    file = directory / "behaviour.json"
    return json.loads(file.read_text()) if file.exists() else {}


class Handler(BaseHTTPRequestHandler):
    only: dict[str, Any]
    loaded: dict[str, dict[str, Any]]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes; the second must not wait 40 ms

    def do_GET(self) -> None:
        self._answer(200, "text/plain", b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/models":
            self._load(**json.loads(body))
            return
        behaviour = self.loaded[self.path.split("/")[2]] if self.path.startswith("/models/") else self.only
        if "until" in behaviour:
            wait_for(Path(behaviour["until"]))
        until = time.process_time() + behaviour.get("busy", 0)
        while time.process_time() < until:
            pass
        if self.headers.get("Accept") == "application/x-echo":
            self._answer(200, "application/x-echo", body)
            return
        answer = {
            "model": behaviour.get("name"),
            "length": len(body),
            "threshold": os.environ.get("THRESHOLD"),
            "attributes": self.headers.get("X-Amzn-SageMaker-Custom-Attributes"),
        }
        self._answer(behaviour.get("status", 200), "application/json", json.dumps(answer).encode())

    def do_DELETE(self) -> None:
        del self.loaded[self.path.rpartition("/")[2]]
        self._answer(200, "application/json", b"{}")

    def _load(self, model_name: str, url: str) -> None:
        full = len(self.loaded) >= int(os.environ.get("MAX_MODELS", "100"))
        if not full:
            self.loaded[model_name] = read(Path(url))
        self._answer(507 if full else 200, "application/json", b"{}")

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if attributes := self.headers.get("X-Amzn-SageMaker-Custom-Attributes"):
            self.send_header("X-Amzn-SageMaker-Custom-Attributes", attributes)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        sys.stderr.write(format % args + "\n")


def handler(only: dict[str, Any]) -> type[Handler]:
    return type("OfOneServer", (Handler,), {"only": only, "loaded": {}})


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model-dir", type=Path)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    arguments = parser.parse_args()
    file = arguments.model_dir / "behaviour.json" if arguments.model_dir else None
    settings = json.loads(file.read_text() if file and file.exists() else os.environ.get("BEHAVIOUR", "{}"))
    if "exit" in settings:
        sys.exit(settings["exit"])
    server = ThreadingHTTPServer((arguments.host, arguments.port), handler(settings))
    print(json.dumps({"port": server.server_port}), flush=True)
    print("ready", flush=True)
    server.serve_forever()
