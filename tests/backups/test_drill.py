"""`run --drill`: restore the newest backup under a scratch id, and leave nothing behind."""

from __future__ import annotations

import pytest

from tests.backups.conftest import Estate, item, key
from tests.backups.test_restore import GROUP
from tests.support.archives import draw_images, face_ids, rows

DRILL = ("--drill", "-q", "-o", "json")


@pytest.fixture
def plan(estate: Estate) -> str:
    """A plan with an item by snapshot and one by export, run once."""
    faces = face_ids(estate.emulator, "PersonGroup", GROUP, key("prod"))
    images = draw_images(estate.emulator, faces, estate.program.directory / "photos")
    archived = item(GROUP, "file:backups/{name}-{date}.facesnap", method="export", images=images.name)
    path = estate.plan(item("group-04", "dr:{name}-{date}"), archived)
    assert estate.run("run", path, "-q", "-o", "none").status == 0
    return path


def test_it_restores_verifies_deletes_and_measures(estate: Estate, plan: str) -> None:
    before = {profile: estate.groups(profile) for profile in ("prod", "dr", "eu")}
    done = estate.run("run", plan, *DRILL)
    assert (done.status, done.err) == (0, "")
    assert [(one["item"], one["status"], one["profile"]) for one in done.json] == [
        ("group-04", "restored", "dr"),
        (GROUP, "restored", "prod"),
    ]
    assert all(one["elapsedSeconds"] is not None for one in done.json)
    assert {profile: estate.groups(profile) for profile in before} == before
    assert estate.run("list", "-o", "json").json == []
    assert estate.run("status", "-o", "json").json == []
    journal = estate.program.directory / "state" / "journal.db"
    assert rows(journal, "SELECT count(*) FROM drills WHERE deleted = 1 AND elapsed_s IS NOT NULL") == [(2,)]


def test_the_next_drill_removes_what_a_killed_one_left_and_nothing_else(estate: Estate, plan: str) -> None:
    estate.make("prod", "drill-0123456789abcdef0123456789abcdef")
    before = estate.groups("prod")
    estate.emulator.faults({"route": "DELETE /persongroups/drill-*", "status": 403})
    assert estate.run("run", plan, *DRILL).status == 4
    assert len(estate.groups("prod")) == len(before) + 1
    estate.emulator.faults()
    assert estate.run("run", plan, *DRILL).status == 0
    assert estate.groups("prod") == before


def test_a_backup_that_cannot_be_restored_is_reported(estate: Estate, plan: str) -> None:
    estate.emulator.faults({"route": "POST /persongroups/drill-*/persons", "status": 403, "code": "QuotaExceeded"})
    done = estate.run("run", plan, *DRILL)
    assert done.status == 11
    assert [one["status"] for one in done.json] == ["restored", "failed"]
    assert "facesnap import" not in done.err
    assert [group for group in estate.groups("prod") if group.startswith("drill-")] == []


def test_a_copy_that_cannot_be_compared_leaves_neither_object_nor_snapshot(estate: Estate, plan: str) -> None:
    before = estate.groups("dr")
    estate.emulator.faults({"route": "GET /persongroups/drill-*/persons", "status": 403})
    done = estate.run("run", plan, *DRILL)
    assert (done.status, [one["status"] for one in done.json]) == (4, ["failed", "failed"])
    assert estate.groups("dr") == before
    assert estate.run("list", "-p", "dr", "-o", "json").json == []
