"""Files that several persons or faces could claim: none of them gets the file."""

from __future__ import annotations

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.team import Member, Team
from tests.conftest import Program

WEBP = b"RIFF\0\0\1\0WEBPVP8 " + bytes(4000)


@pytest.fixture
def team(program: Program, emulator: RunningEmulator) -> Team:
    return Team(program, emulator)


@pytest.fixture
def grace(team: Team) -> Member:
    """A person whose image nobody else claims, so that the archive is written."""
    member = team.add("Grace")
    team.put("Grace.jpg")
    return member


def contended(team: Team, *more: str) -> list[str]:
    """Export, and return the files that went to nobody because several could claim them."""
    done = team.export(*more)
    assert done.status == 0
    return [entry["place"] for entry in done.json["matching"]["contended"]]


def test_a_file_named_by_a_persons_number_and_by_anothers_face(team: Team, grace: Member) -> None:
    team.add("Ada", "E1001", faces=["E1002.jpg"])
    team.add("Bob", "E1002")
    team.put("E1002.jpg")
    assert contended(team) == [str(team.images / "E1002.jpg")]
    assert list(team.matched()) == grace.faces


def test_a_number_of_a_photo_is_no_claim_of_another_persons_face(team: Team) -> None:
    ada, bob = team.add("Ada", "1", faces=["1"]), team.add("Bob", "2", faces=["1"])
    images = [team.put("1.jpg"), team.put("2.jpg")]
    assert contended(team) == []
    assert team.matched() == {ada.faces[0]: images[0], bob.faces[0]: images[1]}


@pytest.mark.parametrize("path", ["{ada}/Bob.jpg", "Bob/{ada}.jpg", "{ada}/{bob}/1.jpg", "{ada}/{bob}.jpg"])
def test_a_path_with_a_faces_id_and_another_person(team: Team, grace: Member, path: str) -> None:
    ada, bob = team.add("Ada"), team.add("Bob")
    name = path.format(ada=ada.faces[0], bob=bob.faces[0])
    team.put(name)
    assert contended(team) == [str(team.images / name)]
    assert list(team.matched()) == grace.faces


def test_a_faces_id_that_is_another_persons_user_data(team: Team, grace: Member) -> None:
    ada = team.add("Ada")
    team.add("Bob", ada.faces[0])
    name = f"{ada.faces[0]}.jpg"
    team.put(name)
    assert contended(team) == [str(team.images / name)]
    assert list(team.matched()) == grace.faces


def test_a_manifests_user_data_that_is_one_key_of_several(team: Team) -> None:
    ada = team.add("Ada", {"employee": "E1", "manager": "E0"})
    team.add("Bob", {"employee": "E2", "manager": "E9"})
    cyd = team.add("Cyd", {"employee": "E3", "manager": "E8"})
    images = [team.put("a.jpg"), team.put("b.jpg"), team.put("c.jpg")]
    manifest = team.program.directory / "m.csv"
    manifest.write_text("user_data,path\nE1,photos/a.jpg\nE9,photos/b.jpg\nE3,photos/c.jpg\n")
    assert team.export(images=manifest).status == 0
    assert team.matched() == {ada.faces[0]: images[0], cyd.faces[0]: images[2]}


def test_the_content_of_a_file_that_its_person_does_not_need(team: Team, grace: Member) -> None:
    ada = team.add("Ada", "E1001")
    bob = team.add("Bob", "E1002")
    own = team.put("E1001.jpg")
    same = team.put("E1001-2.jpg")
    team.put("E1002.jpg", same)
    done = team.export()
    assert (done.status, done.json["matching"]["sharedImages"][0]["faceIds"]) == (11, bob.faces)
    assert (team.matched().get(ada.faces[0]), sorted(team.matched())) == (own, sorted([*ada.faces, *grace.faces]))
    assert team.export("--allow-shared-images").status == 0
    assert team.matched()[bob.faces[0]] == same


class TestTheBaseHasTheWrongPersonsImage:
    @pytest.fixture
    def ada(self, team: Team) -> Member:
        """A person who has the image of Bob in the base, because a manifest was wrong."""
        ada = team.add("Ada", "E1001")
        team.add("Bob", "E1002")
        team.put("E1002.jpg")
        self.write(team, "Ada,photos/E1002.jpg", "Grace,photos/Grace.jpg")
        assert team.export(images=team.program.directory / "m.csv").status == 0
        assert ada.faces[0] in team.matched()
        team.archive.rename(team.program.directory / "base.facesnap")
        return ada

    def write(self, team: Team, *lines: str) -> None:
        (team.program.directory / "m.csv").write_text("\n".join(["name,path", *lines, ""]))

    def faces_after(self, team: Team, images: str) -> list[str]:
        base = team.program.directory / "base.facesnap"
        assert team.export("--base", str(base), images=team.program.directory / images).status in (0, 11)
        return list(team.matched())

    @pytest.mark.parametrize("path", ["photos\\E1002.jpg", "{images}/E1002.jpg", "./photos/../photos/E1002.jpg"])
    def test_a_corrected_row_with_another_spelling(self, team: Team, grace: Member, ada: Member, path: str) -> None:
        self.write(team, f"Bob,{path.format(images=team.images)}")
        team.put("E1002.jpg")
        assert ada.faces[0] not in self.faces_after(team, "m.csv")

    def test_the_file_of_its_person_is_unusable_now(self, team: Team, grace: Member, ada: Member) -> None:
        self.write(team, "Bob,photos/E1002.jpg", "Grace,photos/Grace.jpg")
        team.put("E1002.jpg", WEBP)
        assert ada.faces[0] not in self.faces_after(team, "m.csv")

    def test_its_person_does_not_need_the_file(self, team: Team, grace: Member, ada: Member) -> None:
        (team.images / "E1002.jpg").rename(team.images / "E1002-2.jpg")
        team.put("E1002-1.jpg")
        assert ada.faces[0] not in self.faces_after(team, "photos")
