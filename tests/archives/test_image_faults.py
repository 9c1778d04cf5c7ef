"""No person gets another's image: files of several claimants, shared content, and manifests with mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.team import Team
from tests.conftest import Program, Result
from tests.support.archives import rows

ADA, GRACE = "Ada Lovelace", "Grace Hopper"


@pytest.fixture
def team(program: Program, emulator: RunningEmulator) -> Team:
    return Team(program, emulator)


def contended(done: Result) -> list[str]:
    return [entry["place"] for entry in done.json["matching"]["contended"]]


@pytest.mark.parametrize("name", ["portrait.jpg", "portrait"])
def test_a_file_that_faces_of_two_persons_name_goes_to_neither(team: Team, name: str) -> None:
    team.add(ADA, faces=[name])
    team.add(GRACE, faces=["portrait.jpg"])
    third = team.add("Third")
    team.put("portrait.jpg")
    image = team.put("Third.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {third.faces[0]: image})
    assert contended(done) == [str(team.images / "portrait.jpg")]
    assert "image of no certain face: " in done.err


def test_a_face_that_names_a_file_exactly_goes_before_one_that_does_not(team: Team) -> None:
    team.add(ADA, faces=["PORTRAIT.jpg"])
    grace = team.add(GRACE, faces=["portrait.jpg"])
    image = team.put("portrait.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {grace.faces[0]: image})


def test_each_of_two_faces_gets_the_file_of_that_name_in_its_persons_folder(team: Team) -> None:
    ada, grace = (team.add(name, faces=["portrait.jpg"]) for name in (ADA, GRACE))
    first, second = team.put(f"{ADA}/portrait.jpg"), team.put(f"{GRACE}/portrait.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {ada.faces[0]: first, grace.faces[0]: second})


def test_a_file_that_two_faces_of_one_person_name_goes_to_neither(team: Team) -> None:
    team.add(ADA, faces=["portrait.jpg", "portrait.jpg"])
    grace = team.add(GRACE)
    team.put(f"{ADA}/portrait.jpg")
    image = team.put(f"{GRACE}.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {grace.faces[0]: image})
    assert contended(done) == [str(team.images / f"{ADA}/portrait.jpg")]


@pytest.mark.parametrize("path", ["{ada}/{grace}.jpg", "{ada}/{grace_face}.jpg", "{ada}/{grace}/1.jpg"])
def test_a_path_that_names_two_persons_is_nobodys(team: Team, path: str) -> None:
    ada, grace = team.add(ADA), team.add(GRACE)
    third = team.add("Third")
    path = path.format(ada=ada.person_id, grace=GRACE, grace_face=grace.faces[0])
    team.put(path)
    image = team.put("Third.jpg")
    done = team.export()
    assert (done.status, team.matched(), contended(done)) == (0, {third.faces[0]: image}, [str(team.images / path)])


def test_a_namesake_costs_only_its_own_faces_their_image(team: Team) -> None:
    for _ in range(2):
        team.add("John Smith", faces=[None, None])
    ada = team.add(ADA)
    team.put("John Smith/1.jpg")
    image = team.put(f"{ADA}/1.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {ada.faces[0]: image})
    assert len(done.json["matching"]["facesWithoutImage"]) == 4


def test_a_namesake_is_told_apart_by_the_other_names_of_the_path(team: Team) -> None:
    first, second = team.add("John Smith", "E1"), team.add("John Smith", "E2")
    one, two = team.put("John Smith/E1.jpg"), team.put("John Smith/E2/1.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, {first.faces[0]: one, second.faces[0]: two})


def test_one_image_for_two_persons_is_nobodys_unless_it_is_allowed(team: Team) -> None:
    ada, grace, third = team.add(ADA), team.add(GRACE), team.add("Third")
    image, other = team.put(f"{ADA}.jpg"), team.put("Third.jpg")
    team.put(f"{GRACE}.jpg", image)
    refused = team.export()
    assert (refused.status, team.matched()) == (11, {third.faces[0]: other})
    assert "one image for several persons: " in refused.err
    assert len(refused.json["matching"]["sharedImages"][0]["faceIds"]) == 2
    allowed = team.export("--allow-shared-images")
    assert (allowed.status, team.matched()[ada.faces[0]], team.matched()[grace.faces[0]]) == (0, image, image)


def test_one_image_twice_for_one_person_is_no_fault(team: Team) -> None:
    ada = team.add(ADA, faces=[None, None])
    image = team.put(f"{ADA}/1.jpg")
    team.put(f"{ADA}/2.jpg", image)
    done = team.export()
    assert (done.status, team.matched()) == (0, dict.fromkeys(ada.faces, image))


def test_another_image_is_taken_before_a_copy_of_the_first(team: Team) -> None:
    ada = team.add(ADA, faces=[None, None])
    image = team.put(f"{ADA}/1.jpg")
    team.put(f"{ADA}/2.jpg", image)
    other = team.put(f"{ADA}/3.jpg")
    done = team.export()
    assert (done.status, team.matched()) == (0, dict(zip(ada.faces, (image, other), strict=True)))


@pytest.mark.parametrize("found", ["nothing", "strangers"])
def test_an_export_without_any_image_replaces_nothing(team: Team, found: str) -> None:
    team.add(ADA)
    team.put(f"{ADA}.jpg")
    assert team.export().status == 0
    before = team.archive.read_bytes()
    (team.images / f"{ADA}.jpg").unlink()
    if found == "strangers":
        team.put("Stranger.jpg")
    base = team.archive.with_name("base.facesnap")
    base.write_bytes(before)
    for more in ((), ("--base", str(base))):
        done = team.export(*more)
        assert (done.status, done.out, team.archive.read_bytes()) == (14, "", before)
    assert json.loads(done.err)["error"]["code"] == "ImagesMissing"
    partial = team.archive.with_name("team.facesnap.partial")
    assert partial.exists() is (found == "strangers")  # an empty directory is noticed before user data is read
    assert found == "nothing" or rows(partial, "SELECT count(*) FROM images") == [(0,)]


def test_an_object_without_faces_needs_no_image(team: Team) -> None:
    team.add(ADA, faces=[])
    assert team.export("--require-images").status == 0


def test_required_images_that_are_missing_replace_nothing(team: Team) -> None:
    ada = team.add(ADA, faces=[None, None])
    team.put(f"{ADA}/1.jpg")
    assert team.export().status == 0
    before = team.archive.read_bytes()
    done = team.export("--require-images")
    assert (done.status, done.out, team.archive.read_bytes()) == (14, "", before)
    error = json.loads(done.err)["error"]
    assert [face["faceId"] for face in error["matching"]["facesWithoutImage"]] == [ada.faces[1]]
    team.put(f"{ADA}/2.jpg")
    assert team.export("--require-images").status == 0


def manifest(team: Team, text: str | bytes, name: str = "m.csv") -> str:
    path = team.program.directory / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_manifest_that_contradicts_itself_is_refused_with_all_lines_before_anything_is_sent(team: Team) -> None:
    before = team.emulator.requests()["total"]
    lines = ["persisted_face_id,name,path,target_face", ",Ada,a.jpg,", ",Bob,./a.jpg,", "f,,b.jpg,", "F,,c.jpg,"]
    lines += [",Eve,,", ",,d.jpg,", ",Eve,e.jpg,left", ",Fay,a.jpg,"]
    done = team.export(images=manifest(team, "\n".join(lines)))
    assert (done.status, done.out, team.emulator.requests()["total"]) == (2, "", before)
    found = json.loads(done.err)["error"]["complaints"]
    assert [line.partition("line ")[2].partition(":")[0] for line in found] == ["3", "5", "7", "8", "9"]
    assert "is in line 2 already" in found[0]
    assert not list(team.program.directory.glob("team.facesnap*"))


def test_a_manifest_that_contradicts_the_object_is_refused_with_all_lines_and_no_file(team: Team) -> None:
    ada, grace = team.add(ADA, "E1"), team.add(GRACE, "E2")
    table = [
        ("", "", "nobody", "", "1.jpg"),
        ("", "", "", "no-face", "2.jpg"),
        (GRACE, "", ada.person_id, "", "3.jpg"),
        ("", "", ada.person_id, grace.faces[0], "4.jpg"),
        (ADA, "", "", grace.faces[0].upper(), "4b.jpg")[:5],
        ("", "E2", ada.person_id, "", "5.jpg"),
        (f" {ADA.upper()} ", "E1", ada.person_id.upper(), "", "6.jpg"),
    ]
    table = [row for row in table if row[4] != "4.jpg"]
    text = "\n".join(["name,user_data,person_id,persisted_face_id,path", *(",".join(row) for row in table)])
    done = team.export(images=manifest(team, text))
    assert (done.status, done.out) == (2, "")
    found = json.loads(done.err)["error"]["complaints"]
    assert [line.partition("line ")[2].partition(":")[0] for line in found] == ["2", "3", "4", "5", "6"]
    assert not list(team.program.directory.glob("team.facesnap*"))
    assert not [call for call in team.emulator.requests()["requests"] if "/persistedfaces/" in call["path"]]


def test_a_face_that_is_not_the_persons_is_a_contradiction(team: Team) -> None:
    ada, grace = team.add(ADA), team.add(GRACE)
    text = f"person_id,persisted_face_id,path\n{ada.person_id},{grace.faces[0]},1.jpg\n"
    done = team.export(images=manifest(team, text))
    assert (done.status, done.out) == (2, "")
    assert f"is one of {GRACE}" in done.err


ROWS: list[tuple[str, ...]] = [
    ("Name", "Path", "Department"),
    ("José Ñandú", "photos\\josé.jpg", "Sales"),
    (ADA, "photos\\ada.jpg", "IT"),
]


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: "\n".join(",".join(row) for row in rows).encode(),
        lambda rows: "\r\n".join(";".join(row) for row in rows).encode("cp1252"),
        lambda rows: b"sep=;\r\n" + "\r\n".join(";".join(row) for row in rows).encode("utf-8"),
        lambda rows: "\r\n".join("\t".join(row) for row in rows).encode("utf-16"),
        lambda rows: "\r\n".join("\t".join(row) for row in rows).encode("utf-16-le"),
        lambda rows: ("\r\n".join(";".join(row) for row in rows) + "\r\n;;\r\n;;\r\n").encode("utf-8-sig"),
        lambda rows: (
            "\n".join(",".join(f'"{cell}"' for cell in row) for row in rows)
            .upper()
            .replace("PHOTOS", "photos")
            .replace("JOSÉ.JPG", "josé.jpg")
            .replace("ADA.JPG", "ada.jpg")
            .encode()
        ),
    ],
    ids=["utf-8", "windows", "sep", "utf-16", "utf-16-le", "empty-rows", "upper-case"],
)
def test_a_manifest_out_of_a_spreadsheet_is_read(team: Team, write: Callable[[list[tuple[str, ...]]], bytes]) -> None:
    jose, ada = team.add("José Ñandú"), team.add(ADA)
    images = {jose.faces[0]: team.put("jose\u0301.jpg"), ada.faces[0]: team.put("ada.jpg")}
    done = team.export(images=manifest(team, write(ROWS)))
    assert (done.status, team.matched()) == (0, images)
    assert {rule for _, rule in team.sources().values()} == {"manifest"}


@pytest.mark.parametrize("value", ["E1001", "left.jpg", "e1001"])
def test_a_manifest_may_name_user_data(team: Team, value: str) -> None:
    ada = team.add(ADA, {"number": "E1001"}, faces=["left.jpg"])
    team.add(GRACE, {"number": "E1002"}, faces=["right.jpg"])
    image = team.put("1.jpg")
    done = team.export(images=manifest(team, f"user_data,path\n{value},photos/1.jpg\n"))
    assert (done.status, team.matched()) == (0, {ada.faces[0]: image})


def test_a_row_that_names_a_namesake_is_nobodys_unless_user_data_tells_them_apart(team: Team) -> None:
    team.add("John Smith", "E1")
    second, ada = team.add("John Smith", "E2"), team.add(ADA)
    images = [team.put(f"{number}.jpg") for number in range(3)]
    text = f"name,user_data,path\nJohn Smith,,photos/0.jpg\nJohn Smith,E2,photos/1.jpg\n{ADA},,photos/2.jpg\n"
    done = team.export(images=manifest(team, text))
    assert (done.status, team.matched()) == (0, {second.faces[0]: images[1], ada.faces[0]: images[2]})
    assert len(contended(done)) == 1


def test_two_faces_in_one_photo_may_share_a_file_by_their_rectangles(team: Team) -> None:
    ada, grace = team.add(ADA), team.add(GRACE)
    image = team.put("group.jpg")
    text = f'name,path,target_face\n{ADA},photos/group.jpg,"0,0,40,40"\n{GRACE},photos/group.jpg,"50,0,40,40"\n'
    assert team.export(images=manifest(team, text)).status == 14
    done = team.export("--allow-shared-images", images=manifest(team, text))
    assert (done.status, team.matched()) == (0, {ada.faces[0]: image, grace.faces[0]: image})


def test_a_file_of_a_manifest_that_is_not_there_is_named(team: Team) -> None:
    team.add(ADA)
    grace = team.add(GRACE)
    image = team.put("g.jpg")
    done = team.export(images=manifest(team, f"name,path\n{ADA},photos/a.jpg\n{GRACE},photos/g.jpg\n"))
    assert (done.status, team.matched()) == (11, {grace.faces[0]: image})
    assert "line 2: photos/a.jpg: No such file or directory" in done.err


@pytest.mark.parametrize("option", ["--no-carry", "--allow-shared-images"])
def test_an_option_about_images_needs_them(team: Team, option: str) -> None:
    done = team.program.run("export", "-t", "PersonGroup", "-i", "team", "--to", str(team.archive), option)
    assert (done.status, done.out) == (2, "")
    assert f"{option} is about the images of --images" in done.err


def test_a_dry_run_shows_the_matching_and_writes_nothing(team: Team) -> None:
    team.add(ADA, faces=["left"])
    team.add(GRACE)
    team.put(f"{GRACE}.jpg")
    team.put("left.jpg")
    done = team.export("--dry-run")
    assert (done.status, done.json["faces"], done.json["facesWithImage"], done.json["undecidedFiles"]) == (0, 2, 1, 1)
    assert done.json["matching"]["byRule"] == {"name": 1}
    assert not list(team.program.directory.glob("*.facesnap*"))
    assert not [call for call in team.emulator.requests()["requests"] if "/persistedfaces/" in call["path"]]
