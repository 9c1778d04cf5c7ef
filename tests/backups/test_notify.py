"""Test pings and metrics. A notification that fails is a warning."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.backups.conftest import Estate, item, key

GOOD = item("group-00", "dr:{name}-{date}")
BAD = item("ghost", "dr:{name}-{date}")


class Receiver:
    """A server that keeps (path, headers, text) of each ping and responds with `status`."""

    def __init__(self) -> None:
        self.pings: list[tuple[str, dict[str, str], str]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.pings.append((self.path, dict(self.headers), text))
                self.send_response(receiver.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)

    @property
    def notify(self) -> str:
        return f'[notify]\nping = "http://127.0.0.1:{self.server.server_port}/ping/uuid"'

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.pings]


@contextmanager
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        thread.join()
        made.server.server_close()


def test_a_success_is_pinged_at_its_start_and_end_without_a_key(estate: Estate) -> None:
    with receiver() as pinged:
        done = estate.run("run", estate.plan(GOOD, tail=pinged.notify), "-q")
    assert (done.status, done.err) == (0, "")
    assert pinged.paths == ["/ping/uuid/start", "/ping/uuid"]
    assert "group-00: copied to dr:group-00-" in pinged.pings[1][2]
    assert key("prod") not in repr(pinged.pings)
    assert not any("key" in name.lower() or name == "Authorization" for _, head, _ in pinged.pings for name in head)


def test_a_ping_logs_in_with_the_user_of_its_url_and_keeps_its_path_and_query(estate: Estate) -> None:
    with receiver() as pinged:
        notify = pinged.notify.replace("//", "//me:p%40ss@").replace("/ping/uuid", "/ping;a/Büro%20b?create=1")
        done = estate.run("run", estate.plan(GOOD, tail=notify), "-q")
    assert (done.status, done.err) == (0, "")
    assert pinged.paths == ["/ping;a/B%C3%BCro%20b/start?create=1", "/ping;a/B%C3%BCro%20b?create=1"]
    head = pinged.pings[0][1]
    assert base64.b64decode(head["Authorization"].removeprefix("Basic ")) == b"me:p@ss"
    assert head["Host"] == f"127.0.0.1:{pinged.server.server_port}"


@pytest.mark.parametrize("host", ["127.0.0.1:70000", "localhost:1¹"])
def test_a_ping_to_a_host_that_cannot_be_is_a_warning(estate: Estate, host: str) -> None:
    done = estate.run("run", estate.plan(GOOD, tail=f'[notify]\nping = "http://{host}/x"'), "-q")
    assert done.status == 0
    assert "the ping was not sent" in done.err


def test_a_failure_is_pinged_with_its_messages(estate: Estate) -> None:
    with receiver() as pinged:
        done = estate.run("run", estate.plan(GOOD, BAD, tail=pinged.notify))
    assert done.status == 11
    assert pinged.paths == ["/ping/uuid/start", "/ping/uuid/fail"]
    lines = pinged.pings[1][2].splitlines()
    assert lines[0].startswith("group-00: copied to")
    assert lines[1].startswith("ghost: failed for dr:ghost-")
    assert lines[2].endswith("(exit status 11)")


def test_a_run_that_cannot_start_is_pinged_as_a_failure(estate: Estate) -> None:
    with receiver() as pinged:
        plan = estate.plan(item("group-00", "nowhere:{name}-{date}"), tail=pinged.notify)
        assert estate.run("run", plan).status == 13
    assert pinged.paths == ["/ping/uuid/start", "/ping/uuid/fail"]
    assert "there is no profile 'nowhere'" in pinged.pings[1][2]


def test_a_check_and_a_dry_run_are_not_pinged(estate: Estate) -> None:
    with receiver() as pinged:
        plan = estate.plan(GOOD, tail=pinged.notify)
        estate.run("backups", plan, "--check")
        estate.run("run", plan, "--dry-run")
    assert pinged.paths == []


def test_a_ping_that_is_refused_or_redirected_is_only_a_warning(estate: Estate) -> None:
    with receiver() as pinged:
        pinged.status = 302
        done = estate.run("run", estate.plan(GOOD, tail=pinged.notify), "-q")
    assert done.status == 0
    assert re.fullmatch(r"(warning: the ping was not taken: 127\.0\.0\.1:\d+ answered 302\n){2}", done.err)
    assert pinged.paths == ["/ping/uuid/start", "/ping/uuid"]


@pytest.mark.parametrize("port", ["receiver", "1"])
def test_the_password_of_a_ping_is_not_shown(estate: Estate, port: str) -> None:
    with receiver() as pinged:
        pinged.status = 500
        notify = pinged.notify.replace("http://", "http://user:hush@")
        if port == "1":
            notify = '[notify]\nping = "http://user:hush@127.0.0.1:1/ping/uuid"'
        done = estate.run("run", estate.plan(GOOD, tail=notify), "-q")
    assert done.status == 0
    assert done.err.count("warning: the ping was not") == 2
    assert "hush" not in done.err


def test_a_ping_without_a_receiver_is_only_a_warning_and_does_not_show_the_secret_path(estate: Estate) -> None:
    notify = '[notify]\nping = "http://127.0.0.1:1/ping/uuid"'
    done = estate.run("run", estate.plan(GOOD, tail=notify), "-q")
    assert done.status == 0
    assert done.err.count("warning: the ping was not sent: 127.0.0.1:1 could not be reached") == 2
    assert "uuid" not in done.err


def test_the_metrics_have_status_duration_success_cover_and_quota(estate: Estate) -> None:
    plan = estate.plan(GOOD, BAD, tail='[notify]\nmetrics = "facesnap.prom"')
    assert estate.run("run", plan, "-q").status == 11
    file = estate.program.directory / "facesnap.prom"
    assert file.stat().st_mode & 0o777 == 0o644, "the exporter is another user"
    text = file.read_text()
    good, bad = 'item="group-00",target="dr:{name}-{date}"', 'item="ghost",target="dr:{name}-{date}"'
    assert 'facesnap_run_exit_status{plan="nightly"} 11\n' in text
    assert re.search(r'facesnap_run_duration_seconds\{plan="nightly"\} \d', text)
    assert f'facesnap_target_success{{plan="nightly",{good}}} 1\n' in text
    assert f'facesnap_target_success{{plan="nightly",{bad}}} 0\n' in text
    assert f'facesnap_target_last_success_timestamp_seconds{{plan="nightly",{good}}} 1' in text
    left = re.search(rf'facesnap_target_uncovered_in_seconds{{plan="nightly",{re.escape(good)}}} (\d+)', text)
    assert left
    assert 19.9 * 3600 < float(left[1]) <= 20 * 3600
    assert 'facesnap_quota_left{profile="prod",kind="take"} 99\n' in text
    assert 'facesnap_quota_left{profile="dr",kind="apply"} 99\n' in text
    assert all(
        re.fullmatch(r'# (HELP|TYPE) .+|[a-z_]+\{(\w+="[^"]*",?)+\} -?[0-9.e+-]+', line) for line in text.splitlines()
    )


def test_a_missing_directory_of_the_metrics_is_not_created(estate: Estate) -> None:
    plan = estate.plan(GOOD, tail='[notify]\nmetrics = "exporter/facesnap.prom"')
    directory = estate.program.directory / "exporter"
    done = estate.run("run", plan, "-q")
    said = f"warning: the metrics {directory}/facesnap.prom could not be written: there is no directory {directory}\n"
    assert (done.status, done.err) == (0, said)
    check = estate.run("backups", plan, "--check", "-q")
    assert (check.status, check.err) == (0, said.replace("facesnap.prom", "facesnap-check.prom"))
    assert not directory.exists()


def test_metrics_that_cannot_be_written_are_only_a_warning(estate: Estate) -> None:
    (estate.program.directory / "file").write_text("")
    done = estate.run("run", estate.plan(GOOD, tail='[notify]\nmetrics = "file/facesnap.prom"'), "-q")
    assert done.status == 0
    assert done.err.startswith("warning: the metrics ")
