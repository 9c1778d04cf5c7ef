"""`kill -9` at every step of a copy: run again, it ends well, and nothing was sent twice."""

from __future__ import annotations

import pytest

from tests.backups.conftest import Estate
from tests.support.families import first_quick
from tests.support.gate import Gate
from tests.support.waiting import PATIENCE_S, until

COPY = ("copy", "-t", "PersonGroup", "-i", "group-03", "--to", "dr:copy", "--to", "eu:copy")
V1 = "/face/v1.0"


@pytest.mark.parametrize(
    "answer",
    first_quick(
        [
            f"POST {V1}/snapshots/",
            f"GET {V1}/persongroups/copy",
            f"POST {V1}/snapshots ",
            f"GET {V1}/operations/",
            f"GET {V1}/snapshots/",
            f"GET {V1}/persongroups/copy/persons",
            f"GET {V1}/persongroups/group-03/persons",
            f"DELETE {V1}/snapshots/",
        ]
    ),
    ids=lambda answer: answer.replace(V1, ""),
)
def test_a_copy_killed_before_an_answer_ends_well_when_it_is_run_again(
    behind_the_gate: Estate, gated: Gate, answer: str
) -> None:
    estate = behind_the_gate
    gated.stop_answer = answer
    process = estate.program.start(*COPY)
    assert gated.stopped.wait(PATIENCE_S)
    if answer == f"POST {V1}/snapshots/":  # the other target's apply too: killed before it is sent, it would be unknown
        until(lambda: estate.applies() == 2, "both applies")
    process.kill()
    process.communicate()
    gated.open()
    estate.emulator.advance(30)
    again = estate.run(*COPY, "-q", "-o", "id")
    assert (again.status, again.out, again.err) == (0, "copy\ncopy\n", "")
    assert (estate.takes(), estate.applies()) == (1, 2)
    assert estate.run("list", "-o", "json").json == []
