"""The layouts of images that people have: each row of the table in docs/reference/images.md."""

from __future__ import annotations

import os
import shutil
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from facesnap_cli.archives.images.object_index import ObjectIndex
from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.team import Team
from tests.conftest import SOURCE_KEYS, Program
from tests.support.archives import rows
from tests.support.service import call

ADA = "Ada Lovelace"


@pytest.fixture
def team(program: Program, emulator: RunningEmulator) -> Team:
    return Team(program, emulator)


@pytest.mark.parametrize(
    ("user_data", "path", "rule"),
    [
        (None, "{face}.jpg", "face-id"),
        (None, "{face}-2.png", "face-id"),
        (None, "{face}/any name.jpg", "face-id"),
        (None, "{person}/1.jpg", "person-id"),
        (None, "{person}.jpg", "person-id"),
        (None, "{person}-2.jpg", "person-id"),
        (None, "Ada Lovelace/1.jpg", "name"),
        (None, "Ada Lovelace.jpg", "name"),
        (None, "Ada Lovelace (2).jpg", "name"),
        (None, "ADA lovelace/x.jpg", "name"),
        (None, " Ada Lovelace /x.jpg", "name"),
        (None, "2024/Sales/Ada Lovelace/1.jpg", "name"),
        (None, "Ada Lovelace/2024/spring/1.jpg", "name"),
        ("E1001", "E1001/1.jpg", "user-data"),
        ("E1001", "E1001.jpg", "user-data"),
        ("E1001", "E1001-2.jpg", "user-data"),
        ("E1001", "E1001_2.jpg", "user-data"),
        ("E1001", "E1001 (2).jpg", "user-data"),
        ("E1001", "e1001 2.JPG", "user-data"),
        ("E1001", "E1001.jfif", "user-data"),
        ("E1001", "E1001", "user-data"),
        ("E1001", "deep/er/E1001-02.png", "user-data"),
        ({"employee": "E1001", "unit": "Sales"}, "E1001.jpg", "user-data"),
        ({"employee": 1001}, "1001/1.jpg", "user-data"),
        ({"employee": "E1001", "unit": "Sales"}, "Sales/E1001.jpg", "user-data"),
        (None, "Ada Lovelace/left.jpg", "user-data"),
        (None, "Ada Lovelace/2024/left.jpg", "user-data"),
        (None, "left.jpg", "user-data"),
    ],
)
def test_a_layout_gives_the_image_to_the_person_that_it_names(
    team: Team, user_data: object, path: str, rule: str
) -> None:
    ada = team.add(ADA, user_data, faces=["left"])
    team.add("Grace Hopper", {"employee": "E1002", "unit": "Sales"}, faces=["right"])
    image = team.put(path.format(face=ada.faces[0], person=ada.person_id))
    done = team.export()
    assert (done.status, team.matched()) == (0, {ada.faces[0]: image})
    assert team.sources() == {ada.faces[0]: (path.format(face=ada.faces[0], person=ada.person_id), rule)}
    assert team.program.run("inspect", str(team.archive), "--check").status == 0


@pytest.mark.parametrize("user_data", ["of/ada.jpg", "of\\ada.jpg", "of/ada"])
def test_user_data_of_a_face_names_a_file_by_its_path(team: Team, user_data: str) -> None:
    ada = team.add(ADA, faces=[user_data])
    image = team.put("of/ada.jpg")
    assert (team.export().status, team.matched()) == (0, {ada.faces[0]: image})


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_composed_and_decomposed_letters_are_the_same(team: Team, form: Literal["NFC", "NFD"]) -> None:
    other: Literal["NFC", "NFD"] = "NFC" if form == "NFD" else "NFD"
    jose = team.add(unicodedata.normalize(other, "José Ñandú"))
    image = team.put(unicodedata.normalize(form, "José Ñandú/1.jpg"))
    assert (team.export().status, team.matched()) == (0, {jose.faces[0]: image})


