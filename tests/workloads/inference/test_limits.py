"""The service as a process: what it does with slow, large, broken and too many requests."""

from __future__ import annotations

import json
import statistics
import threading
import time
from pathlib import Path

from tests.workloads.inference import serving
from tests.workloads.inference.connections import SLOW, opened, receive
from tests.workloads.inference.serving import Running, wait_for

ROW = {"support_tickets": 1}


def test_a_slow_body_is_given_up(package: Path) -> None:
    with serving.serving(package, "--request-seconds", "1") as service, opened(service) as connection:
        connection.sendall(SLOW)
        head = receive(connection)
        assert head.startswith("HTTP/1.1 408 ")
        assert "connection: close" in head
        assert '"message":"the request did not arrive within 1 s"' in head
        assert service.predict(ROW).status == 200


def test_a_batch_over_the_time_limit_is_refused(package: Path) -> None:
    rows = 60_000  # of the contributions that an answer may hold; they take seconds
    with serving.serving(package, "--request-seconds", "0.5") as service:
        body, path = "1,2,3\n" * rows, "/invocations?contributions=true"
        answer = service.request("POST", path, body, content_type="text/csv", accept="application/json")
        assert (answer.status, answer.error["code"]) == (503, "time_limit")
        assert answer.headers["retry-after"] == "1"


def test_what_a_queue_hands_over_may_be_larger_than_a_request_at_once(package: Path) -> None:
    body = f"12,34.5{'0' * 50},3\n" * 120_000
    given = {"content_type": "text/csv", "accept": "text/csv"}
    with serving.serving(package, "--max-body-bytes", "134217728", "--max-rows", "4000000") as service:
        answer = service.request("POST", "/invocations", body, **given)
        assert (answer.status, answer.body.count(b"\n")) == (200, 120_000)
        assert service.request("POST", "/invocations", "1,2,3\n" * 1_000_001, **given).status == 413
    with serving.serving(package) as service:
        assert service.request("POST", "/invocations", "1,2,3\n" * 120_000, **given).status == 413


def test_back_pressure_on_requests(package: Path) -> None:
    """A request that would have to be waited for is refused; one that is there is answered."""
    limits = ("--max-in-flight", "2")
    with serving.serving(package, *limits) as service, opened(service) as first, opened(service) as second:
        first.sendall(SLOW)
        second.sendall(SLOW)
        wait_for(service, "inference_requests_receiving", 2)
        with opened(service) as third:
            third.sendall(SLOW)
            head, _, body = receive(third).partition("\r\n\r\n")
        assert head.startswith("HTTP/1.1 429 ")
        assert "\r\nretry-after: 1\r\n" in head
        assert json.loads(body)["error"]["message"] == (
            "2 requests are being received, which is the most allowed; try again"
        )
        with opened(service) as fourth:
            fourth.sendall(SLOW + b"2,3")  # in one piece, which http.client does not promise
            assert receive(fourth).startswith("HTTP/1.1 200 ")
        first.sendall(b"2,3")
        assert receive(first).startswith("HTTP/1.1 200 ")
        with opened(service) as fifth:
            fifth.sendall(SLOW)
            fifth.sendall(b"2,3")
            assert receive(fifth).startswith("HTTP/1.1 200 ")


def test_a_large_body_that_has_to_be_waited_for(package: Path) -> None:
    """The same limits on the longer way, which bodies above the short one's bound take."""
    head = b"POST /invocations HTTP/1.1\r\nhost: x\r\ncontent-type: text/csv\r\ncontent-length: 60000\r\n\r\n"
    limits = ("--max-in-flight", "1", "--request-seconds", "0.5")
    with serving.serving(package, *limits) as service, opened(service) as first, opened(service) as second:
        first.sendall(head)
        wait_for(service, "inference_requests_receiving", 1)
        second.sendall(head)
        assert receive(second).startswith("HTTP/1.1 429 ")
        answer = receive(first)
        assert answer.startswith("HTTP/1.1 408 ")
        assert '"message":"the body did not arrive within 0.5 s"' in answer


