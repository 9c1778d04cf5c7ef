"""How far work is, on stderr: bars at a terminal, lines in a log, nothing with --quiet."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import pytest

from facesnap_cli.common.progress import Tally
from facesnap_cli.display.progress_lines import ProgressLines
from facesnap_cli.display.run_progress import Item, RunProgress, show_run, show_steps
from facesnap_cli.emulator.http_server import RunningEmulator
from facesnap_cli.models.operations import Operation, OperationKind, OperationState
from tests.conftest import SOURCE_KEYS, LinkedClock, Program
from tests.support.service import call
from tests.support.terminal import Screen, at_terminal
from tests.support.waiting import until

TAKE_IT = ("take", "-t", "PersonGroup", "-i", "employees", "-o", "none")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def lines_of(shown: str) -> list[str]:
    """Return every line that was on a screen at some moment."""
    return [line.strip() for line in ESCAPES.sub("", shown).replace("\r", "\n").splitlines() if line.strip()]


def export_to(target: Path) -> tuple[str, ...]:
    return ("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-o", "none")


def test_a_wait_for_many_operations_shows_one_bar(program: Program, emulator: RunningEmulator) -> None:
    for number in range(11):
        call(emulator, "PUT", f"/facelists/list-{number}", SOURCE_KEYS[0], {"name": "List"})
        program.run("take", "-t", "FaceList", "-i", f"list-{number}", "--no-wait", "-q")
    waited = at_terminal(program, "wait", "-o", "none")
    assert waited.status == 0
    bar, total = lines_of(waited.err)[-2:]
    assert re.search(r"operations ━+ 11 of 11 ended", bar)
    assert total == "11 succeeded"


@pytest.mark.parametrize("columns", [80, 140])
def test_an_export_shows_its_name_once_and_a_bar_for_each_step(program: Program, columns: int) -> None:
    done = at_terminal(program, *export_to(program.directory / "x.facesnap"), columns=columns)
    assert done.status == 0
    last = "\n".join(lines_of(done.err)).rpartition("export PersonGroup employees")[2]
    assert re.match("  0s\nreading the list of persons ━+ 3\n", last)
    assert re.search("\nreading user data of faces  ━+ 7 of 7\n", last)


def test_a_narrow_terminal_cuts_the_end_of_a_step(program: Program) -> None:
    done = at_terminal(program, *export_to(program.directory / "x.facesnap"), columns=44)
    assert done.status == 0
    assert any(re.match("reading the .*… +3$", line) for line in lines_of(done.err))


class AsciiScreen(Screen):
    """A terminal whose encoding has ASCII alone."""

    encoding = "ascii"


def shown_at(screen: Screen, draw: Callable[[], None], columns: int = 60) -> str:
    """Return all that is drawn on a screen of so many columns."""
    terminal = {"TERM": "xterm-256color", "COLUMNS": str(columns)}
    with patch.dict(os.environ, terminal), contextlib.redirect_stderr(screen):
        draw()
    return screen.getvalue()


def running_take(clock: LinkedClock) -> Operation:
    return Operation.intended(
        OperationKind.TAKE,
        profile="prod",
        endpoint="https://h.example",
        subscription_id=None,
        object_type="PersonGroup",
        object_id="employees-of-the-head-office-of-a-company",
        owner="",
        now=clock.now(),
    )._replace(state=OperationState.RUNNING)


def draw_all(clock: LinkedClock) -> None:
    """Show a minute of a wait, of a run and of an export."""
    for is_wait in (True, False):
        run = show_run(
            clock,
            ["1" * 32],
            quiet=False,
            color=False,
            estimate_of=lambda operation: 90.0,
            on_operation=lambda operation: None,
            is_wait=is_wait,
        )
        item = run.items["1" * 32]
        item.begin("taking a snapshot that has a long name")
        item.update(running_take(clock))
        clock.sleep(60)
        run.close()
    steps = show_steps(clock, "export PersonGroup employees-of-the-head-office-of-Sweden", quiet=False, color=False)
    steps.items["export PersonGroup employees-of-the-head-office-of-Sweden"].begin("reading the list of all persons")
    clock.sleep(60)
    steps.close()


def test_a_terminal_without_unicode_gets_ascii_alone() -> None:
    shown = shown_at(AsciiScreen(), lambda: draw_all(LinkedClock()))
    assert shown.isascii()
    assert "..." in shown
    assert "…" in shown_at(Screen(), lambda: draw_all(LinkedClock()))


@pytest.mark.parametrize("columns", [40, 60, 72, 80, 140])
@pytest.mark.parametrize("screen", [Screen, AsciiScreen])
def test_no_line_of_the_progress_is_broken(columns: int, screen: type[Screen]) -> None:
    lines = lines_of(shown_at(screen(), lambda: draw_all(LinkedClock()), columns))
    assert max(map(len, lines)) <= columns
    first = {re.findall("[A-Za-z0-9]+", line)[0].strip("1") for line in lines}
    assert first == {"take", "ITEM", "", "0", "export", "reading"}


def test_the_times_move_between_two_polls() -> None:
    last = lines_of(shown_at(Screen(), lambda: draw_all(LinkedClock())))
    assert any(re.search("running 0:01:00 about 30s left", line) for line in last)
    assert any(re.search("export PersonGroup .*  1m00s", line) for line in last)


def test_a_log_has_a_line_for_each_status_and_each_step(program: Program) -> None:
    taken = program.run(*TAKE_IT)
    statuses = [re.sub(r" after .*", "", line) for line in taken.err.splitlines()]
    assert statuses[-1] == "take PersonGroup employees: succeeded"
    assert len(set(statuses)) == len(statuses)
    done = program.run(*export_to(program.directory / "x.facesnap"))
    assert done.err.splitlines()[:3] == [
        "export PersonGroup employees: reading the list of persons",
        "export of 3 persons of employees: about 16 calls",
        "export PersonGroup employees: reading user data of faces, 7 in all",
    ]


def test_quiet_work_shows_no_progress(program: Program) -> None:
    for columns in (80, 120):
        assert at_terminal(program, *TAKE_IT, "-q", columns=columns).err == ""
    assert program.run(*TAKE_IT, "-q").err == ""


def logged_item(name: str, clock: LinkedClock) -> tuple[Item, list[str]]:
    """Return an item, and the lines that a log gets of it."""
    lines: list[str] = []
    run = RunProgress(clock, [name])
    run.views.append(ProgressLines(run, lines.append, lambda item, operation: item.name))
    return run.items[name], lines


def test_a_log_tells_a_rate_after_a_minute_and_then_every_five() -> None:
    clock = LinkedClock()
    item, lines = logged_item("export", clock)
    item.begin("reading", 4000)
    for _ in range(1320):
        clock.sleep(0.5)
        item.advance()
    assert lines == [
        "export: reading, 4,000 in all",
        "export: reading: 120 of 4,000, 2.0/s, about 32m20s left",
        "export: reading: 720 of 4,000, 2.0/s, about 27m20s left",
        "export: reading: 1,320 of 4,000, 2.0/s, about 22m20s left",
    ]


@pytest.mark.parametrize(
    ("durations_s", "numbers"),
    [
        ([470.0], "1 of 40,000"),
        ([0.01] * 9 + [60.0], "10 of 40,000"),
        ([0.01] * 9, "9 of 40,000"),
        ([470.0] + [0.1] * 60, "61 of 40,000, 10.0/s, about 1h06m left"),
        ([0.1] * 100 + [900.0], "101 of 40,000"),
        ([0.1] * 100 + [900.0] + [0.1] * 60, "161 of 40,000, 10.0/s, about 1h06m left"),
        ([1.0] * 130 + [0.1] * 1200, "1,330 of 40,000, 10.0/s, about 1h04m left"),
    ],
    ids=["first late", "rest after few", "few", "after a late first", "rest", "after a rest", "faster than before"],
)
def test_no_time_left_is_told_before_it_is_known(durations_s: list[float], numbers: str) -> None:
    clock = LinkedClock()
    tally = Tally(clock)
    tally.begin("reading", 40_000)
    for duration_s in durations_s:
        clock.sleep(duration_s)
        tally.advance(1)
    assert tally.numbers() == numbers


def test_a_step_that_is_not_logged_is_for_terminals_alone() -> None:
    item, lines = logged_item("copy", LinkedClock())
    item.begin("looking", logged=False)
    item.begin("verifying")
    item.end("copied to dr:staff", ok=True)
    assert lines == ["copy: verifying", "copy: copied to dr:staff"]


def test_a_log_repeats_also_what_hangs_every_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("facesnap_cli.display.run_progress.SHOWN_EVERY_S", 0.001)
    clock = LinkedClock()
    item, lines = logged_item("export", clock)
    item.run.keep_showing()
    item.begin("reading", 1000)
    item.advance(3)
    clock.sleep(300)
    until(lambda: len(lines) == 2, "a line about what hangs")
    clock.sleep(300)
    until(lambda: len(lines) == 3, "another line about it")
    item.begin("looking", logged=False)
    clock.sleep(300)
    item.update(running_take(clock))
    until(lambda: len(lines) == 4, "the line of the operation")
    clock.sleep(300)
    until(lambda: len(lines) == 5, "the same line again")
    item.run.close()
    assert lines[:3] == ["export: reading, 1,000 in all", *["export: reading: 3 of 1,000"] * 2]
    assert [line.partition(" after ")[0] for line in lines[3:]] == ["export running"] * 2