@pytest.mark.parametrize("path", ["{face}.jpg", "E1001.jpg", "E1001-2.jpg", "all/E1001.png"])
def test_a_layout_names_the_faces_of_a_list(program: Program, emulator: RunningEmulator, path: str) -> None:
    call(emulator, "PUT", "/facelists/doors", SOURCE_KEYS[0], {"name": "Doors"})
    faces = [
        call(
            emulator,
            "POST",
            f"/facelists/doors/persistedfaces?userData={number}",
            SOURCE_KEYS[0],
            emulator.image(f"{place:032x}"),
        )["persistedFaceId"]
        for place, number in enumerate(("E1001", "E1002"))
    ]
    images = program.directory / "photos" / path.format(face=faces[0])
    images.parent.mkdir(parents=True)
    images.write_bytes(emulator.image("0" * 32))
    target = program.directory / "x.facesnap"
    source = str(program.directory / "photos")
    done = program.run("export", "-t", "FaceList", "-i", "doors", "--to", str(target), "--images", source, "-q")
    assert done.status == 0
    assert rows(target, "SELECT face_id FROM faces WHERE image > ''") == [(faces[0],)]


def test_an_exact_name_wins(team: Team) -> None:
    exact, loose = team.add("Ada"), team.add("ADA")
    one, two = team.put("Ada/1.jpg"), team.put("ADA/1.jpg")
    assert team.export().status == 0
    assert team.matched() == {exact.faces[0]: one, loose.faces[0]: two}