def test_slow_and_large_headers(package: Path) -> None:
    with (
        serving.serving(package, "--request-seconds", "0.4") as service,
        opened(service) as slow,
        opened(service) as large,
    ):
        slow.sendall(b"GET /ping HTTP/1.1\r\nx: ")
        large.sendall(b"GET /ping HTTP/1.1\r\nx: " + b"a" * 70_000)
        answer = receive(large)
        assert answer.startswith("HTTP/1.1 431 ")
        assert '"message":"headers of more than 65536 bytes are found; send fewer"' in answer
        answer = receive(slow)
        assert answer.startswith("HTTP/1.1 408 ")
        assert '"message":"the request did not arrive within 0.4 s"' in answer


def test_silent_connections_are_closed(package: Path) -> None:
    with (
        serving.serving(package, "--keep-alive-seconds", "1") as service,
        opened(service) as fresh,
        opened(service) as used,
    ):
        used.sendall(SLOW + b"2,3")
        assert receive(used).startswith("HTTP/1.1 200 ")
        assert fresh.recv(100) == b""
        assert used.recv(100) == b""


def test_bytes_that_are_not_http(service: Running) -> None:
    with opened(service) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        answer = receive(connection)
        assert answer.startswith("HTTP/1.1 400 ")
        assert '"message":"Invalid HTTP request received."' in answer
        assert connection.recv(100) == b""


def test_both_ways_answer_alike(service: Running) -> None:
    """A small body in one piece, in many, and in chunks (which uvicorn takes)."""
    whole = SLOW + b"2,3"
    chunked = whole.replace(b"content-length: 5", b"transfer-encoding: chunked").replace(
        b"1,2,3", b"5\r\n1,2,3\r\n0\r\n\r\n"
    )
    answers = set()
    for pieces in ([whole], [whole[i : i + 1] for i in range(len(whole))], [whole[:20], whole[20:]], [chunked]):
        with opened(service) as connection:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.001)
            lines = receive(connection).split("\r\n")
            answers.add(tuple(line for line in lines if not line.startswith("x-request-id")))
    assert len(answers) == 1
    assert answers.pop()[0] == "HTTP/1.1 200 OK"


def test_connection_headers_of_the_client(service: Running) -> None:
    closing = SLOW.replace(b"host: x", b"host: x\r\nconnection: close") + b"2,3"
    old = SLOW.replace(b"HTTP/1.1", b"HTTP/1.0") + b"2,3"
    for request in (closing, old):
        with opened(service) as connection:
            connection.sendall(request)
            answer = receive(connection)
            assert answer.startswith("HTTP/1.1 200 ")
            assert "\r\nconnection: close\r\n" in answer
            assert connection.recv(100) == b""
    with opened(service) as connection:
        connection.sendall(SLOW.replace(b"host: x", b"host: x\r\nexpect: 100-continue")[:-2])
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"1,2,3")
        assert receive(connection).startswith("HTTP/1.1 200 ")


def test_back_pressure_on_batches_and_a_loop_that_stays_free(package: Path) -> None:
    """Eight large batches for one place in the queue: some wait, the rest is told to; small requests pass by."""
    body = "1,2,3\n" * 60_000
    with serving.serving(package, "--max-rows-inline", "10", "--max-queued-batches", "2") as service:
        answers: list[tuple[int, float]] = []

        def batch() -> None:
            began = time.perf_counter()
            answers.append((service.csv(body).status, time.perf_counter() - began))

        threads = [threading.Thread(target=batch) for _ in range(8)]
        for thread in threads:
            thread.start()
        took: list[float] = []
        while any(thread.is_alive() for thread in threads):
            began = time.perf_counter()
            assert service.predict(ROW).status == 200
            took.append(time.perf_counter() - began)
        assert sorted({status for status, _ in answers}) == [200, 429]
        assert statistics.median(took) < min(seconds for status, seconds in answers if status == 200)
