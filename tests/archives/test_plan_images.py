"""The images of a plan's exports: where they come from, and what becomes of an archive that lacks some."""

from __future__ import annotations

from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, Program, Result
from tests.support.archives import dated_archive, draw_images, face_ids, persons, rows, wait_days
from tests.support.service import call

SOURCE = SOURCE_KEYS[0]
PERSONS = "/persongroups/employees/persons"


@pytest.fixture
def photos(program: Program, emulator: RunningEmulator) -> Path:
    """The images of all faces, each called as its face's id."""
    return draw_images(emulator, face_ids(emulator, "PersonGroup", "employees"), program.directory / "photos")


def plan(program: Program, **more: str) -> str:
    lines = ["[[backup]]", 'name = "employees"', 'from = "source"', 'type = "PersonGroup"', 'object_id = "employees"']
    lines += ['to = ["file:backups/{name}-{date}.facesnap"]', 'method = "export"']
    lines += [f"{name} = {value}" for name, value in more.items() if name != "tail"]
    path = program.directory / "nightly.toml"
    path.write_text("\n".join([*lines, more.get("tail", "")]) + "\n")
    return str(path)


def run(program: Program, *arguments: str, **more: str) -> Result:
    return program.run("backups" if "--check" in arguments else "run", plan(program, **more), *arguments, "-q")


def some_without(photos: Path) -> None:
    """Leave five of the seven images."""
    for path in sorted(photos.iterdir())[:2]:
        path.unlink()


def counts(document: dict[str, object]) -> tuple[object, ...]:
    return document["faces"], document["facesWithImage"], document["images"]


def test_an_export_takes_the_images_that_its_item_names(program: Program, photos: Path) -> None:
    done = run(program, "-o", "json", images='"photos/"')
    assert (done.status, done.err) == (0, "")
    assert (done.json[0]["status"], done.json[0]["message"], counts(done.json[0])) == ("copied", None, (7, 7, 7))
    imported = program.run(
        "import", str(dated_archive(program)), "--profile", "target", "-i", "again", "-q", "-o", "none"
    )
    assert (imported.status, imported.err) == (0, "")


def test_the_items_name_may_stand_in_the_path_of_its_images(program: Program, photos: Path) -> None:
    photos.rename(program.directory / "of-employees")
    done = run(program, "-o", "json", images='"of-{name}"')
    assert (done.status, done.err, counts(done.json[0])) == (0, "", (7, 7, 7))


def test_a_manifest_gives_images_too(program: Program, photos: Path) -> None:
    lines = [f"{path.stem},{path.name}" for path in photos.iterdir()]
    (photos / "manifest.csv").write_text("\n".join(["persisted_face_id,path", *lines]) + "\n")
    for _ in range(2):  # the second night the base has them all, and none is called the image of no face
        done = run(program, "-o", "json", images='"photos/manifest.csv"')
        assert (done.status, done.err, counts(done.json[0])) == (0, "", (7, 7, 7))
        wait_days(program, 1)


def test_the_next_export_picks_up_a_new_image_and_keeps_the_old_ones(
    program: Program, emulator: RunningEmulator, photos: Path
) -> None:
    assert run(program, images='"photos"').status == 0
    [ada] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == "Ada Lovelace"]
    image = emulator.image("0" * 32)
    new = call(emulator, "POST", f"{PERSONS}/{ada['personId']}/persistedfaces", SOURCE, image)["persistedFaceId"]
    for path in photos.iterdir():
        path.unlink()
    (photos / f"{new}.png").write_bytes(image)
    wait_days(program, 1)
    done = run(program, "-o", "json", images='"photos"')
    assert (done.status, counts(done.json[0])) == (0, (8, 8, 8))
    assert done.err.startswith("warning: employees: 7 images carried on from the base, for want of a file: faces ")


@pytest.mark.parametrize("manifest", [False, True], ids=["directory", "manifest"])
def test_a_new_face_does_not_get_the_image_of_another_one(
    program: Program, emulator: RunningEmulator, photos: Path, manifest: bool
) -> None:
    [ada] = [one for one in persons(emulator, "PersonGroup", "employees") if one["name"] == "Ada Lovelace"]
    folder = photos / "Ada Lovelace"
    folder.mkdir()
    for number, face in enumerate(ada["persistedFaceIds"]):
        (photos / f"{face}.png").rename(folder / f"a-{number}.png")
    assert run(program, images='"photos"').status == 0
    image = emulator.image("0" * 32)
    new = call(emulator, "POST", f"{PERSONS}/{ada['personId']}/persistedfaces", SOURCE, image)["persistedFaceId"]
    (folder / "b.png").write_bytes(image)
    names = ["a-0.png", "a-1.png", "a-2.png", "b.png"]
    listed = "\n".join(["name,path", *(f"Ada Lovelace,photos/Ada Lovelace/{name}" for name in names)])
    (program.directory / "all.csv").write_text(f"{listed}\n")
    wait_days(program, 1)
    done = run(program, "-o", "json", images='"all.csv"' if manifest else '"photos"')
    assert (done.status, counts(done.json[0])) == (0, (8, 8, 8))
    assert ("4 images carried on" in done.err) is manifest
    query = "SELECT content FROM faces JOIN images ON sha256 = image WHERE face_id = ?"
    assert rows(dated_archive(program), query, new) == [(image,)]