def test_a_name_that_ignores_case_counts_only_if_one_person_remains(team: Team) -> None:
    team.add("Ada")
    team.add("ADA")
    grace = team.add("Grace")
    team.put("ada/1.jpg")
    image = team.put("grace.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {grace.faces[0]: image})
    assert [entry["place"] for entry in done.json["matching"]["contended"]] == [str(team.images / "ada/1.jpg")]


def test_a_name_with_a_number_at_its_end_is_the_exact_persons(team: Team) -> None:
    whole, short = team.add("Unit", "E-2"), team.add("Other", "E")
    two, three = team.put("E-2.jpg"), team.put("E-3.jpg")
    assert team.export().status == 0
    assert team.matched() == {whole.faces[0]: two, short.faces[0]: three}


def test_files_go_to_the_faces_in_the_order_of_their_numbers(team: Team) -> None:
    ada = team.add(ADA, "E1001", faces=[None, None, None])
    ten, two, first = team.put("E1001-10.jpg"), team.put("E1001-2.jpg"), team.put("E1001.jpg")
    assert team.export().status == 0
    assert list(team.matched().items()) == list(zip(ada.faces, (first, two, ten), strict=True))


def test_a_folder_of_a_department_is_nobodys(team: Team) -> None:
    team.add(ADA, {"employee": "E1001", "unit": "Sales"})
    grace = team.add("Grace", "E1002")
    team.put("Sales/Somebody Else.jpg")
    image = team.put("Sales/E1002.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {grace.faces[0]: image})
    assert done.json["matching"]["unusedFiles"] == [str(team.images / "Sales/Somebody Else.jpg")]


def test_only_the_key_of_user_data_that_names_the_most_files_counts(team: Team) -> None:
    """The numbers of managers, who may have left, stand in the user data of others."""
    ada = team.add(ADA, {"employee": "E1", "manager": "E0"}, faces=[None, None])
    bob = team.add("Bob", {"employee": "E2", "manager": "E1"})
    cyd = team.add("Cyd", {"employee": "E3", "manager": "E1"})
    team.put("E0.jpg")
    images = {member.faces[0]: team.put(f"E{number}.jpg") for number, member in enumerate((ada, bob, cyd), 1)}
    done = team.export()
    assert (done.status, team.matched()) == (0, images)
    assert done.json["matching"]["unusedFiles"] == [str(team.images / "E0.jpg")]


def test_if_two_keys_of_user_data_name_as_many_files_neither_counts_alone(team: Team) -> None:
    team.add(ADA, {"employee": "E1", "manager": "E0"})
    team.add("Bob", {"employee": "E2", "manager": "E9"})
    grace = team.add("Grace")
    both = [team.put("E0.jpg"), team.put("E2.jpg")]
    image = team.put("Grace.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {grace.faces[0]: image})
    assert len(done.json["matching"]["contended"]) == len(both)


def test_two_keys_of_user_data_with_one_value_both_count(team: Team) -> None:
    ada = team.add(ADA, {"employee": "E1", "login": "e1"})
    image = team.put("E1.jpg")
    assert (team.export().status, team.matched()) == (0, {ada.faces[0]: image})


def test_a_key_of_user_data_that_most_persons_share_names_nobody(team: Team) -> None:
    for number, floor in enumerate((2, 2, 2, 3), 1):
        team.add(f"Person {number}", {"employee": f"E{number}", "floor": floor})
    grace = team.add("Grace")
    image = team.put("Grace.jpg")
    team.put("3.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {grace.faces[0]: image})
    assert done.json["matching"]["unusedFiles"] == [str(team.images / "3.jpg")]


def test_a_path_with_dots_in_it_works(team: Team) -> None:
    ada = team.add(ADA)
    image = team.put(f"{ADA}/1.jpg")
    (team.program.directory / "here").mkdir()
    for source in (team.program.directory / "here" / ".." / "photos", team.images / "x" / ".." / ".." / "photos"):
        (team.images / "x").mkdir(exist_ok=True)
        done = team.export(images=source)
        assert (done.status, team.matched()) == (0, {ada.faces[0]: image})


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("._1.jpg", b"\0\5\x16\7" + b"x" * 4000),
        (".1.jpg", b"\xff\xd8\xff" + b"x" * 4000),
        ("0.jpg", b""),
        ("0.jpg", b"\xff\xd8\xff"),
        ("0.jpg", b"\xff\xd8\xff" + bytes(7_000_000)),
        ("0.jpg", b"<html>" * 1000),
        ("0.webp", b"RIFF\0\0\1\0WEBPVP8 " + bytes(4000)),
        ("0.tif", b"II*\0" + bytes(4000)),
        ("0.jpg", b"\0\0\0\x18ftypheic" + bytes(4000)),
        ("Thumbs.db", b"\xd0\xcf\x11\xe0" + bytes(4000)),
    ],
)
def test_an_unusable_file_takes_the_place_of_none(team: Team, name: str, content: bytes) -> None:
    ada = team.add(ADA)
    team.put(f"{ADA}/{name}", content)
    image = team.put(f"{ADA}/1.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {ada.faces[0]: image})


@pytest.mark.parametrize(
    ("beginning", "kind"),
    [(b"RIFF\0\0\1\0WEBP", "WebP"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"\0\0\0\x18ftypheic", "HEIC")],
)
def test_a_format_that_the_service_does_not_take_is_named(team: Team, beginning: bytes, kind: str) -> None:
    team.add(ADA)
    team.add("Grace")
    team.put(f"{ADA}/1.x", beginning + bytes(4000))
    team.put("Grace/1.jpg")
    done = team.export()
    assert done.status == 11
    assert f"{ADA}/1.x: a {kind} image" in done.err


def test_unused_files_and_folders_and_faces_without_image_are_named(team: Team) -> None:
    ada, grace = team.add(ADA), team.add("Grace Hopper")
    team.put("Grace Hopper/1.jpg")
    extra = team.put("Grace Hopper/2.jpg")
    for number in range(30):
        team.put(f"Nobody/{number}.jpg", extra)
    team.put("stray.jpg", extra)
    empty = team.images / ADA
    empty.mkdir()
    (empty / "._1.jpg").write_bytes(extra)
    done = team.export()
    matching = done.json["matching"]
    assert (done.status, matching["matched"], matching["byRule"]) == (0, 1, {"name": 1})
    nobody = {"folder": str(team.images / "Nobody"), "files": 30}
    assert matching["unusedFolders"] == [nobody, {"folder": str(empty), "files": 0}]
    assert len(matching["unusedFiles"]) == 32
    bare = [{"faceId": ada.faces[0], "personId": ada.person_id, "name": ADA}]
    assert (matching["facesWithoutImage"], len(grace.faces)) == (bare, 1)
    for text in (
        "folder of no person: ",
        f"folder without a file: {empty}",
        "2.jpg",
        "stray.jpg",
        f"no image: face {ada.faces[0]} of {ADA}",
    ):
        assert text in done.err
    assert "Nobody/3.jpg" not in done.err


def test_a_name_that_is_not_unicode_is_nobodys(team: Team) -> None:
    ada = team.add(ADA)
    image = team.put(f"{ADA}.jpg")
    folder = Path(os.fsdecode(os.fsencode(team.images) + b"/\xff"))
    folder.mkdir()
    (folder / os.fsdecode(b"\xfe.jpg")).write_bytes(image)
    done = team.export()
    assert (done.status, team.matched()) == (0, {ada.faces[0]: image})
    assert [entry["files"] for entry in done.json["matching"]["unusedFolders"]] == [1]


def test_an_unusable_file_that_is_not_needed_is_named_as_such(team: Team) -> None:
    team.add(ADA)
    team.put(f"{ADA}/1.jpg")
    team.put(f"{ADA}/2.webp", b"RIFF\0\0\1\0WEBP" + bytes(4000))
    done = team.export()
    assert done.status == 0
    [unusable] = done.json["matching"]["unusable"]
    assert "a WebP image" in unusable["reason"]


@pytest.mark.parametrize("kind", ["webp", "namesake", "extra"])
def test_a_folder_without_a_file_that_was_used_is_named(team: Team, kind: str) -> None:
    ada = team.add(ADA)
    for _ in range(2):
        team.add("John Smith")
    image = team.put(f"{ADA}.jpg")
    name = "John Smith" if kind == "namesake" else ADA
    team.put(f"{name}/1.jpg", b"RIFF\0\0\1\0WEBP" + bytes(4000) if kind == "webp" else None)
    done = team.export()
    assert (done.status, team.matched()) == (0, {ada.faces[0]: image})
    folder = team.images / name
    assert done.json["matching"]["unusedFolders"] == [{"folder": str(folder), "files": 1}]
    assert f"folder without a file that was used: {folder} (1 file)" in done.err


def test_a_link_that_is_not_followed_is_named(team: Team) -> None:
    team.add("Grace")
    team.add(ADA)
    team.put("Grace.jpg")
    (team.images / f"{ADA}.jpg").symlink_to("nowhere")
    (team.images / "Stranger").symlink_to(team.program.directory)
    done = team.export()
    assert done.status == 11
    assert f"{ADA}.jpg: No such file or directory" in done.err
    assert done.json["matching"]["unusedFolders"] == [{"folder": str(team.images / "Stranger"), "files": 0}]


def test_the_table_of_layouts_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "images.md").read_text()
    for layout in ("E1001-2.jpg", "E1001_2.jpg", "E1001 (2).jpg", "Ada Lovelace/1.jpg", "Sales/E1001.jpg"):
        assert f"`{layout}`" in text


@pytest.mark.parametrize("deleted", ["folder", "directory"])
def test_only_a_directory_that_is_deleted_while_it_is_read_fails_the_export(
    team: Team, monkeypatch: pytest.MonkeyPatch, deleted: str
) -> None:
    ada = team.add(ADA)
    image = team.put(f"{ADA}/1.jpg")
    team.put("Grace/1.jpg")
    named = ObjectIndex.named

    def delete(index: ObjectIndex, text: str, *, is_folder: bool = False) -> object:
        if index.face_count() and text == "Grace":
            shutil.rmtree(team.images / "Grace")
            if deleted == "directory":
                team.images.rename(team.images.with_name("old"))
                shutil.copytree(team.images.with_name("old"), team.images)
        return named(index, text, is_folder=is_folder)

    monkeypatch.setattr(ObjectIndex, "named", delete)
    done = team.export()
    if deleted == "folder":
        assert (done.status, team.matched()) == (0, {ada.faces[0]: image})
        assert f"folder without a file: {team.images}/Grace" in done.err
    else:
        assert (done.status, done.out, team.archive.exists()) == (3, "", False)


def test_a_folder_that_cannot_be_read_is_noticed_before_user_data_is_read(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    team.add(ADA)
    team.put(f"{ADA}/1.jpg")
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith(ADA):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    done = team.export()
    assert (done.status, done.out) == (2, "")
    assert f"{team.images}/{ADA}: Permission denied" in done.err
    assert not [call for call in team.emulator.requests()["requests"] if "/persistedfaces/" in call["path"]]
