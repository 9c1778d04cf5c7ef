"""Tables: what a person finds at a terminal of any width, and what a program finds in a pipe."""

from __future__ import annotations

import re
import shlex
import sys
from datetime import UTC, datetime

import pytest

from facesnap_cli.display.columns import DIFFERENCE, SNAPSHOT, Layout
from facesnap_cli.display.tables import Table
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, TAKE_IT, Program
from tests.support.service import call
from tests.support.terminal import at_terminal, column_of, terminal

TAKE_QUIETLY = (*TAKE_IT, "-q", "-o", "id")
LONG_ID = "employees-of-the-european-branch-office-in-dublin-20261124-abcde"
PYTHON = (sys.executable, "-m", "facesnap_cli")
WIDTHS = [60, 80, 120, 200]
SAID = "The source was edited while it was taken: a person was added, a face removed, and it was trained anew."


@pytest.fixture
def long_snapshot(program: Program, emulator: RunningEmulator) -> str:
    """The id of a snapshot of an object whose id is as long as ids may be."""
    call(emulator, "PUT", f"/facelists/{LONG_ID}", SOURCE_KEYS[0], {"name": "Dublin"})
    return program.run("take", "-t", "FaceList", "-i", LONG_ID, "-q", "-o", "id").out.strip()


@pytest.mark.parametrize("columns", WIDTHS)
def test_list_shortens_ids_before_anything_else_and_tells_its_times(
    program: Program, snapshot: str, long_snapshot: str, columns: int
) -> None:
    program.clock.sleep(48 * 60)
    listed = at_terminal(program, "list", columns=columns)
    assert (listed.status, listed.err) == (0, "")
    heading, first, *rest = listed.out.splitlines()
    assert re.findall(r"ID|OBJECT ID|EXPIRES IN", heading)[:1] == ["ID"]
    assert all(title in heading for title in ("OBJECT ID", "CREATED (UTC)", "EXPIRES IN"))
    assert first.startswith(snapshot if columns == 200 else f"{snapshot[:8]}  ")
    assert "employees" in first
    assert "47h11m" in first
    assert rest[0].startswith(long_snapshot if columns == 200 else f"{long_snapshot[:8]}  ")
    assert LONG_ID in "\n".join(rest)


def test_a_long_object_id_stands_below_its_row_and_leaves_the_others_alone(
    program: Program, snapshot: str, long_snapshot: str
) -> None:
    lines = at_terminal(program, "list", columns=80, NO_COLOR="1").out.splitlines()
    assert len(lines) == 5
    assert lines[3] == f"  {LONG_ID}"
    assert lines[4] == "next: facesnap show latest"
    assert all(len(line) <= 80 for line in lines)


def test_where_not_even_what_matters_fits_a_block_shows_it(program: Program, snapshot: str) -> None:
    listed = at_terminal(program, "list", columns=34)
    assert (listed.status, listed.err) == (0, "")
    assert listed.out.splitlines()[:3] == [
        f"ID         {snapshot[:8]}",
        "Type       PersonGroup",
        "Object ID  employees",
    ]
    assert "Created" in listed.out
    assert max(map(len, listed.out.splitlines())) <= 34


def test_shortened_ids_still_tell_the_rows_apart() -> None:
    documents = [{"id": f"0123456789{letter}{'0' * 25}", "objectId": "x" * 60} for letter in "ab"]
    lines = [line.text for line in Table(datetime.now(UTC)).for_people(documents, SNAPSHOT.layout or Layout(()), 80)]
    assert [line.split()[0] for line in lines] == ["ID", "0123456789a", "0123456789b"]


def test_show_tells_when_it_expires_and_how_soon(program: Program, snapshot: str) -> None:
    shown = at_terminal(program, "show", snapshot)
    assert (shown.status, shown.err) == (0, "")
    assert re.search(r"^Expires +\d{4}-\d\d-\d\d \d\d:\d\d UTC \(in 47h59m\)$", shown.out, re.MULTILINE)
    assert re.search(r"^Object ID +employees$", shown.out, re.MULTILINE)
    assert "secondsLeft" not in shown.out


@pytest.mark.parametrize("columns", WIDTHS)
def test_status_shows_ids_states_times_and_messages(program: Program, emulator: RunningEmulator, columns: int) -> None:
    emulator.faults({"route": "POST /snapshots", "fail": SAID, "count": 1})
    assert program.run(*TAKE_QUIETLY).status == 3
    program.run(*TAKE_QUIETLY)
    known = program.run("status", "--all", "-o", "json").json
    shown = at_terminal(program, "status", "--all", columns=columns, NO_COLOR="1")
    assert (shown.status, shown.err) == (0, "")
    for one in known:
        shown_id = one["operationId"] if columns >= 120 else one["operationId"][:8]
        assert re.search(rf"^{shown_id} +take +{one['status']}\b", shown.out, re.MULTILINE)
    assert "CREATED (UTC)" in shown.out
    assert SAID in " ".join(shown.out.split())
    assert all(len(line) <= columns for line in shown.out.splitlines())
    assert "elapsed" not in shown.out.lower()


def test_the_line_to_go_on_with_an_export_stays_one_that_can_be_pasted(
    program: Program, emulator: RunningEmulator
) -> None:
    emulator.faults({"route": "GET /persongroups/employees/persons/*", "status": 403, "skip": 1})
    target = program.directory / "employees.facesnap"
    assert program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-q").status == 4
    shown = at_terminal(program, "status", columns=80)
    assert (shown.status, shown.err) == (0, "")
    line = re.search(r"^  (facesnap export (?:.*\\\n)*.*)$", shown.out, re.MULTILINE)
    assert line
    command = ["--type", "PersonGroup", "--object-id", "employees", "--to", str(target)]
    assert shlex.split(line[1].replace("\\\n", "")) == ["facesnap", "export", "--profile", "source", *command]
    assert "interrupted" in shown.out


