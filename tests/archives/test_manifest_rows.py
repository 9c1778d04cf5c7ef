"""The rows of a manifest: whom they mean, and when they contradict each other or the object."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.team import Team
from tests.conftest import Program, Result

ADA, GRACE = "Ada Lovelace", "Grace Hopper"


@pytest.fixture
def team(program: Program, emulator: RunningEmulator) -> Team:
    """Two persons with a number each, and two photos."""
    team = Team(program, emulator)
    team.add(ADA, "E1", faces=["left"])
    team.add(GRACE, "E2", faces=["right"])
    for name in ("1.jpg", "2.jpg"):
        team.put(name)
    return team


def export(team: Team, *lines: str, place: Path = Path()) -> Result:
    manifest = team.program.directory / place / "m.csv"
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text("\n".join(lines) + "\n")
    return team.export(images=manifest)


def complaints(done: Result) -> list[str]:
    assert (done.status, done.out) == (2, "")
    found: list[str] = json.loads(done.err)["error"]["complaints"]
    return found


def files(team: Team) -> dict[str, str]:
    """Return the files in the archive by the names of their persons."""
    names = {face: member.name for member in team.members for face in member.faces}
    return {names[face]: path for face, (path, _) in team.sources().items()}


def test_name_and_user_data_of_two_persons_contradict_each_other(team: Team) -> None:
    done = export(team, "name,user_data,path", f"{ADA},E2,photos/1.jpg", f"{GRACE},E2,photos/2.jpg")
    [found] = complaints(done)
    assert "line 2" in found
    assert not list(team.program.directory.glob("team.facesnap*"))


@pytest.mark.parametrize("column", ["name", "person_id"])
def test_a_row_whose_user_data_nobody_has_is_not_that_of_a_person_with_other_user_data(team: Team, column: str) -> None:
    value = ADA if column == "name" else team.members[0].person_id
    done = export(team, f"{column},user_data,path", f"{value},E9,photos/1.jpg", ",E2,photos/2.jpg")
    assert (done.status, files(team)) == (0, {GRACE: "photos/2.jpg"})
    assert "m.csv, line 2: photos/1.jpg" in done.err


def test_a_row_whose_user_data_nobody_has_is_that_of_a_person_without_any(team: Team) -> None:
    team.add("Third")
    assert export(team, "name,user_data,path", "Third,E9,photos/1.jpg").status == 0
    assert files(team) == {"Third": "photos/1.jpg"}


def test_a_row_may_have_the_whole_user_data_of_its_person(team: Team) -> None:
    third = team.add("Third", {"employee": "E3"})
    text = '"{""employee"": ""E3""}"'
    lines = (f"{third.person_id},Third,{text},photos/1.jpg", f",Third,{text},photos/2.jpg")
    for line, path in zip(lines, ("photos/1.jpg", "photos/2.jpg"), strict=True):
        assert export(team, "person_id,name,user_data,path", line).status == 0
        assert files(team) == {"Third": path}


@pytest.mark.parametrize("column", ["name", "person_id"])
def test_a_row_may_have_the_user_data_of_a_face_beside_its_person(team: Team, column: str) -> None:
    value = ADA if column == "name" else team.members[0].person_id
    assert export(team, f"{column},user_data,path", f"{value},left,photos/1.jpg").status == 0
    assert files(team) == {ADA: "photos/1.jpg"}
    assert export(team, f"{column},user_data,path", f"{value},right,photos/1.jpg").status == 14


@pytest.mark.parametrize("path", ["{photos}/1.jpg", "../lists/../photos/1.jpg", "..\\photos\\1.jpg"])
def test_a_file_in_two_rows_is_noticed_however_its_path_is_written(team: Team, path: str) -> None:
    path = path.format(photos=team.images)
    done = export(team, "name,path", f"{ADA},../photos/1.jpg", f"{GRACE},{path}", place=Path("lists"))
    [found] = complaints(done)
    assert "line 3" in found


def test_a_home_directory_is_expanded(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(team.images))
    assert export(team, "name,path", f"{ADA},~/1.jpg").status == 0
    assert files(team) == {ADA: "photos/1.jpg"}
    assert len(complaints(export(team, "name,path", f"{ADA},~/1.jpg", f"{GRACE},photos/1.jpg"))) == 1


def test_rectangles_compare_as_numbers(team: Team) -> None:
    rectangles = ('"0,0,40,40"', '" 00, 0,40,40"')
    lines = [f"{name},photos/1.jpg,{area}" for name, area in zip((ADA, GRACE), rectangles, strict=True)]
    assert len(complaints(export(team, "name,path,target_face", *lines))) == 1


def test_a_detection_model_that_cannot_be_one_is_refused(team: Team) -> None:
    assert len(complaints(export(team, "name,path,detection_model", f"{ADA},photos/1.jpg,best"))) == 1


@pytest.mark.parametrize("before", ["", '"sep=;"', "\nSEP=;"])
def test_lines_before_the_header_are_skipped_and_counted(team: Team, before: str) -> None:
    done = export(team, before, "Name;Path", f"{ADA};photos/1.jpg", f"{GRACE};photos/1.jpg")
    [found] = complaints(done)
    assert f"line {len(before.splitlines() or ['']) + 3}:" in found
