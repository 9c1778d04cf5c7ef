"""Whatever the service or the configuration file says: an exit status of the contract, no traceback, no hang."""

from __future__ import annotations

import contextlib
import json
import re
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.escape import harmless
from facesnap_cli.config.definitions import SETTINGS
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.operations.parameters import VerifyLevel
from facesnap_cli.operations.verify import describe
from tests.conftest import SOURCE_SUBSCRIPTION, TARGET_SUBSCRIPTION, Program, Result
from tests.hostile.server import HostileServer, Received, Step, answer

KEY = "c0ffee00c0ffee00c0ffee00c0ffee00"
GUID = "0e7a4105-93c4-4d11-8d2f-111111111111"
CONTRACT = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}
TAKE = ("take", "-t", "PersonGroup", "-i", "employees", "--force", "--timeout", "4s")
thoroughly = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

texts = st.text(max_size=20) | st.sampled_from(
    [GUID, GUID.upper(), "", "../x", "\x1b[2J", "\ud800", "9" * 5000, "\u202e"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


def documents(*keys: str) -> st.SearchStrategy[Any]:
    """Objects with some of these keys, in some case, holding anything or what is right."""
    known = st.sampled_from([case(key) for key in keys for case in (str, str.lower, str.upper, str.title)])
    right = st.sampled_from(
        ["notStarted", "running", "succeeded", "FAILED", f"/snapshots/{GUID}", "/persongroup/x", GUID]
    )
    times = st.sampled_from(["2021-03-01T10:11:12.1234567Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "12"])
    return st.dictionaries(known | texts, values | right | times, max_size=8)


statuses = documents(
    "status", "createdTime", "lastActionTime", "finishedTime", "resourceLocation", "location", "message"
)
snapshots = documents("id", "account", "type", "applyScope", "userData", "createdTime", "lastUpdateTime")
complaints = values | st.builds(lambda inner: {"error": inner}, documents("code", "message", "statusCode") | values)
objects = documents(
    "personGroupId", "personId", "persistedFaceIds", "persistedFaces", "persistedFaceId", "name", "status"
)
header_texts = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x00"), max_size=40)
wire_statuses = st.sampled_from(
    [200, 202, 204, 206, 300, 302, 304, 400, 401, 403, 404, 408, 409, 410, 429, 500, 503, 599]
)


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    hostile = HostileServer(lambda request: answer(500))
    yield hostile
    hostile.close()


@pytest.fixture(scope="module")
def program(server: HostileServer, tmp_path_factory: pytest.TempPathFactory) -> Program:
    made = Program(tmp_path_factory.mktemp("fuzz"))
    made.write_config(
        f'[profiles.p]\nendpoint = "{server.endpoint}"\nkey = "{KEY}"\nsubscription_id = "{SOURCE_SUBSCRIPTION}"\n'
        f'apply_scope = ["{TARGET_SUBSCRIPTION}"]\nhttp_timeout = "0.5s"\nrate_limit = "none"\n'
    )
    return made


def run(program: Program, *arguments: str) -> Result:
    """Run a command and hold it to the contract."""
    result = program.run(*arguments)
    assert result.status in CONTRACT, result
    assert "Traceback" not in result.err
    assert KEY not in result.out + result.err
    assert all(harmless(part) == part for part in re.split("[\n\t]", result.out + result.err))
    if result.status == 0:
        assert all(line.startswith("warning: ") for line in result.err.splitlines())
    else:
        assert result.err
    return result


def after_take(document: object) -> Any:
    """Answer a take with an operation, and every look at it with the document."""

    def script(request: Received) -> list[Step]:
        if request.method == "POST":
            return answer(202, b"", Operation_Location=f"/operations/{GUID}")
        return answer(200, document)

    return script


@thoroughly
@given(document=statuses | values, format=st.sampled_from(["table", "json", "tsv"]))
def test_status_bodies(program: Program, server: HostileServer, document: object, format: str) -> None:
    server.script = after_take(document)
    result = run(program, *TAKE, "-q", "-o", format)
    keys = {key.lower(): value for key, value in document.items()} if isinstance(document, dict) else {}
    if result.status == 0:
        assert str(keys["status"]).lower() == "succeeded"


@thoroughly
@given(
    body=st.lists(snapshots, max_size=4) | snapshots | values, format=st.sampled_from(["table", "json", "tsv", "id"])
)
def test_lists_of_snapshots(program: Program, server: HostileServer, body: object, format: str) -> None:
    server.script = lambda request: answer(200, body)
    result = run(program, "list", "-o", format)
    if result.status == 0 and format == "json":
        assert isinstance(result.json, list)


@thoroughly
@given(body=snapshots)
def test_one_snapshot(program: Program, server: HostileServer, body: object) -> None:
    server.script = lambda request: answer(200, body)
    run(program, "show", GUID)
    run(program, "apply", GUID, "-i", "copy", "--timeout", "1s", "-q")


@thoroughly
@given(
    status=wire_statuses, body=complaints, headers=st.dictionaries(st.sampled_from(["Retry-After", "X"]), header_texts)
)
@pytest.mark.parametrize("command", [("list",), ("show", GUID), TAKE], ids=" ".join)
def test_error_envelopes(
    program: Program,
    server: HostileServer,
    command: tuple[str, ...],
    status: int,
    body: object,
    headers: dict[str, str],
) -> None:
    server.script = lambda request: answer(
        status, body, **{name.replace("-", "_"): text for name, text in headers.items()}
    )
    run(program, *command, "-q")


@thoroughly
@given(
    location=header_texts | st.builds("/operations/{}".format, header_texts),
    retry_after=header_texts | st.integers().map(str) | st.datetimes().map(str),
    name=st.sampled_from(["Location", "Set-Cookie", "Content-Type", "Content-Encoding", "Date", "Link", "Connection"]),
    value=header_texts,
)
def test_headers(
    program: Program, server: HostileServer, location: str, retry_after: str, name: str, value: str
) -> None:
    server.script = lambda request: answer(202, b"", Operation_Location=location)
    run(program, *TAKE, "--no-wait")
    server.script = lambda request: answer(429, b"", Retry_After=retry_after)
    run(program, "list", "--max-retries", "1")
    for status in (200, 302):
        server.script = lambda request, status=status: answer(status, [], **{name: value})  # type: ignore[misc]
        run(program, "list", "--max-retries", "0")


@thoroughly
@given(data=st.data())
def test_answers_with_bytes_changed(program: Program, server: HostileServer, data: st.DataObject) -> None:
    [whole] = answer(
        200, [{"id": GUID, "type": "PersonGroup", "applyScope": []}], Content_Type="application/json", Date="now"
    )
    assert isinstance(whole, bytes)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 8)))
    changed = whole[:start] + data.draw(st.binary(max_size=6)) + whole[end:]
    server.script = lambda request: iter([changed])
    run(program, "list", "--max-retries", "0")


@thoroughly
@given(body=st.lists(objects, max_size=4) | objects | values)
@pytest.mark.parametrize("object_type", list(ObjectType))
def test_objects(program: Program, server: HostileServer, object_type: ObjectType, body: object) -> None:
    server.script = lambda request: answer(200, body)
    app = App(program.environment, program.clock)
    with contextlib.closing(app), contextlib.suppress(FacesnapError):
        list(app.account.objects.list(object_type))
        describe(app.account, object_type, "employees", VerifyLevel.FULL)


toml_values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text(max_size=20) | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
right_values = st.sampled_from(
    ["https://h.example", "none", "10/s", "90s", "PersonGroup", "entra", KEY, GUID, "FACE_KEY"]
)
names = st.sampled_from([*SETTINGS, "nonsense"]) | st.text(max_size=8)


@thoroughly
@given(profile=st.dictionaries(names, toml_values | right_values, max_size=6), name=st.text(max_size=8))
def test_configuration_files(program: Program, tmp_path: Path, profile: dict[str, Any], name: str) -> None:
    _try_configuration(
        program, tmp_path, tomli_w.dumps({"default_profile": name, "profiles": {name: profile}}).encode()
    )


@thoroughly
@given(
    content=st.text(string.ascii_letters + "[]{}=\"'.,#\n 0123456789-+_\\", max_size=200).map(str.encode) | st.binary()
)
def test_files_that_are_no_configuration(program: Program, tmp_path: Path, content: bytes) -> None:
    _try_configuration(program, tmp_path, content)


@thoroughly
@given(
    profile=st.dictionaries(st.sampled_from(["endpoint", "key_env", "object_id"]), right_values, max_size=3),
    name=st.text(min_size=1, max_size=8),
    value=st.sampled_from(["20/m", "none", "1/h"]),
)
def test_editing_a_configuration_changes_one_value(
    program: Program, tmp_path: Path, profile: dict[str, Any], name: str, value: str
) -> None:
    import tomllib

    before = {"default_profile": name, "profiles": {name: profile, "other": {"key_env": "X"}}}
    path = tmp_path / "edited.toml"
    path.write_bytes(tomli_w.dumps(before).encode())
    path.chmod(0o600)
    result = program.run("config", "set", "rate_limit", value, "--config", str(path))
    assert result.status in (0, 13), result
    after = tomllib.loads(path.read_text())
    if result.status == 0:
        after["profiles"][name].pop("rate_limit")
    assert after == json.loads(json.dumps(before))


plan_values = toml_values | st.sampled_from(
    [
        "PersonGroup",
        "employees",
        "p:copy-{date}",
        "file:x-{date}",
        "export",
        "{",
        "{date}{",
        "https://a..b",
        "full",
        "1d",
    ]
)
plan_keys = st.sampled_from(
    ["name", "from", "type", "object_id", "to", "keep", "max_age", "method", "verify", "covered_for"]
)
plan_items = st.dictionaries(plan_keys, plan_values | st.lists(plan_values, max_size=2), max_size=8)
right_item = {"name": "e", "type": "PersonGroup", "object_id": "employees", "to": ["p:copy-{date}"]}


@thoroughly
@given(
    items=st.lists(st.just(right_item) | plan_items.map(lambda item: right_item | item) | plan_items, max_size=3),
    notify=st.dictionaries(st.sampled_from(["ping", "metrics", "x"]), plan_values, max_size=2),
    jobs=plan_values,
)
def test_plans(
    program: Program, server: HostileServer, tmp_path: Path, items: list[Any], notify: dict[str, Any], jobs: object
) -> None:
    server.script = lambda request: answer(200, [])
    path = tmp_path / "plan.toml"
    path.write_bytes(tomli_w.dumps({"jobs": jobs, "backup": items, "notify": notify}).encode())
    run(program, "run", str(path), "--dry-run", "--max-retries", "0")


def _try_configuration(program: Program, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fuzzed.toml"
    path.write_bytes(content)
    path.chmod(0o600)
    for command in (("config", "show"), ("config", "list")):
        result = program.run(*command, "--config", str(path))
        assert result.status in {0, 2, 13}, (content, result)
        assert "Traceback" not in result.err
        assert all(harmless(part) == part for part in re.split("[\n\t]", result.out + result.err))