def test_a_result_that_is_made_while_bars_move_goes_to_stdout(program: Program) -> None:
    program.run(*TAKE_IT, "--no-wait", "-q", "-o", "none")
    assert [one["status"] for one in at_terminal(program, "wait", "-o", "json").json] == ["succeeded"]


@pytest.mark.parametrize("at", ["a terminal", "a pipe"])
def test_an_operation_without_an_id_is_named_by_its_intent(
    program: Program, emulator: RunningEmulator, at: str
) -> None:
    emulator.faults({"route": "POST /snapshots", "drop": "before", "count": 1})
    assert program.run(*TAKE_QUIETLY).status == 10
    shown = at_terminal(program, "status", "--all") if at == "a terminal" else program.run("status", "--all")
    [known] = program.run("status", "--all", "-o", "json").json
    assert (shown.status, known["operationId"]) == (10, None)
    assert shown.out.splitlines()[1].startswith(f"{known['intent']}  ")


@pytest.mark.parametrize("columns", WIDTHS)
def test_config_list_cuts_no_endpoint(program: Program, columns: int) -> None:
    endpoint = "https://my-resource-in-europe.cognitiveservices.azure.com"
    program.write_config(f'[profiles.a]\nendpoint = "{endpoint}"\nkey_env = "X"\n')
    listed = at_terminal(program, "config", "list", columns=columns)
    assert (listed.status, listed.err) == (0, "")
    assert endpoint in listed.out


def test_in_a_pipe_a_record_is_a_line_of_whole_values(program: Program, snapshot: str, long_snapshot: str) -> None:
    listed = program.run("list")
    assert (listed.status, listed.err) == (0, "")
    assert listed.out.splitlines()[0].split() == ["ID", "TYPE", "OBJECTID", "CREATEDTIME", "EXPIRESTIME"]
    rows = [line.split() for line in listed.out.splitlines()[1:]]
    assert [row[:3] for row in rows] == [
        [snapshot, "PersonGroup", "employees"],
        [long_snapshot, "FaceList", LONG_ID],
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time) for row in rows for time in row[3:])


def test_long_user_data_makes_no_long_line(program: Program) -> None:
    text = "x" * 16000
    program.run(*TAKE_QUIETLY, "--user-data", text)
    for listed in (program.run("list"), at_terminal(program, "list", columns=200)):
        assert (listed.status, listed.err) == (0, "")
        assert "x" * 59 + "…" in listed.out
        assert max(map(len, listed.out.splitlines())) < 200
    shown = program.run("show", "latest")
    assert (shown.status, shown.err) == (0, "")
    assert max(map(len, shown.out.splitlines())) < 600
    assert program.run("list", "-o", "json").json[0]["userData"] == text
    assert text in program.run("list", "--query", "[].{userData: userData}").out
    assert text in program.run("list", "-o", "tsv").out


@pytest.mark.parametrize("at", ["a terminal", "a pipe"])
def test_wide_characters_keep_their_columns(program: Program, at: str) -> None:
    for text in ("plain", "李小龍の顔", "é 🎉🎉"):
        program.run(*TAKE_QUIETLY, "--user-data", text)
    line = ("list", "--query", "[].{what: userData, type: type}")
    shown = at_terminal(program, *line, NO_COLOR="1") if at == "a terminal" else program.run(*line)
    assert (shown.status, shown.err) == (0, "")
    assert column_of("PersonGroup", shown.out) == [12, 12, 12]


@pytest.mark.parametrize(
    ("environment", "escapes"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)], ids=str
)
def test_escapes_go_where_they_are_wanted(
    program: Program, snapshot: str, environment: dict[str, str], escapes: bool
) -> None:
    real = {"TERM": "xterm", "LC_ALL": "C.UTF-8", **program.environment, **environment}
    with terminal([*PYTHON, "list"], real) as screen:
        status, shown = screen.read_to_end()
    assert status == 0
    assert snapshot in shown
    assert ("\x1b" in shown) == escapes


def test_no_bar_is_drawn_without_colour_at_a_dumb_terminal(program: Program) -> None:
    real = {"TERM": "dumb", "LC_ALL": "C.UTF-8", **program.environment}
    with terminal([*PYTHON, *TAKE_IT], real) as screen:
        status, shown = screen.read_to_end()
    assert status == 0
    assert "of PersonGroup employees" in shown
    assert "\x1b" not in shown


def test_a_bar_with_a_long_id_still_shows_status_and_time(program: Program, emulator: RunningEmulator) -> None:
    call(emulator, "PUT", f"/facelists/{LONG_ID}", SOURCE_KEYS[0], {"name": "Dublin"})
    taken = at_terminal(program, "take", "-t", "FaceList", "-i", LONG_ID, "-o", "none", columns=80)
    assert (taken.status, taken.out) == (0, "")
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", taken.err).strip().splitlines()[-1]
    assert re.search(r"take FaceList employe…-abcde ━+ succeeded \d:\d\d:\d\d", last)


def test_a_difference_tells_an_empty_text_from_none_and_shortens_digests() -> None:
    document = {"change": "changed", "kind": "face", "id": "f", "name": "Ada"}
    text = DIFFERENCE.row_of({**document, "what": "userData", "old": "", "new": None})
    image = DIFFERENCE.row_of({**document, "what": "image", "old": None, "new": "0123456789abcdef" * 4})
    assert text["difference"] == 'Ada, userData: "" -> nothing'
    assert image["difference"] == "Ada, image: nothing -> 0123456789a…"