def test_an_archive_from_which_nothing_could_be_rebuilt_is_a_failure_and_no_cover(program: Program) -> None:
    done = run(program, "-o", "json")
    assert (done.status, done.json[0]["status"], counts(done.json[0])) == (14, "failed", (7, 0, 0))
    assert "holds no recognition data: 7 faces, none with an image" in done.err
    assert '"hint": "images in the plan names the originals' in done.err
    check = run(program, "--check", "-o", "json")
    assert (check.status, check.json[0]["covered"], counts(check.json[0])) == (5, False, (7, 0, 0))
    assert "there is no copy that can be used; " in check.json[0]["message"]
    assert "7 faces, none with an image" in check.err
    assert '"hint": "images in the plan names the originals"' in check.err
    assert '"resume": "facesnap run ' in check.err


def test_an_archive_without_images_does_not_keep_the_next_run_from_making_one_with_them(
    program: Program, photos: Path
) -> None:
    assert run(program).status == 14
    done = run(program, "-o", "json", images='"photos"')
    assert (done.status, done.err) == (0, "")
    assert (done.json[0]["status"], counts(done.json[0])) == ("copied", (7, 7, 7))


def test_a_failure_for_want_of_images_deletes_no_older_archive(program: Program, photos: Path) -> None:
    assert run(program, images='"photos"', keep="{ last = 1 }").status == 0
    first = dated_archive(program)
    wait_days(program, 1)
    first.rename(first.with_name("kept.facesnap"))
    first.with_name("employees-2020-01-01.facesnap").write_text("older")
    assert run(program, keep="{ last = 1 }").status == 14
    assert len(list(first.parent.iterdir())) == 3


def test_some_faces_without_an_image_are_a_warning(program: Program, photos: Path) -> None:
    some_without(photos)
    said = f"{dated_archive(program)} cannot be rebuilt whole: 7 faces, 5 with an image"
    for status in ("copied", "current"):
        done = run(program, "-o", "json", images='"photos"')
        assert (done.status, done.err) == (0, f"warning: employees: {said}\n")
        assert (done.json[0]["status"], done.json[0]["message"]) == (status, "7 faces, 5 with an image")
    check = run(program, "--check", "-o", "json", images='"photos"')
    assert (check.status, check.json[0]["covered"], counts(check.json[0])) == (0, True, (7, 5, 5))
    assert check.err == f"warning: employees in file:backups/{{name}}-{{date}}.facesnap: {said}\n"


def test_where_all_images_are_required_one_that_is_missing_is_a_failure(program: Program, photos: Path) -> None:
    some_without(photos)
    done = run(program, images='"photos"', require_images="true")
    assert done.status == 14
    assert "cannot be rebuilt whole: 7 faces, 5 with an image" in done.err
    assert run(program, "--check", images='"photos"', require_images="true").status == 5


def test_where_no_images_are_required_nothing_is_said(program: Program) -> None:
    done = run(program, "-o", "json", require_images="false")
    assert (done.status, done.err, done.json[0]["message"]) == (0, "", "7 faces, none with an image")
    check = run(program, "--check", "-o", "json", require_images="false")
    assert (check.status, check.err, check.json[0]["covered"]) == (0, "", True)


def test_the_check_falls_back_on_an_older_archive_that_has_its_images(program: Program, photos: Path) -> None:
    assert run(program, images='"photos"', covered_for='"3d"').status == 0
    complete = dated_archive(program)
    complete.rename(kept := complete.with_suffix(".kept"))
    wait_days(program, 1)
    assert run(program, covered_for='"3d"').status == 14
    kept.rename(complete)
    check = run(program, "--check", "-o", "json", covered_for='"3d"')
    assert (check.status, check.err, check.json[0]["objectId"]) == (0, "", str(complete))


def test_an_image_that_cannot_be_used_is_named(program: Program, photos: Path) -> None:
    first = min(photos.iterdir())
    first.write_text("no image")
    done = run(program, images='"photos"')
    assert done.status == 0
    assert f"warning: employees: image not used: {first}: not a JPEG, PNG, GIF or BMP image\n" in done.err


def test_images_that_are_not_there_fail_their_item_with_the_plans_line_and_no_other(program: Program) -> None:
    other = '[[backup]]\nname = "b"\nfrom = "source"\ntype = "PersonGroup"\nobject_id = "employees"\n'
    other = other.replace('object_id = "employees"', 'object_id = "employees"\nmethod = "export"')
    tail = other.replace('"employees"', '"watchlist"').replace('"PersonGroup"', '"FaceList"')
    tail += 'to = ["file:b.facesnap"]\nrequire_images = false'
    done = run(program, "-o", "json", images='"nowhere"', tail=tail)
    assert (done.status, [one["status"] for one in done.json]) == (11, ["failed", "copied"])
    assert done.json[0]["exitCode"] == 13
    assert done.json[0]["message"].startswith(f"{program.directory}/nightly.toml:8: ")
    assert "neither a directory nor a manifest" in done.json[0]["message"]
    dry = run(program, "--dry-run", images='"nowhere"')
    assert (dry.status, dry.out) == (13, "")


def test_summary_table_and_metrics_count_the_faces(program: Program, photos: Path) -> None:
    some_without(photos)
    tail = '[notify]\nmetrics = "facesnap.prom"'
    file = program.directory / "summary.md"
    made = program.run("run", plan(program, images='"photos"', tail=tail), "--summary", str(file))
    assert made.status == 0
    assert made.out.splitlines()[1].endswith("7 faces, 5 with an image")
    assert f"employees: copied to {dated_archive(program)} (7 faces, 5 with an image)\n" in made.err
    assert file.read_text().splitlines()[-1].endswith("| 7 faces, 5 with an image |")
    metric = 'facesnap_target_faces_without_image{plan="nightly",item="employees",'
    assert (
        f'{metric}target="file:backups/{{name}}-{{date}}.facesnap"}} 2\n'
        in (program.directory / "facesnap.prom").read_text()
    )
