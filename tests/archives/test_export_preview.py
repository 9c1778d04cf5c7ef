"""A dry run shows what the export does."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.archives.team import Team
from tests.conftest import SOURCE_KEYS, Program
from tests.support.service import call

NAMES = ("Ada", "Bob", "Cyd", "Dee")


@pytest.fixture
def team(program: Program, emulator: RunningEmulator) -> Team:
    """Four persons, each with a face and a photo, and an archive of them as a base."""
    team = Team(program, emulator)
    for name in NAMES:
        team.add(name, faces=[f"{name}-portrait"])
        team.put(f"{name}.jpg")
    assert team.export().status == 0
    team.archive.rename(team.archive.with_name("base.facesnap"))
    return team


def nothing(team: Team) -> None:
    """Change nothing."""


def withdraw(team: Team) -> None:
    (team.images / "Ada.jpg").unlink()


def move(team: Team) -> None:
    (team.images / "Ada.jpg").rename(team.images / "Bob.jpg")


def swap(team: Team) -> None:
    ada, bob = ((team.images / f"{name}.jpg").read_bytes() for name in ("Ada", "Bob"))
    team.put("Ada.jpg", bob)
    team.put("Bob.jpg", ada)


def share(team: Team) -> None:
    team.put("Ada.jpg", (team.images / "Bob.jpg").read_bytes())


def damage(team: Team) -> None:
    team.put("Ada.jpg", b"")


def add_a_namesake(team: Team) -> None:
    team.add("Ada")


def name_by_user_data_of_a_face(team: Team) -> None:
    (team.images / "Ada.jpg").rename(team.images / "Ada-portrait.jpg")


def delete_a_person(team: Team) -> None:
    call(team.emulator, "DELETE", f"/persongroups/team/persons/{team.members[0].person_id}", SOURCE_KEYS[0])


@pytest.mark.parametrize(
    ("change", "more"),
    [
        (nothing, ()),
        (withdraw, ()),
        (withdraw, ("--no-carry",)),
        (withdraw, ("--no-carry", "--require-images")),
        (move, ()),
        (swap, ()),
        (share, ()),
        (share, ("--allow-shared-images",)),
        (damage, ()),
        (damage, ("--no-carry",)),
        (add_a_namesake, ()),
        (name_by_user_data_of_a_face, ()),
        (delete_a_person, ()),
    ],
    ids=lambda value: value.__name__ if callable(value) else "".join(value),
)
def test_a_dry_run_with_a_base_shows_the_matching_of_the_export(
    team: Team, change: Callable[[Team], None], more: tuple[str, ...]
) -> None:
    change(team)
    base = str(team.archive.with_name("base.facesnap"))
    shown = team.export("--base", base, "--dry-run", *more)
    assert not team.archive.exists()
    done = team.export("--base", base, *more)
    matching = done.json["matching"] if done.out else json.loads(done.err)["error"]["matching"]
    assert (shown.status, shown.json["matching"]) == (done.status, matching)
    assert shown.json["facesWithImage"] == shown.json["faces"] - len(matching["facesWithoutImage"])


def test_a_dry_run_without_images_counts_those_of_the_base(team: Team) -> None:
    call(team.emulator, "DELETE", f"/persongroups/team/persons/{team.members[0].person_id}", SOURCE_KEYS[0])
    common = ("-t", "PersonGroup", "-i", "team", "--to", str(team.archive), "-q", "-o", "json", "--dry-run")
    with_base = team.program.run("export", *common, "--base", str(team.archive.with_name("base.facesnap")))
    assert (with_base.status, with_base.json["faces"], with_base.json["facesWithImage"]) == (0, 3, 3)
    without = team.program.run("export", *common)
    assert (without.status, without.json["facesWithImage"]) == (0, 0)
    assert "no face has an image" in without.err
    assert team.program.run("export", *common, "--require-images").status == 14


@pytest.mark.parametrize(
    ("kind", "object_id"), [("PersonGroup", "team"), ("LargeFaceList", "archive"), ("FaceList", "watchlist")]
)
@pytest.mark.parametrize("more", [(), ("--no-face-user-data",)], ids=str)
def test_a_dry_run_names_the_calls_that_the_export_then_makes(
    team: Team, kind: str, object_id: str, more: tuple[str, ...]
) -> None:
    target = str(team.archive.with_name("counted.facesnap"))
    line = ("export", "-t", kind, "-i", object_id, "--to", target, "-o", "json", *more)
    shown = team.program.run(*line, "--dry-run")
    assert f"about {shown.json['calls']} calls" in shown.err
    before = team.emulator.requests()["total"]
    assert team.program.run(*line).status == 0
    assert team.emulator.requests()["total"] - before == shown.json["calls"]


def test_a_dry_run_refuses_the_base_of_another_object(team: Team) -> None:
    other = str(team.archive.with_name("other.facesnap"))
    exported = team.program.run("export", "-t", "PersonGroup", "-i", "employees", "--to", other, "-q", "-o", "none")
    assert exported.status == 0
    assert team.export("--base", other, "--dry-run").status == 2


def test_a_dry_run_fails_if_the_directory_is_empty(team: Team) -> None:
    for path in team.images.iterdir():
        path.unlink()
    base = str(team.archive.with_name("base.facesnap"))
    assert [team.export("--base", base, *more).status for more in (("--dry-run",), ())] == [14, 14]
