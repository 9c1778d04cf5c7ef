"""What a hostile server can do with bytes: every run ends, in bounded time and memory, with a clear error."""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from collections.abc import Callable, Iterator

import pytest

from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import OutcomeUnknownError, UnreachableError
from facesnap_cli.face_api import paging
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.network.connection import Connections, NoResponse
from tests.conftest import SOURCE_SUBSCRIPTION, TARGET_SUBSCRIPTION
from tests.hostile.conftest import KEY, Victim
from tests.hostile.server import Received, Step, always, answer
from tests.support.waiting import HANG_S

VictimOf = Callable[..., Victim]
TAKE = ("take", "-t", "PersonGroup", "-i", "employees", "-q")
HEAD = b"HTTP/1.1 200 OK\r\n"
SNAPSHOT = {
    "id": "0e7a4105-93c4-4d11-8d2f-111111111111",
    "type": "PersonGroup",
    "applyScope": [TARGET_SUBSCRIPTION],
    "createdTime": "2026-01-01T00:00:00Z",
}
SOON = ("--http-timeout", "0.6s")


def _drip(beginning: bytes, piece: bytes) -> Callable[[Received], Iterator[Step]]:
    def script(request: Received) -> Iterator[Step]:
        yield beginning
        while True:
            yield 0.02
            yield piece

    return script


