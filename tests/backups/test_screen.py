"""What a person sees while a plan runs: a table at a terminal; and nothing of it where a terminal cannot show it."""

from __future__ import annotations

import os
import sys

from tests.backups.conftest import Estate, item
from tests.support.terminal import terminal

RUN = (sys.executable, "-m", "facesnap_cli", "run")


def environment(estate: Estate, **more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "TERM": "xterm-256color", **estate.program.environment, **more}


def test_a_table_shows_the_items_under_way_and_how_many_have_ended(estate: Estate) -> None:
    plan = estate.plan(*(item(name, "dr:{name}-{date}") for name in ("group-00", "ghost")))
    with terminal([*RUN, plan], environment(estate), columns=120) as screen:
        shown = screen.read_until("taking group-00: ")
        assert "ITEM" in shown
        assert "ELAPSED" in shown
        screen.read_until("1 of 2 ended, 1 failed")
        screen.read_until("applying group-00-")
        status, rest = screen.read_to_end()
    assert status == 11
    assert "copied" in rest
    assert "facesnap: 1 of 2 items did not succeed" in rest


def test_a_second_night_shows_how_long_is_left(estate: Estate) -> None:
    assert estate.run("run", estate.plan(item("group-00", "dr:{name}-{date}")), "-q").status == 0
    plan = estate.plan(item("group-00", "dr:second-{date}"))
    with terminal([*RUN, plan], environment(estate), columns=120) as screen:
        screen.read_until("about 1s")
        assert screen.read_to_end()[0] == 0


def test_a_dumb_terminal_gets_lines(estate: Estate) -> None:
    with terminal([*RUN, estate.plan(item("ghost", "dr:x-{date}"))], environment(estate, TERM="dumb")) as screen:
        status, shown = screen.read_to_end()
    assert status == 5
    assert "ghost: failed for dr:x-" in shown
    assert "ended" not in shown
