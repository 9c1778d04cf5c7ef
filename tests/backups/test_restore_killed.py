"""`kill -9` at each kind of request of a restore or a drill: run again, it ends well and leaves nothing behind."""

from __future__ import annotations

import pytest

from tests.backups.conftest import Estate, item, key
from tests.backups.test_drill import DRILL
from tests.backups.test_restore import GROUP, QUIET, names
from tests.support.archives import draw_images, face_ids
from tests.support.families import first_quick
from tests.support.gate import Gate, kill_at
from tests.support.service import posts

V1 = "/face/v1.0"
COPIED = [
    f"POST {V1}/snapshots/",  # the apply
    f"GET {V1}/persongroups/{{}}",
    f"POST {V1}/snapshots ",
    f"GET {V1}/operations/",
    f"GET {V1}/snapshots/",
    f"GET {V1}/persongroups/{{}}/persons",
    f"GET {V1}/persongroups/{{}}/training",
    f"DELETE {V1}/snapshots/",
]


def _short(step: object) -> str:
    return str(step).replace(V1, "").strip()


@pytest.mark.parametrize("step", first_quick(COPIED), ids=_short)
def test_a_restore_of_a_copy_that_was_killed_is_finished_by_the_same_command(
    behind_the_gate: Estate, gated: Gate, step: str
) -> None:
    estate = behind_the_gate
    plan = estate.plan(item(GROUP, "dr:{name}-{date}"))
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    command = ("restore", GROUP, "--plan", plan, "--to", "eu:again", *QUIET)
    gated.stop_answer = step.format("again")
    kill_at(gated, estate.program.start(*command))
    estate.emulator.advance(30)
    done = estate.run(*command)
    assert (done.status, done.err) == (0, "")
    assert len(names(estate, "again", "eu")) == 6
    assert (estate.takes(), estate.applies()) == (2, 2)
    assert estate.groups("eu") == ["again"]
    assert estate.run("list", "-p", "dr", "-o", "json").json == []
    assert estate.run("status", "-o", "json").json == []


@pytest.mark.parametrize("step", first_quick(COPIED), ids=_short)
def test_a_drill_of_a_copy_that_was_killed_leaves_nothing(behind_the_gate: Estate, gated: Gate, step: str) -> None:
    estate = behind_the_gate
    _check_drill(estate, gated, item("group-04", "dr:{name}-{date}"), step.format("drill-*"))


@pytest.mark.parametrize(
    "step",
    first_quick(
        [
            f"POST {V1}/persongroups/drill-*/persons ",
            f"POST {V1}/persongroups/drill-*/persons/",
            f"POST {V1}/persongroups/drill-*/train",
            f"GET {V1}/persongroups/drill-*?",
            f"GET {V1}/persongroups/drill-*/persons",
            f"GET {V1}/persongroups/drill-*/training",
            f"PUT {V1}/persongroups/drill-*",
            f"DELETE {V1}/persongroups/drill-*",
        ]
    ),
    ids=_short,
)
@pytest.mark.parametrize("stop", first_quick(["answer", "request"]))
def test_a_drill_of_an_archive_that_was_killed_leaves_nothing(
    behind_the_gate: Estate, gated: Gate, step: str, stop: str
) -> None:
    estate = behind_the_gate
    faces = face_ids(estate.emulator, "PersonGroup", GROUP, key("prod"))
    images = draw_images(estate.emulator, faces, estate.program.directory / "photos")
    archived = item(GROUP, "file:backups/{name}-{date}.facesnap", method="export", images=images.name)
    _check_drill(estate, gated, archived, step, stop)


def _check_drill(estate: Estate, gated: Gate, body: str, step: str, stop: str = "answer") -> None:
    plan = estate.plan(body)
    assert estate.run("run", plan, "-q", "-o", "none").status == 0
    estate.make("prod", "drill-0123456789abcdef0123456789abcdef")
    estate.make("dr", "drill-0123456789abcdef0123456789abcdef", "drill-again")
    before = {profile: estate.groups(profile) for profile in ("prod", "dr", "eu")}
    setattr(gated, f"stop_{stop}", step)
    kill_at(gated, estate.program.start("run", plan, *DRILL))
    estate.emulator.advance(30)
    done = estate.run("run", plan, *DRILL)
    assert (done.status, done.json[0]["status"]) == (0, "restored")
    assert {profile: estate.groups(profile) for profile in before} == before
    for profile in before:
        assert estate.run("list", "-p", profile, "-o", "json").json == []
    assert estate.run("status", "-o", "json").json == []
    assert posts(estate.emulator, "/train") <= 2
