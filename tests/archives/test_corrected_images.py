"""The next export corrects what an earlier one matched wrongly, also in a plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.team import Member, Team
from tests.conftest import Program, Result
from tests.support.archives import rows, wait_days

NAMES = ("Ada", "Bob", "Cyd", "Dee")
Night = Callable[..., Result]


@pytest.fixture
def team(program: Program, emulator: RunningEmulator) -> Team:
    return Team(program, emulator)


@pytest.fixture
def members(team: Team) -> list[Member]:
    return [team.add(name) for name in NAMES]


@pytest.fixture(params=["export", "plan"])
def night(team: Team, request: pytest.FixtureRequest) -> Night:
    """An export on the base of the last one, by command or by a plan."""

    def by_command(images: str, *, carry: bool = True) -> Result:
        last = team.archive.with_name("last.facesnap")
        if team.archive.exists():
            last.write_bytes(team.archive.read_bytes())
        base = ("--base", str(last)) if last.exists() else ()
        return team.export(*base, *(() if carry else ("--no-carry",)), images=team.program.directory / images)

    def by_plan(images: str, *, carry: bool = True) -> Result:
        plan = team.program.directory / "nightly.toml"
        plan.write_text(
            '[[backup]]\nname = "team"\nfrom = "source"\ntype = "PersonGroup"\nobject_id = "team"\nmethod = "export"\n'
            f'to = ["file:backups/{{name}}-{{date}}.facesnap"]\nimages = "{images}"\n'
            + ("" if carry else "carry = false\n")
        )
        wait_days(team.program, 1)
        done = team.program.run("run", str(plan), "-q", "-o", "json")
        newest = sorted((team.program.directory / "backups").glob("*.facesnap"))[-1:]
        for path in newest:
            team.archive.write_bytes(path.read_bytes())
        return done

    return by_command if request.param == "export" else by_plan


def write_manifest(team: Team, files: dict[str, str]) -> str:
    lines = ["name,path", *(f"{name},photos/{file}" for name, file in files.items())]
    (team.program.directory / "m.csv").write_text("\n".join(lines) + "\n")
    return "m.csv"


def images_by_name(team: Team) -> dict[str, bytes]:
    query = "SELECT name, content FROM faces JOIN images ON sha256 = image JOIN persons USING (person_id)"
    return dict(rows(team.archive, query))


def test_a_shifted_manifest_is_corrected(team: Team, members: list[Member], night: Night) -> None:
    images = {name: team.put(f"{name}-photo.jpg") for name in NAMES[1:]}
    shifted = dict(zip(NAMES, [f"{name}-photo.jpg" for name in NAMES[1:]], strict=False))
    assert night(write_manifest(team, shifted)).status == 0
    assert images_by_name(team) == dict(zip(NAMES, images.values(), strict=False))
    done = night(write_manifest(team, {name: f"{name}-photo.jpg" for name in NAMES[1:]}))
    assert (done.status, images_by_name(team)) == (0, images)  # Ada has none: the image that she had is Bob's
    assert "image dropped: " in done.err


def test_swapped_photos_are_corrected(team: Team, members: list[Member], night: Night) -> None:
    images = {name: team.put(f"{name}/1.jpg") for name in NAMES}
    for name, other in (("Ada", "Bob"), ("Bob", "Ada")):
        team.put(f"{name}/1.jpg", images[other])
    assert night("photos").status == 0
    assert images_by_name(team)["Ada"] == images["Bob"]
    for name in NAMES:
        team.put(f"{name}/1.jpg", images[name])
    assert (night("photos").status, images_by_name(team)) == (0, images)


def test_a_changed_file_replaces_the_image(team: Team, members: list[Member], night: Night) -> None:
    for name in NAMES:
        team.put(f"{name}.jpg")
    assert night("photos").status == 0
    new = team.put("Ada.jpg")
    assert (night("photos").status, images_by_name(team)["Ada"]) == (0, new)


def test_a_withdrawn_photo_is_carried_on_and_named(team: Team, members: list[Member], night: Night) -> None:
    images = {name: team.put(f"{name}.jpg") for name in NAMES}
    assert night("photos").status == 0
    [(first,)] = rows(team.archive, "SELECT archive_id FROM object")
    (team.images / "Ada.jpg").unlink()
    for _ in range(2):
        done = night("photos")
        assert (done.status, images_by_name(team)) == (0, images)
        assert f"1 image carried on from the base, for want of a file: faces {members[0].faces[0]}" in done.err
    query = "SELECT path, rule, carried_from FROM image_sources WHERE carried_from IS NOT NULL"
    [(path, rule, base)] = rows(team.archive, query)
    assert (path, rule, base != first) == ("Ada.jpg", "name", True)
    assert team.program.run("inspect", str(team.archive), "--check").status == 0


def test_a_withdrawn_photo_is_dropped_without_carry(team: Team, members: list[Member], night: Night) -> None:
    images = {name: team.put(f"{name}.jpg") for name in NAMES}
    assert night("photos").status == 0
    (team.images / "Ada.jpg").unlink()
    done = night("photos", carry=False)
    assert (done.status, images_by_name(team)) == (0, {name: images[name] for name in NAMES[1:]})
    assert images["Ada"][-200:] not in team.archive.read_bytes()


def test_a_photo_that_moved_to_its_right_person_leaves_the_wrong_one(
    team: Team, members: list[Member], night: Night
) -> None:
    image = team.put("Bob.jpg")
    other = team.put("Cyd.jpg")
    assert night("photos").status == 0
    (team.images / "Bob.jpg").rename(team.images / "Ada.jpg")
    assert (night("photos").status, images_by_name(team)) == (0, {"Ada": image, "Cyd": other})


def test_an_added_file_shifts_no_others(team: Team, night: Night) -> None:
    ada = team.add("Ada", faces=[None, None, None])
    second, third = team.put("Ada/2.jpg"), team.put("Ada/3.jpg")
    assert night("photos").status == 0
    first = team.put("Ada/1.jpg")
    assert night("photos").status == 0
    assert team.matched() == dict(zip(ada.faces, (second, third, first), strict=True))


def test_a_broken_file_does_not_displace_the_image(team: Team, members: list[Member], night: Night) -> None:
    images = {name: team.put(f"{name}.jpg") for name in NAMES}
    assert night("photos").status == 0
    team.put("Ada.jpg", b"")
    done = night("photos")
    assert (done.status, images_by_name(team)) == (0, images)
    assert "Ada.jpg: the file is empty" in done.err


def test_one_image_for_two_persons_fails_the_night_and_gives_it_to_neither(
    team: Team, members: list[Member], night: Night
) -> None:
    images = {name: team.put(f"{name}.jpg") for name in NAMES}
    team.put("Bob.jpg", images["Ada"])
    done = night("photos")
    assert (done.status, images_by_name(team)) == (11, {name: images[name] for name in NAMES[2:]})


def test_rows_of_an_interrupted_run_do_not_stay(
    team: Team, members: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    from facesnap_cli.archives import export_images
    from facesnap_cli.archives.images.image import checked_image

    images = {name: team.put(f"{name}-photo.jpg") for name in NAMES}
    files = [f"{name}-photo.jpg" for name in NAMES]
    shifted = dict(zip(NAMES, [*files[1:], files[0]], strict=True))
    read: list[Path] = []

    def interrupted(path: Path) -> object:
        read.append(path)
        if len(read) == 3:
            raise KeyboardInterrupt
        return checked_image(path)

    monkeypatch.setattr("facesnap_cli.archives.partial_images._COMMIT_AFTER", 1)
    with monkeypatch.context() as patched:
        patched.setattr(export_images, "checked_image", interrupted)
        with pytest.raises(KeyboardInterrupt):
            team.export(images=team.program.directory / write_manifest(team, shifted))
    assert team.archive.with_name("team.facesnap.partial").exists()
    right = write_manifest(team, dict(zip(NAMES, files, strict=True)))
    done = team.export(images=team.program.directory / right)
    assert (done.status, images_by_name(team)) == (0, images)
