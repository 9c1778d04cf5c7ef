"""An export can leave the user data of faces out, or read it again: what an archive lacks is no difference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import EmulatorOptions, RunningEmulator, running
from tests.archives.team import Member, Team
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program, Result
from tests.support.archives import draw_images, exported, face_ids, persons, rows
from tests.support.service import call, face_reads

SOURCE, TARGET = SOURCE_KEYS[0], TARGET_KEYS[0]
FACE = "/persongroups/*/persons/*/persistedfaces/*"
WITHOUT, REFRESH = "--no-face-user-data", "--refresh-user-data"


def export(program: Program, target: Path, *more: str) -> Result:
    return program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(target), "-q", "-o", "json", *more)


@pytest.fixture
def bare(program: Program, emulator: RunningEmulator) -> Path:
    """An archive of the employees with all images, without the user data of faces."""
    images = draw_images(emulator, face_ids(emulator, "PersonGroup", "employees"), program.directory / "images")
    target = program.directory / "bare.facesnap"
    done = export(program, target, "--images", str(images), WITHOUT)
    assert (done.status, done.err, done.json["facesWithImage"]) == (0, "", 7)
    return target


def user_data(archive: Path) -> list[str | None]:
    return [text for (text,) in rows(archive, "SELECT user_data FROM faces ORDER BY face_id")]


def relabel(emulator: RunningEmulator, text: str) -> str:
    """Give a face of Ada another user data, and return its id."""
    [ada] = [each for each in persons(emulator, "PersonGroup", "employees") if each["name"] == "Ada Lovelace"]
    face: str = ada["persistedFaceIds"][0]
    path = f"/persongroups/employees/persons/{ada['personId']}/persistedfaces/{face}"
    call(emulator, "PATCH", path, SOURCE, {"userData": text})
    return face


def interrupt(program: Program, emulator: RunningEmulator, target: Path, *more: str, after: int = 3) -> None:
    """Let an export fail after it has read some faces."""
    emulator.faults({"route": f"GET {FACE}", "status": 403, "skip": after})
    assert export(program, target, *more).status == 4
    emulator.faults()


def interrupt_second_listing(program: Program, emulator: RunningEmulator, target: Path, *more: str) -> None:
    """Let an export fail after it has all the user data that it wants."""
    emulator.faults({"route": "GET /persongroups/*/training", "status": 403, "skip": 1})
    assert export(program, target, *more).status == 4
    emulator.faults()


def test_it_costs_two_requests_for_a_thousand_persons_and_a_few_besides(program: Program, tmp_path: Path) -> None:
    group = {"type": "LargePersonGroup", "objectId": "crowd", "count": 3000, "facesPerPerson": 1}
    seed = tmp_path / "seed.json"
    seed.write_text(json.dumps({"objects": [group]}))
    with running(EmulatorOptions(port=0, seed=str(seed), service="retired")) as emulator:
        program.configure(emulator.endpoint)
        target = str(tmp_path / "crowd.facesnap")
        done = program.run("export", "-t", "LargePersonGroup", "-i", "crowd", "--to", target, WITHOUT, "-o", "json")
        total = emulator.requests()["total"]
    assert (done.status, done.json["persons"], done.json["faces"]) == (0, 3000, 3000)
    pages, listings = 3 + 1, 2  # the last page is empty; two listings in a row have to agree
    group_and_training = 2
    assert total == 1 + listings * (group_and_training + pages)


def test_the_archive_says_what_it_lacks(program: Program, emulator: RunningEmulator, bare: Path) -> None:
    assert face_reads(emulator) == 0
    assert set(user_data(bare)) == {None}
    shown = program.run("inspect", str(bare), "--check", "-o", "json")
    assert (shown.status, shown.json["leftOut"], shown.json["checked"]) == (0, ["face-user-data"], True)
    said = program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", str(bare), "--force", WITHOUT)
    assert "the user data of faces was not read" in said.err


@pytest.mark.parametrize(("object_type", "object_id"), [("FaceList", "watchlist"), ("LargeFaceList", "archive")])
def test_a_list_shows_the_user_data_of_its_faces_without_further_requests(
    program: Program, emulator: RunningEmulator, object_type: str, object_id: str
) -> None:
    archives = [program.directory / name for name in ("whole.facesnap", "same.facesnap")]
    for archive, more in zip(archives, ((), (WITHOUT,)), strict=True):
        done = program.run("export", "-t", object_type, "-i", object_id, "--to", str(archive), "-o", "json", *more)
        assert (done.status, done.json["leftOut"]) == (0, [])
    assert user_data(archives[0]) == user_data(archives[1])


def test_a_base_without_it_gives_an_export_none(program: Program, emulator: RunningEmulator, bare: Path) -> None:
    whole = program.directory / "whole.facesnap"
    done = export(program, whole, "--base", str(bare))
    assert (done.status, done.json["leftOut"], done.json["facesWithImage"]) == (0, [], 7)
    assert face_reads(emulator) == 7
    assert "front" in user_data(whole)


def test_an_export_without_it_takes_none_from_a_base(program: Program, emulator: RunningEmulator) -> None:
    base, target = exported(program, emulator, "PersonGroup", "employees"), program.directory / "x.facesnap"
    before = face_reads(emulator)
    done = export(program, target, "--base", str(base), WITHOUT)
    assert (done.status, done.json["leftOut"], done.json["facesWithImage"]) == (0, ["face-user-data"], 7)
    assert done.json["baseId"] == rows(base, "SELECT archive_id FROM object")[0][0]
    assert (face_reads(emulator) - before, set(user_data(target))) == (0, {None})


def test_a_refresh_notices_changed_user_data_of_a_face_that_the_base_has(
    program: Program, emulator: RunningEmulator
) -> None:
    base = exported(program, emulator, "PersonGroup", "employees")
    face = relabel(emulator, "en face")
    query = "SELECT user_data FROM faces WHERE face_id = ?"
    for more, read, expected in (((), 0, "front"), ((REFRESH,), 7, "en face")):
        before, target = face_reads(emulator), program.directory / f"{expected}.facesnap"
        done = export(program, target, "--base", str(base), *more)
        assert (done.status, done.json["facesWithImage"], face_reads(emulator) - before) == (0, 7, read)
        assert rows(target, query, face) == [(expected,)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((WITHOUT, REFRESH, "--base", "BASE"), "leaves out: give one of them"),
        ((REFRESH,), "give --base ARCHIVE, too"),
    ],
)
def test_options_that_do_not_go_together_are_refused_before_anything_is_sent(
    program: Program, emulator: RunningEmulator, more: tuple[str, ...], said: str
) -> None:
    base = exported(program, emulator, "PersonGroup", "employees")
    before = emulator.requests()["total"]
    done = export(program, program.directory / "x.facesnap", *(str(base) if word == "BASE" else word for word in more))
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert emulator.requests()["total"] == before


def test_a_draft_with_some_user_data_ends_with_none_if_it_is_resumed_without(
    program: Program, emulator: RunningEmulator
) -> None:
    target = program.directory / "x.facesnap"
    interrupt(program, emulator, target)
    before = face_reads(emulator)
    done = export(program, target, WITHOUT)
    assert (done.status, done.json["leftOut"], face_reads(emulator) - before) == (0, ["face-user-data"], 0)
    assert set(user_data(target)) == {None}
    assert program.run("inspect", str(target), "--check", "-q").status == 0


def test_a_draft_without_user_data_ends_with_all_of_it_if_it_is_resumed_so(
    program: Program, emulator: RunningEmulator
) -> None:
    target = program.directory / "x.facesnap"
    interrupt_second_listing(program, emulator, target, WITHOUT)
    before = face_reads(emulator)
    done = export(program, target)
    assert (done.status, done.json["leftOut"], face_reads(emulator) - before) == (0, [], 7)
    assert "front" in user_data(target)
    assert program.run("inspect", str(target), "--check", "-q").status == 0


def test_a_draft_that_took_user_data_from_a_base_reads_it_again_for_a_refresh_and_only_once(
    program: Program, emulator: RunningEmulator
) -> None:
    base, target = exported(program, emulator, "PersonGroup", "employees"), program.directory / "x.facesnap"
    face = relabel(emulator, "en face")
    interrupt_second_listing(program, emulator, target, "--base", str(base))
    refresh = ("--base", str(base), REFRESH)
    interrupt(program, emulator, target, *refresh, after=4)
    before = face_reads(emulator)
    done = export(program, target, *refresh)
    assert (done.status, face_reads(emulator) - before) == (0, 3)
    assert rows(target, "SELECT user_data FROM faces WHERE face_id = ?", face) == [("en face",)]


def test_the_line_to_go_on_has_both_options(program: Program, emulator: RunningEmulator) -> None:
    base, target = exported(program, emulator, "PersonGroup", "employees"), program.directory / "x.facesnap"
    interrupt(program, emulator, target, "--base", str(base), REFRESH)
    [entry] = program.run("status", "-o", "json").json
    assert entry["resume"].endswith(f"--base {base} {REFRESH}")
    other = program.directory / "y.facesnap"
    interrupt_second_listing(program, emulator, other, WITHOUT)
    assert f"--to {other} {WITHOUT}" in program.run("status", "-o", "json").json[1]["resume"]


def test_what_one_of_two_archives_lacks_is_no_difference(
    program: Program, emulator: RunningEmulator, bare: Path
) -> None:
    whole = exported(program, emulator, "PersonGroup", "employees")
    for archives in ((whole, bare), (bare, whole)):
        done = program.run("diff", *map(str, archives), "-o", "json")
        assert (done.status, done.json) == (0, [])
        assert done.err == f"the user data of faces is not compared: {bare} was exported without it\n"
    relabel(emulator, "en face")
    assert program.run("diff", str(bare), "-q").status == 0


def test_a_full_verification_does_not_read_what_the_archive_lacks(
    program: Program, emulator: RunningEmulator, bare: Path
) -> None:
    before = face_reads(emulator)
    done = program.run("import", str(bare), "-p", "target", "--verify", "full", "-o", "json")
    assert (done.status, done.json["leftOut"], face_reads(emulator) - before) == (0, ["face-user-data"], 0)
    assert f"{bare} was exported without the user data of faces" in done.err
    assert len(face_ids(emulator, "PersonGroup", "employees", TARGET)) == 7


def test_faces_that_are_there_keep_their_user_data_when_a_person_is_put_back(
    program: Program, emulator: RunningEmulator, bare: Path
) -> None:
    found = {each["name"]: each for each in persons(emulator, "PersonGroup", "employees")}
    ada, path = found["Ada Lovelace"], "/persongroups/employees/persons"
    call(emulator, "DELETE", f"{path}/{found['Grace Hopper']['personId']}", SOURCE)
    done = program.run("restore", str(bare), "--to", "source", "--into", "--yes", "-q", "-o", "none")
    assert (done.status, done.err) == (0, "")
    assert len(face_ids(emulator, "PersonGroup", "employees")) == 7
    kept = [
        call(emulator, "GET", f"{path}/{ada['personId']}/persistedfaces/{face}", SOURCE).get("userData")
        for face in ada["persistedFaceIds"]
    ]
    assert "front" in kept


def test_a_restore_says_that_faces_get_no_user_data(program: Program, bare: Path) -> None:
    shown = program.run("restore", str(bare), "--to", "target:again", "--dry-run", "-o", "json")
    assert (shown.status, "3 persons and 7 faces without user data" in shown.json[0]["why"]) == (0, True)


@pytest.fixture
def team(program: Program, emulator: RunningEmulator) -> Team:
    return Team(program, emulator)


@pytest.fixture
def ada(team: Team) -> Member:
    """Ada, whose two faces have the names of their files as user data."""
    return team.add("Ada Lovelace", "E1001", faces=("left.jpg", "right.jpg"))


def test_images_that_only_the_user_data_of_faces_names_are_told_of(team: Team, ada: Member) -> None:
    team.put("left.jpg")
    team.put("E1001.jpg")
    done = team.export(WITHOUT)
    assert (done.status, done.json["facesWithImage"]) == (0, 1)
    assert "warning: 1 unused file may be named by the user data of faces, which is not read" in done.err
    assert team.export().json["facesWithImage"] == 2


def test_nothing_is_written_if_no_image_can_be_matched_without_it(team: Team, ada: Member) -> None:
    team.put("left.jpg")
    assert team.export().status == 0
    before = team.archive.read_bytes()
    done = team.export(WITHOUT)
    assert (done.status, done.out) == (14, "")
    assert "and not after the user data of faces, which is not read" in done.err
    assert team.archive.read_bytes() == before


def test_a_base_keeps_the_image_that_the_user_data_of_a_face_once_named(
    program: Program, team: Team, ada: Member
) -> None:
    for name in ("Ada Lovelace/left.jpg", "Ada Lovelace/right.jpg"):
        team.put(name)
    assert team.export().status == 0
    exact, base = team.matched(), program.directory / "base.facesnap"
    team.archive.rename(base)
    assert team.export(WITHOUT, "--base", str(base)).status == 0
    assert team.matched() == exact


def test_a_dry_run_leaves_no_file_undecided_because_nothing_more_would_be_read(team: Team, ada: Member) -> None:
    team.put("left.jpg")
    team.put("E1001.jpg")
    for more, undecided in (((), 1), ((WITHOUT,), 0)):
        shown = team.export("--dry-run", *more)
        assert (shown.status, shown.json["facesWithImage"], shown.json["undecidedFiles"]) == (0, 1, undecided)
