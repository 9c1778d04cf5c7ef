"""What each command answers at terminals of 40, 80 and 140 columns: it fits, and it says what comes next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest

from facesnap_cli.display.columns import DELETED_SNAPSHOT
from facesnap_cli.display.output import Output
from facesnap_cli.display.sentences import from_here
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.cli.test_suggested_commands import parse
from tests.conftest import TAKE_IT, TARGET_KEYS, Program, Result, take_employees
from tests.reference import all_commands
from tests.support.archives import exported
from tests.support.service import call
from tests.support.terminal import Screen, at_terminal

WIDTHS = (40, 80, 140)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
EMPLOYEES = ("-t", "PersonGroup", "-i", "employees")
PLAN = """
[[backup]]
name = "employees"
from = "source"
type = "PersonGroup"
object_id = "employees"
to = ["target:employees-{date}"]

[[backup]]
name = "ghost"
from = "source"
type = "PersonGroup"
object_id = "ghost"
to = ["target:ghost-{date}"]
"""
# A command line, what it answers, and the command that it says comes next. {n} is the width.
RESULTS = [
    (TAKE_IT, r"✓ snapshot \w{8} of PersonGroup employees in \d+s, expires in 48h", "apply latest --profile target"),
    ((*TAKE_IT, "--no-wait", "--force"), r"• take of PersonGroup employees is started", r"wait \w{8}"),
    (
        ("apply", "latest", "--profile", "target", "-i", "new-{n}", "--verify", "full"),
        r"✓ PersonGroup target:new-{n} from snapshot \w{8} .*verified: new-{n} is the same as employees",
        "objects --profile target",
    ),
    (("list",), r"ID .*EXPIRES IN \w{8}", "show latest"),
    (("show", "latest"), r"ID +\w{8}.* Object ID employees", r"apply \w{8} --profile target"),
    (("update", "latest", "--user-data", "x"), r"✓ snapshot \w{8} of PersonGroup employees changed", r"show \w{8}"),
    (("delete", "{snapshot}", "--yes"), r"✓ snapshot \w{8} of PersonGroup employees deleted", "list"),
    (("delete", "latest", "--dry-run"), "would delete 1 snapshot", "delete latest"),
    (("status", "--all"), r"\btake\b.*\bsucceeded\b.*\bsource\b", ""),
    (("status", "{open}"), r"\btake\b.*\b(notStarted|running)\b", r"wait \w{8}"),
    (("wait", "{operation}"), r"✓ snapshot \w{8} of PersonGroup employees", ""),
    (
        ("copy", *EMPLOYEES, "--to", "target:a{n}", "--to", "target:b{n}"),
        r"deleted after the copies ✓ copied to target:a{n} in \S+ verified: 3 persons, 7 faces .*2 copied in \d+s$",
        "backups",
    ),
    (
        ("copy", *EMPLOYEES, "--to", "target:taken", "--to", "target:c{n}"),
        r"✗ copy to target:taken failed ✓ copied to target:c{n} .*1 copied, 1 failed in \d+s facesnap:",
        "",
    ),
    (("copy", *EMPLOYEES, "--to", "target:x", "--dry-run"), r"\btake\b.*\bapply\b", "copy .* --to target:x"),
    (
        ("run", "{plan}"),
        r"✓ employees: copied (already )?to target:\S+, verified ✗ ghost: copy to target:ghost-\S+ failed .*1 failed",
        "",
    ),
    (("run", "{plan}", "--dry-run"), "missing", ""),
    (("backups",), "there are no backups", ""),
    (("backups", "{folder}"), "employees", ""),
    (("backups", "{ran}", "--runs"), r"failed \(11\) .*1 of 2 items .*PersonGroupNotFound: ", ""),
    (("backups", "{plan}", "--check"), r"no\b.*target:employees-\{date\}", ""),
    (
        ("restore", "{archive}", "--to", "target:r{n}"),
        r"✓ 3 persons and 7 faces built as PersonGroup target:r{n}",
        "import .* --id-map ids.csv",
    ),
    (("restore", "{archive}", "--to", "target:r", "--dry-run"), "import", "restore .* --to target:r"),
    (
        ("export", *EMPLOYEES, "--to", "{folder}/{n}.facesnap"),
        r"✓ \S+/{n}.facesnap: PersonGroup employees, 3 persons, 7 faces \(none with image\), \d+ KB, in \S+",
        "inspect .*--missing",
    ),
    (("export", *EMPLOYEES, "--to", "{folder}/x.facesnap", "--dry-run"), r"• would write \S+: PersonGroup", "export"),
    (
        ("import", "{archive}", "--profile", "target", "-i", "i{n}"),
        r"✓ 3 persons and 7 faces built as PersonGroup target:i{n} with new ids, trained, verified",
        "import .* --id-map ids.csv",
    ),
    (
        ("import", "{archive}", "--profile", "target", "-i", "v{n}", "--verify", "none"),
        r"with new ids, trained the|with new ids, trained next:",
        "import .* --id-map ids.csv",
    ),
    (("inspect", "{archive}"), "Faces with image +7", "inspect .*--check"),
    (("diff", "{archive}"), "no differences", ""),
    (("objects",), r"\bwatchlist\b.*\bemployees\b", "export"),
    (("doctor",), "ok +versions", ""),
    (("config", "list"), "source", ""),
    (("config", "show"), "endpoint", ""),
    (("config", "path"), "config.toml", ""),
    (
        ("config", "init", "--profile", "p{n}", "--endpoint", "http://127.0.0.1:1", "--key-env", "KEY"),
        "profile p{n}",
        "",
    ),
    (("config", "set", "rate_limit", "10/s"), "rate_limit is set", ""),
    (("config", "unset", "{setting}"), "rate_limit", ""),
    (("config", "use", "target"), "target is the default profile now", ""),
    (("config", "delete", "{profile}", "--yes"), "profile spare is removed", ""),
]
WITHOUT_RESULT = {
    "completion": "prints a script for a shell",
    "schedule": "prints a file for another program",
    "emulator": "runs until it is stopped; tests/emulator/test_command.py reads what it prints",
}


@pytest.fixture
def places(program: Program, emulator: RunningEmulator) -> dict[str, str]:
    """A snapshot of employees, an archive of them, a plan, and a group that is in a copy's way."""
    take_employees(program)
    [operation] = program.run("status", "--all", "-o", "json").json
    archive = exported(program, emulator, "PersonGroup", "employees")
    plan = program.directory / "nightly.toml"
    plan.write_text(PLAN)
    call(emulator, "PUT", "/persongroups/taken", TARGET_KEYS[0], {"name": "taken"})
    return {
        "operation": operation["operationId"][:8],
        "archive": str(archive),
        "folder": str(program.directory),
        "plan": str(plan),
    }


