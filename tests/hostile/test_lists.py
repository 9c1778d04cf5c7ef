"""Lists of a service that pages as it likes, leaves members out or gives an id twice: read completely, or 9."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import Program, Result
from tests.hostile.server import Received, Step, answer, serving
from tests.support.archives import exported

Change = Callable[[Received, Any], Any]
Run = Callable[..., Result]
QUIET = ("-q", "-o", "json")
PERSONS = "/persons?"
MISSING = object()
COMMANDS = ("export", "diff", "objects", "import", "copy")


TWICE: dict[str, Callable[[list[Any]], list[Any]]] = {
    "a person": lambda persons: [*persons, persons[-1]],
    "a face": lambda persons: [{**each, "persistedFaceIds": each["persistedFaceIds"] * 2} for each in persons],
    "a face of two persons": lambda persons: [
        {**each, "persistedFaceIds": persons[0]["persistedFaceIds"]} for each in persons
    ],
    "another order": lambda persons: persons[::-1],
}


@pytest.fixture
def run_with(program: Program, emulator: RunningEmulator) -> Iterator[Run]:
    """Return what runs a command by its name on the emulator, whose JSON passes through `change`."""
    archive = exported(program, emulator, "PersonGroup", "employees")
    to = ("--to", str(program.directory / "new.facesnap"))
    lines = {
        "export": ("export", "-t", "PersonGroup", "-i", "employees", *to),
        "export list": ("export", "-t", "LargeFaceList", "-i", "archive", *to),
        "export small list": ("export", "-t", "FaceList", "-i", "watchlist", *to),
        "diff": ("diff", str(archive)),
        "objects": ("objects", "-t", "PersonGroup"),
        "import": ("import", str(archive), "-p", "target", "-i", "copy"),
        "copy": ("copy", "-t", "PersonGroup", "-i", "employees", "--from", "source", "--to", "target:copy"),
        "list": ("list",),
        "take": ("take", "-t", "PersonGroup", "-i", "employees"),
        "wait": ("wait",),
    }
    with serving(lambda request: _relayed(emulator, request, unchanged, None, {})) as server:
        program.configure(server.endpoint)

        def run(command: str, change: Change = unchanged, *, operation: str | None = None, **query: str) -> Result:
            server.script = lambda request: _relayed(emulator, request, change, operation, query)
            result = program.run(*lines[command], *QUIET)
            assert result.status != 1, result.err
            return result

        yield run


def unchanged(request: Received, document: Any) -> Any:
    return document


def _relayed(
    emulator: RunningEmulator, request: Received, change: Change, operation: str | None, query: dict[str, str]
) -> list[Step]:
    """Return the emulator's response to a request with other values in its query, and its JSON changed.

    A response that starts an operation names `operation` instead, if that is given.
    """
    path, _, given = request.path.partition("?")
    pairs = dict(pair.split("=", 1) for pair in given.split("&") if pair)
    pairs |= {name: value for name, value in query.items() if name in pairs}
    url = f"{emulator.endpoint}{path}?{'&'.join(f'{name}={value}' for name, value in pairs.items())}"
    headers = {
        name: request.headers[name] for name in ("ocp-apim-subscription-key", "content-type") if name in request.headers
    }
    sent = urllib.request.Request(url, request.body or None, headers, method=request.method)
    try:
        with urllib.request.urlopen(sent) as response:
            status, body, location = response.status, response.read(), response.headers.get("Operation-Location", "")
    except urllib.error.HTTPError as error:
        return answer(error.code, error.read())
    if location and operation:
        location = f"/operations/{operation}"
    content = json.dumps(change(request, json.loads(body))).encode() if body else b""
    return answer(status, content, Operation_Location=location)


def with_face_ids(value: object, *, also_alone: bool) -> Change:
    """Return a change of the first person of each list, and of each person read alone."""

    def change(request: Received, document: Any) -> Any:
        if request.method == "GET" and (PERSONS in request.path and document):
            persons = document[:1]
        elif also_alone and request.method == "GET" and isinstance(document, dict) and "personId" in document:
            persons = [document]
        else:
            return document
        for person in persons:
            person["persistedFaceIds"] = value
            if value is MISSING:
                del person["persistedFaceIds"]
        return document

    return change


def in_lists(change: Callable[[list[Any]], list[Any]], part: str = PERSONS) -> Change:
    """Return a change of each list whose path has a part, if it is not empty."""
    return lambda request, document: (
        change(document)
        if request.method == "GET" and part in request.path and isinstance(document, list) and document
        else document
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_pages_that_are_shorter_than_requested_are_read_to_the_end(
    program: Program, run_with: Run, command: str
) -> None:
    done = run_with(command, top="1")
    assert done.status == 0, done.err
    if command == "export":
        assert (done.json["persons"], done.json["faces"]) == (3, 7)
    if command == "objects":
        assert [(each["objectId"], each["persons"]) for each in done.json] == [("employees", None)]


@pytest.mark.parametrize(
    ("command", "value"),
    [*((command, MISSING) for command in COMMANDS), ("export", None)],
    ids=lambda value: "missing" if value is MISSING else str(value),
)
def test_a_person_listed_without_face_ids_is_read_alone(
    program: Program, run_with: Run, command: str, value: object
) -> None:
    done = run_with(command, with_face_ids(value, also_alone=False))
    assert (done.status, "persistedFaceIds" in done.err) == (0, False)
    if command == "export":
        assert done.json["faces"] == 7


def test_a_list_of_faces_in_short_pages_is_read_to_the_end(run_with: Run) -> None:
    done = run_with("export list", top="70")
    assert (done.status, done.json["faces"]) == (0, 200)


@pytest.mark.parametrize("value", [MISSING, None], ids=["missing", "null"])
def test_a_person_who_has_no_face_ids_alone_either_has_no_faces_and_that_is_said(
    program: Program, run_with: Run, value: object
) -> None:
    done = run_with("export", with_face_ids(value, also_alone=True))
    assert done.status == 0
    assert "names no persistedFaceIds for 1 person" in done.err
    assert done.json["persons"] == 3
    assert done.json["faces"] < 7


@pytest.mark.parametrize(
    ("command", "value"),
    [*((command, {}) for command in COMMANDS), *(("export", value) for value in ("", 5, [5], [None], [""]))],
    ids=str,
)
def test_face_ids_of_a_wrong_type_are_unreadable(program: Program, run_with: Run, command: str, value: object) -> None:
    done = run_with(command, with_face_ids(value, also_alone=False))
    assert (done.status, "persistedFaceIds" in done.err) == (9, True)
    assert not (program.directory / "new.facesnap").exists()


@pytest.mark.parametrize(
    ("command", "what"),
    [
        *((command, "a person") for command in COMMANDS),
        *((command, "a face of two persons") for command in COMMANDS),
        ("export", "a face"),
        ("export", "another order"),
    ],
)
def test_an_id_that_a_list_has_twice_is_unreadable(program: Program, run_with: Run, command: str, what: str) -> None:
    done = run_with(command, in_lists(TWICE[what]))
    assert done.status == 9, done.err
    assert "twice" in done.err
    assert not (program.directory / "new.facesnap").exists()


@pytest.mark.parametrize("command", ["export list", "export small list"])
def test_a_face_that_a_face_list_has_twice_is_unreadable(run_with: Run, command: str) -> None:
    def change(request: Received, document: Any) -> Any:
        if "/persistedfaces?" in request.path and document:
            return [*document, document[-1]]
        if isinstance(document, dict) and document.get("persistedFaces"):
            document["persistedFaces"] *= 2
        return document

    done = run_with(command, change)
    assert (done.status, "twice" in done.err) == (9, True)


@pytest.mark.parametrize(
    ("command", "part", "entry"),
    [("objects", "/persongroups?", {}), *(("list", "/snapshots", entry) for entry in (1, None, {}, {"id": 5}))],
    ids=str,
)
def test_an_entry_that_cannot_be_read_never_shortens_a_list(
    program: Program, run_with: Run, command: str, part: str, entry: object
) -> None:
    program.run("take", "-t", "PersonGroup", "-i", "employees", "-q")
    done = run_with(command, in_lists(lambda found: [*found, entry], part))
    assert (done.status, done.out) == (9, "")


@pytest.mark.parametrize(("command", "part"), [("objects", "/persongroups?"), ("list", "/snapshots")])
def test_an_object_or_snapshot_that_is_listed_twice_is_unreadable(
    program: Program, run_with: Run, command: str, part: str
) -> None:
    program.run("take", "-t", "PersonGroup", "-i", "employees", "-q")
    done = run_with(command, in_lists(lambda found: [*found, found[0]], part))
    assert (done.status, done.out) == (9, "")


@pytest.mark.parametrize("key", ["personId", "persistedFaceId"])
def test_a_new_id_that_the_service_gives_twice_is_unreadable(program: Program, run_with: Run, key: str) -> None:
    given: dict[str, str] = {}

    def change(request: Received, document: Any) -> Any:
        return {key: given.setdefault(key, document[key])} if request.method == "POST" and key in document else document

    done = run_with("import", change)
    assert (done.status, done.out) == (9, "")
    assert "an id that it gave before" in done.err


def test_an_operation_id_that_another_operation_has_leads_to_no_result(program: Program, run_with: Run) -> None:
    first = run_with("take").json
    lost = run_with("take", operation=first["operationId"])
    assert (lost.status, lost.out) == (10, "")
    assert "which is another one's id" in lost.err
    program.clock.sleep(30)
    [found] = run_with("wait").json
    assert (found["status"], found["objectId"]) == ("succeeded", "employees")
    assert found["snapshotId"] != first["snapshotId"]
