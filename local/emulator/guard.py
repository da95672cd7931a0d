"""Answers for what moto cannot answer: an operation it lacks, or a fault of its own, in AWS's error form.

Both are HTTP 501, which no AWS SDK retries: `NotEmulated` says that the emulator lacks the operation, `EmulatorFault`
that it has it and broke. A caller that only records what is not emulated tells the two apart by the code.
"""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from moto import backend_index

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NOT_EMULATED = "NotEmulated"
EMULATOR_FAULT = "EmulatorFault"

_XML_SERVICES = {"s3", "cloudfront", "route53"}
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_logger = logging.getLogger(__name__)


class Guard:
    """A WSGI application around moto's."""

    def __init__(self, inner: WSGIApplication) -> None:
        self._inner = inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the request by the inner application, or answer with an error in the caller's protocol."""
        service = signing_name(environ)
        if service and not _is_known(service):
            return respond(environ, start_response, NOT_EMULATED, f"the emulator has no service {service}")
        try:
            return self._inner(environ, start_response)
        except NotImplementedError as error:
            return respond(environ, start_response, NOT_EMULATED, f"{operation(environ)}: {error}")
        except Exception as error:
            _logger.exception("%s failed", operation(environ))
            fault = f"{type(error).__name__}: {str(error)[:300]}"
            detail = f"{operation(environ)} failed inside the emulator with {fault}; see its log"
            return respond(environ, start_response, EMULATOR_FAULT, detail)


def signing_name(environ: WSGIEnvironment) -> str:
    """The service that a request is signed for, "" for one that is not signed."""
    found = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return found.group(1) if found else ""


@functools.cache
def _is_known(service: str) -> bool:
    """Whether any moto backend answers for a signing name (its aliases and host names included)."""
    from moto.moto_server.werkzeug_app import SIGNING_ALIASES

    name = SIGNING_ALIASES.get(service.lower(), service.lower())
    hosts = (f"http://{name}.eu-west-1.amazonaws.com", f"http://{name}.amazonaws.com")
    by_host = any(pattern.match(host) for _, pattern in backend_index.backend_url_patterns for host in hosts)
    return by_host or name in _KNOWN_BY_RULE


# Signing names that moto's server maps to a backend by rules of its own, not by host name.
_KNOWN_BY_RULE = {
    "sagemaker",
    "dynamodb",
    "timestream",
    "ses",
    "memorydb",
    "bedrock",
    "bedrock-agentcore",
    "s3",
    "dsql",
}


def operation(environ: WSGIEnvironment) -> str:
    """What a request asks for, as well as the dispatch of its protocol tells."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return f"{signing_name(environ)}.{target.rpartition('.')[2]}"
    return f"{signing_name(environ)} {environ.get('REQUEST_METHOD', '')} {environ.get('PATH_INFO', '')}"


def respond(environ: WSGIEnvironment, start_response: StartResponse, code: str, message: str) -> list[bytes]:
    """Answer with an error that no AWS SDK retries."""
    content_type, body = error_body(
        code, message, service=signing_name(environ), content_type=environ.get("CONTENT_TYPE", "")
    )
    status = HTTPStatus.NOT_IMPLEMENTED
    headers = [("Content-Type", content_type), ("Content-Length", str(len(body))), ("x-amzn-ErrorType", code)]
    start_response(f"{status.value} {status.phrase}", headers)
    return [body]


def error_body(code: str, message: str, *, service: str, content_type: str) -> tuple[str, bytes]:
    """Content type and body of an error as clients of `service` parse it (json, query, ec2 or rest-xml protocol)."""
    code_and_message = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if service in _XML_SERVICES:
        return "application/xml", f"<Error>{code_and_message}</Error>".encode()
    if content_type.startswith("application/x-www-form-urlencoded"):
        error = f"<Error>{code_and_message}</Error>"
        wrapped = (
            f"<Response><Errors>{error}</Errors></Response>"
            if service == "ec2"
            else f"<ErrorResponse>{error}</ErrorResponse>"
        )
        return "text/xml", wrapped.encode()
    body: dict[str, Any] = {"__type": code, "message": message}
    return "application/json", json.dumps(body).encode()