def test_every_command_is_here() -> None:
    paths = [path.split()[1:] for path, command in all_commands() if not hasattr(command, "list_commands")]
    shown = [list(line) for line, *_ in RESULTS]
    missing = [path for path in paths if not any(line[: len(path)] == path for line in shown)]
    assert [path for path in missing if path[0] not in WITHOUT_RESULT] == []


@pytest.mark.parametrize(("line", "says", "then"), RESULTS, ids=[" ".join(line) for line, *_ in RESULTS])
def test_a_result_fits_its_terminal_and_names_the_next_step(
    program: Program, places: dict[str, str], line: tuple[str, ...], says: str, then: str
) -> None:
    for columns in WIDTHS:
        prepare(program, places, line)
        words = [word.replace("{n}", str(columns)) for word in line]
        for name, place in places.items():
            words = [word.replace(f"{{{name}}}", place) for word in words]
        shown = at_terminal(program, *words, columns=columns)
        lines = [*written(shown.out), *written(shown.err)]
        assert [text for text in lines if len(text) > columns and not is_one_word(text)] == []
        assert re.search(says.replace("{n}", str(columns)), " ".join(" ".join(lines).split())), shown
        found = next_command(shown)
        assert re.match(f"facesnap {then}", found) if then else found == "", shown
        if then:
            parse(shlex.split(found))


def test_a_next_command_finds_the_account_and_the_files_of_this_run(program: Program) -> None:
    config = program.directory / "config.toml"
    other = config.rename(program.directory / "my config.toml")
    config.touch(0o600)
    shown = at_terminal(program, *TAKE_IT, "--config", str(other), "--no-wait", "--profile", "source", columns=40)
    assert shown.status == 0
    assert shlex.split(next_command(shown))[3:] == ["--profile", "source", "--config", str(other)]