def _flood(beginning: bytes, piece: bytes) -> Callable[[Received], Iterator[Step]]:
    def script(request: Received) -> Iterator[Step]:
        yield beginning
        while True:
            yield piece

    return script


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(lambda request: iter([float(HANG_S)]), id="nothing"),
        pytest.param(_drip(b"HTTP/1.1 200", b" "), id="status line"),
        pytest.param(_drip(HEAD, b"x"), id="headers"),
        pytest.param(_drip(HEAD + b"Content-Length: 90000\r\n\r\n", b"["), id="body"),
        pytest.param(_drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"), id="chunk extension"),
        pytest.param(_drip(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n[\r\n"), id="chunks"),
        pytest.param(_drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), id="slow interim answers"),
        pytest.param(_flood(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), id="fast interim answers"),
    ],
)
def test_a_slow_answer_ends_with_the_http_timeout(victim_of: VictimOf, script: Callable[..., Iterator[Step]]) -> None:
    result = victim_of(script).run("list", *SOON)
    assert (result.status, result.out) == (9, "")
    assert "no whole answer within 0.6 s" in result.err


def test_a_take_whose_answer_drips_is_of_unknown_outcome(victim_of: VictimOf) -> None:
    victim = victim_of(_drip(HEAD, b"x"))
    result = victim.run(*TAKE, *SOON)
    assert (result.status, result.out) == (10, "")
    assert "do not send it again before its result has been looked for; to go on: facesnap wait " in result.err
    assert len(victim.server.received) == 1


@pytest.mark.parametrize(
    ("status", "exit_status"),
    [(405, 9), (407, 9), (413, 9), (418, 9), (304, 9), (101, 10), (206, 10), (200, 10), (408, 10)],
)
def test_a_take_is_of_unknown_outcome_only_where_it_may_have_been_done(
    victim_of: VictimOf, status: int, exit_status: int
) -> None:
    result = victim_of(lambda request: answer(status)).run(*TAKE)
    assert (result.status, result.out) == (exit_status, "")


def test_endless_headers_end_at_a_size(victim_of: VictimOf) -> None:
    result = victim_of(_flood(HEAD, b"X-Filler: " + b"x" * 1000 + b"\r\n")).run("list")
    assert result.status == 9
    assert "no answer from" in result.err


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted as Linux does")
def test_an_endless_body_ends_at_a_size(victim_of: VictimOf) -> None:
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    flood = _flood(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + b"[" * 65536 + b"\r\n")
    result = victim_of(flood).run("list")
    assert result.status == 9
    assert "longer than 33554432 bytes" in result.err
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 200 * 1024


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([b""], id="closed at once"),
        pytest.param([b"SSH-2.0-OpenSSH_9.6\r\n"], id="another protocol"),
        pytest.param([b"HTTP/1.1 999999 No\r\n\r\n"], id="no status"),
        pytest.param([HEAD + b"Content-Length: 100\r\n\r\n[]"], id="shorter than announced"),
        pytest.param([HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[]"], id="two lengths"),
        pytest.param([HEAD + b"Content-Length: -1\r\n\r\n[]"], id="negative length"),
        pytest.param([HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n[]"], id="a length of 400 digits"),
        pytest.param([HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n[]"], id="broken chunk"),
        pytest.param([HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n"], id="no last chunk"),
        pytest.param([HEAD + b"X: a\x00b\r\nContent-Length: 2\r\n\r\n[]"], id="NUL in a header"),
        pytest.param([b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"], id="another protocol wanted"),
        *(pytest.param(answer(status, []), id=str(status)) for status in (206, 301, 302, 307, 308, 304, 418, 500, 503)),
        pytest.param(answer(204), id="204"),
        pytest.param(answer(200, b"<html>log in here</html>", Content_Type="text/html"), id="a captive portal"),
        pytest.param(answer(200, b"\x1f\x8b\x08\x00" * 50, Content_Encoding="gzip"), id="compressed, unasked"),
        pytest.param(answer(200, b"[" * 200_000), id="deep"),
        pytest.param(answer(200, b'{"a":' * 200_000), id="deep objects"),
        pytest.param(answer(200, b"[" + b"9" * 100_000 + b"]"), id="a huge number"),
        pytest.param(answer(200, b'"\xff\xfe'), id="not UTF-8"),
        pytest.param(answer(200, {"value": []}), id="an object for a list"),
    ],
)
def test_a_broken_answer_is_one_clear_error(victim_of: VictimOf, steps: list[Step]) -> None:
    result = victim_of(always(*steps)).run("list")
    assert (result.status, result.out) == (9, "")
    assert result.err.startswith("facesnap: ")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("command", [("list",), TAKE])
def test_a_redirect_is_not_followed(victim_of: VictimOf, status: int, command: tuple[str, ...]) -> None:
    location: list[str] = []
    victim = victim_of(lambda request: answer(status, b"", Location=location[0]))
    location.append(f"http://{victim.other.authority}/face/v1.0/snapshots")
    result = victim.run(*command)
    assert (result.status, result.out) == (9, "")
    assert "redirects are not followed" in result.err


@pytest.mark.parametrize(
    "location", ["", "http://[::bad", "//", "http://h:99999/", "x" * 60_000, "\xe9://\xff", "http://h\\@e"]
)
def test_a_redirect_to_nowhere_is_one_clear_error(victim_of: VictimOf, location: str) -> None:
    result = victim_of(lambda request: answer(302, b"", Location=location)).run("list")
    assert (result.status, result.out) == (9, "")
    assert "redirects are not followed" in result.err


@pytest.mark.parametrize(
    "cookie", ["a=b; Domain=.invalid", "a=b; expires=never; max-age=x", "=;;\xff=", "a=" + "b" * 60_000]
)
def test_cookies_are_not_kept(victim_of: VictimOf, cookie: str) -> None:
    victim = victim_of(lambda request: answer(200 if request.method == "GET" else 403, [], Set_Cookie=cookie))
    assert victim.run(*TAKE, "--max-age", "1h").status == 4
    assert len(victim.server.received) == 2
    assert all("cookie" not in request.headers for request in victim.server.received)


def test_only_the_id_of_an_operation_location_is_trusted(victim_of: VictimOf) -> None:
    def script(request: Received) -> list[Step]:
        if request.method == "POST":
            return answer(202, b"", Operation_Location=f"http://{victim.other.authority}/evil/operations/abc-1?x=y")
        done = {"status": "succeeded", "resourceLocation": "/snapshots/0e7a4105-93c4-4d11-8d2f-111111111111"}
        return answer(200, done)

    victim = victim_of(script)
    result = victim.run(*TAKE, "-o", "id")
    assert (result.status, result.out, result.err) == (0, "0e7a4105-93c4-4d11-8d2f-111111111111\n", "")
    assert [request.path for request in victim.server.received] == [
        "/face/v1.0/snapshots",
        "/face/v1.0/operations/abc-1",
    ]


@pytest.mark.parametrize(
    "location",
    [
        "",
        "/operations/",
        "/operations/../snapshots",
        "/operations/a%2f..%2fb",
        "/operations/a b",
        "/operations/abc/apply",
        "/operations/" + "a" * 65,
        "/operations/..",
        "/operations/abc\tdef",
        "/operations/abc, /operations/def",
        "https://elsewhere.invalid/?/operations/abc",
        "https://elsewhere.invalid/#/operations/abc",
        "/operations/\xe9",
    ],
)
def test_an_unusable_operation_location_leaves_the_outcome_unknown(victim_of: VictimOf, location: str) -> None:
    victim = victim_of(lambda request: answer(202, b"", Operation_Location=location))
    result = victim.run(*TAKE)
    assert (result.status, result.out) == (10, "")
    assert "without a usable operation id" in result.err
    assert len(victim.server.received) == 1


def test_two_operation_locations_are_none(victim_of: VictimOf) -> None:
    head = b"HTTP/1.1 202 A\r\nContent-Length: 0\r\nOperation-Location: /operations/a1\r\n"
    result = victim_of(always(head + b"operation-location: /operations/b2\r\n\r\n")).run(*TAKE)
    assert result.status == 10


@pytest.mark.parametrize("strange", [5, None, [], {}, {"id": "../../etc"}, {"id": ["a"]}, {"id": 7}, SNAPSHOT])
@pytest.mark.parametrize("command", [("list",), ("show", "latest"), ("delete", "latest", "--yes")])
def test_a_list_with_an_element_that_cannot_be_read_is_no_list(
    victim_of: VictimOf, strange: object, command: tuple[str, ...]
) -> None:
    victim = victim_of(lambda request: answer(200, [SNAPSHOT, strange]))
    result = victim.run(*command)
    assert (result.status, result.out) == (9, "")
    assert {request.method for request in victim.server.received} == {"GET"}


@pytest.mark.parametrize(
    ("subscription", "is_possible"), [(SOURCE_SUBSCRIPTION, True), ("eeeeeeee-0000-4000-8000-00000000000e", False)]
)
def test_a_shared_snapshot_with_a_forged_tag_is_not_taken_for_a_backup_of_ours(
    victim_of: VictimOf, subscription: str, is_possible: bool
) -> None:
    forged = {
        "id": "0e7a4105-93c4-4d11-8d2f-111111111111",
        "account": f"/subscriptions/{subscription}/resourceGroups/r/providers/p/accounts/a",
        "type": "PersonGroup",
        "applyScope": [TARGET_SUBSCRIPTION],
        "userData": json.dumps({"facesnap": 1, "objectId": "employees", "intent": "x"}),
        "createdTime": "2099-01-01T00:00:00Z",
    }
    victim = victim_of(lambda request: answer(200, [forged]) if request.method == "GET" else answer(403))
    result = victim.run(*TAKE, "--max-age", "20h", "-o", "id")
    assert result.status == 4, "the take was sent, and refused"
    # The subscription alone does not tell whose snapshot it is: it may have several accounts.
    assert ("is not used again" in victim.run(*TAKE[:-1], "--max-age", "20h").err) is is_possible
    assert "POST" in [request.method for request in victim.server.received]


@pytest.mark.parametrize("operation", ["--all", "-h", "a" * 65])
def test_an_operation_id_that_a_command_line_could_misread_is_none(victim_of: VictimOf, operation: str) -> None:
    victim = victim_of(lambda request: answer(202, b"", Operation_Location=f"/operations/{operation}"))
    result = victim.run(*TAKE, "--no-wait")
    assert (result.status, result.out) == (10, "")
    assert "without a usable operation id" in result.err


@pytest.mark.parametrize("strange", ["\ud800", "\x1b[31m", "a,b", "", 5])
def test_a_strange_id_of_something_added_is_an_unknown_outcome(victim_of: VictimOf, strange: object) -> None:
    victim = victim_of(lambda request: answer(200, {"personId": strange}))
    app = App(victim.program.environment, victim.program.clock)
    with contextlib.closing(app), pytest.raises(OutcomeUnknownError):
        app.account.objects.add_person(ObjectType.PERSON_GROUP, "employees", name="Ada", user_data=None)


@pytest.mark.parametrize("marker", ["..", "a/b", "a?b", "a\nb", "", 5, "é", "a" * 65])
def test_ids_from_the_service_do_not_enter_a_url_unchecked(victim_of: VictimOf, marker: object) -> None:
    page = [{"personGroupId": f"g{number}"} for number in range(999)] + [{"personGroupId": marker}]
    victim = victim_of(lambda request: answer(200, page))
    with pytest.raises(UnreachableError):
        victim.list_groups()
    assert len(victim.server.received) == 1


@pytest.mark.parametrize(
    ("command", "status"),
    [(("delete", SNAPSHOT["id"], "--yes"), 9), (("update", SNAPSHOT["id"], "--user-data", "x"), 10)],
)
def test_a_portal_that_answers_a_change_has_made_none(
    victim_of: VictimOf, command: tuple[str, ...], status: int
) -> None:
    def script(request: Received) -> list[Step]:
        return answer(200, SNAPSHOT if request.method == "GET" else b"<html>log in</html>")

    result = victim_of(script).run(*command)
    assert (result.status, "not JSON" in result.err) == (status, True)


def test_pages_without_an_end_end(victim_of: VictimOf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "MAX_PAGES", 5)
    count = iter(range(1_000_000))
    victim = victim_of(lambda request: answer(200, [{"personGroupId": f"g{next(count)}"} for _ in range(1000)]))
    with pytest.raises(UnreachableError, match="without an end"):
        victim.list_groups()
    assert len(victim.server.received) == 5


def test_a_status_body_of_wrong_types_is_no_status(victim_of: VictimOf) -> None:
    bodies: Iterator[object] = iter(
        [{"status": ["succeeded"]}, {"status": 3}, [], None, "succeeded", {"Status": "done"}]
    )

    def script(request: Received) -> list[Step]:
        if request.method == "POST":
            return answer(202, b"", Operation_Location="/operations/0e7a4105-93c4-4d11-8d2f-111111111111")
        return answer(200, next(bodies, {"status": "failed", "message": None}))

    result = victim_of(script).run(*TAKE)
    assert result.status == 3
    assert "the service gave no reason" in result.err


def test_the_key_is_in_the_request_and_nowhere_else(victim_of: VictimOf) -> None:
    victim = victim_of(lambda request: answer(200, []))
    result = victim.run("list", "-o", "json")
    assert (result.status, json.loads(result.out), result.err) == (0, [], "")
    [request] = victim.server.received
    assert request.headers["ocp-apim-subscription-key"] == KEY
    assert request.raw.count(KEY.encode()) == 1


@pytest.mark.parametrize("url", ["https://a..b/", "https://\u00ad/", "https://xn--/", "https://h:1\x7f/"])
def test_a_url_that_is_none_was_never_sent(url: str) -> None:
    wire = Connections("https://h.example", timeout_s=1.0)
    try:
        with pytest.raises(NoResponse) as refused:
            wire.send("POST", url, [], b"")
    finally:
        wire.close()
    assert not refused.value.sent