def test_a_path_is_shown_whole_if_the_working_directory_is_gone(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = program.directory / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    assert from_here(str(gone / "x.facesnap")) == "x.facesnap"
    gone.rmdir()
    assert from_here(str(gone / "x.facesnap")) == str(gone / "x.facesnap")


def test_a_wait_for_several_ends_with_a_total(program: Program, emulator: RunningEmulator) -> None:
    emulator.faults({"route": "POST /snapshots", "fail": "It was edited.", "count": 1})
    for kind, object_id in (("PersonGroup", "employees"), ("FaceList", "watchlist")):
        program.run("take", "-t", kind, "-i", object_id, "--no-wait", "-q", "-o", "none")
    waited = at_terminal(program, "wait")
    assert waited.status == 11
    assert [line[:2] for line in waited.out.splitlines()] == ["✗ ", "✓ "]
    assert "take of PersonGroup employees failed" in waited.out
    assert "\n1 succeeded, 1 failed\nfacesnap: 1 of 2 operations" in ESCAPES.sub("", waited.err)


def test_all_fields_are_there_with_verbose(program: Program) -> None:
    shown = at_terminal(program, *TAKE_IT, "-v")
    assert shown.status == 0
    labels = [line.split("  ")[0] for line in ESCAPES.sub("", shown.out).splitlines()]
    assert {"Operation", "Kind", "Status", "Created", "Profile", "Object ID", "Snapshot ID", "Took"} <= set(labels)
    assert next_command(shown) == "facesnap apply latest --profile target"


def test_json_has_no_sentence_and_no_next_step(program: Program) -> None:
    shown = at_terminal(program, *TAKE_IT, "-o", "json")
    assert (shown.status, shown.json["status"]) == (0, "succeeded")


def test_quiet_leaves_the_sentence_alone(program: Program) -> None:
    shown = at_terminal(program, *TAKE_IT, "-q")
    assert (shown.status, shown.err) == (0, "")
    assert re.fullmatch(r"✓ snapshot \w{8} of PersonGroup employees in \d+s, expires in 48h\n", shown.out)


@pytest.mark.parametrize("at", ["a terminal", "a pipe"])
def test_a_target_in_the_way_and_one_that_got_no_request_have_rows(
    program: Program, places: dict[str, str], emulator: RunningEmulator, at: str
) -> None:
    emulator.faults({"route": "POST /snapshots", "status": 403})
    line = ("copy", *EMPLOYEES, "--to", "target:taken", "--to", "target:free")
    done = at_terminal(program, *line, "-v") if at == "a terminal" else program.run(*line)
    assert done.status == 11
    rows = [row for row in ESCAPES.sub("", done.out).splitlines() if re.match(r" *apply ", row)]
    assert [re.findall(r"\b(?:conflict|notSent|taken|free|target)\b", row)[:2] for row in rows] == [
        ["conflict", "taken"],
        ["notSent", "free"],
    ]
    assert program.run(*line, "-o", "json", "-q").json == []


def test_a_terminal_without_unicode_gets_ascii() -> None:
    class Ascii(Screen):
        encoding = "ascii"

    stream = Ascii()
    document = {"id": "0" * 36, "type": "FaceList", "objectId": "watchlist"}
    Output(stream=stream, styled=False).record(document | {"userData": None}, DELETED_SNAPSHOT)
    assert stream.getvalue() == "+ snapshot 00000000 of FaceList watchlist deleted\n"


def test_a_batch_ends_with_a_total_in_a_log_too(program: Program, places: dict[str, str]) -> None:
    done = program.run("run", places["plan"])
    assert done.status == 11
    lines = done.err.splitlines()
    [total] = [line for line in lines if re.fullmatch(r"1 copied, 1 failed in \d+s", line)]
    assert lines[lines.index(total) + 1].startswith("facesnap: 1 of 2 items did not succeed")
    assert [line for line in lines if line.count("ghost") > 2] == []


def prepare(program: Program, places: dict[str, str], line: tuple[str, ...]) -> None:
    """Make what the line needs anew each time: an open operation, a snapshot to delete, a plan that has run."""
    if "{open}" in line:
        places["open"] = program.run(*TAKE_IT, "--no-wait", "--force", "-o", "id", "-q").out[:8]
    if "{snapshot}" in line:
        places["snapshot"] = take_employees(program, "--force")
    if "{setting}" in line:
        places["setting"] = "rate_limit"
        program.run("config", "set", "rate_limit", "10/s", "-q")
    if "{profile}" in line:
        places["profile"] = "spare"
        made = program.run(
            *["config", "init", "--profile", "spare", "--endpoint", "http://127.0.0.1:1", "--key-env", "KEY", "-q"]
        )
        assert made.status == 0
    if "{ran}" in line:
        places["ran"] = places["plan"]
        assert program.run("run", places["plan"], "-q").status == 11


def written(text: str) -> Iterator[str]:
    """Yield the lines that stay on a screen, without progress."""
    before, _, drawn = text.partition("\x1b[?25l")
    for line in [*before.splitlines(), *drawn.rpartition("\x1b[2K")[2].splitlines()]:
        plain = ESCAPES.sub("", line)
        if "━" not in plain:
            yield plain


def is_one_word(line: str) -> bool:
    """Return whether a line holds nothing that could be on another line: a path, or an option with one."""
    words = line.removesuffix("\\").split()
    return len(words) <= 2


def next_command(shown: Result) -> str:
    """Return the command that comes next, as a shell reads it; empty without one."""
    found = re.search(r"^next:\s+((?:.*\\\n)*.*)$", ESCAPES.sub("", shown.out), re.MULTILINE)
    return shlex.join(shlex.split(found[1].replace("\\\n", ""))) if found else ""
