"""Test the rules of the seven snapshot operations through both doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Open
from tests.emulator.doors import SOURCE, TARGET, TARGET_KEY, Door, code_of, png

KINDS = {
    "PersonGroup": ("persongroups", "employees"),
    "LargePersonGroup": ("largepersongroups", "visitors"),
    "FaceList": ("facelists", "watchlist"),
    "LargeFaceList": ("largefacelists", "archive"),
}
OTHER = "cccccccc-0000-4000-8000-000000000003"
SOURCE_CHANGED = (
    "Failed to retrieve the source object. This failure can be caused by deleting source object or training"
    " source object during snapshot taking."
)


def content(door: Door, path: str, object_id: str, **account: str) -> list[Any]:
    """Return all that can be read of a container, without its id."""
    item = f"/{path}/{object_id}"
    container = door.call("GET", f"{item}?returnRecognitionModel=true", **account).json()
    rest = {key: value for key, value in container.items() if not key.endswith("Id")}
    parts = {"persongroups": "persons", "largepersongroups": "persons", "largefacelists": "persistedfaces"}
    if path not in parts:
        return [rest]
    training = door.call("GET", f"{item}/training", **account).json()
    return [rest, training, door.call("GET", f"{item}/{parts[path]}", **account).json()]


@pytest.mark.parametrize("kind", KINDS)
class TestCopy:
    def test_the_target_equals_the_source_but_for_its_id(self, door: Door, kind: str) -> None:
        path, object_id = KINDS[kind]
        before = content(door, path, object_id)

        operation = door.follow(door.apply(door.taken(kind, object_id)), key=TARGET_KEY)

        assert operation["status"] == "succeeded"
        assert content(door, path, "copy", key=TARGET_KEY) == before == content(door, path, object_id)

    def test_the_target_outlives_source_and_snapshot(self, door: Door, kind: str) -> None:
        path, object_id = KINDS[kind]
        before = content(door, path, object_id)
        snapshot = door.taken(kind, object_id)
        door.follow(door.apply(snapshot), key=TARGET_KEY)
        door.call("DELETE", f"/{path}/{object_id}")

        deleted = door.call("DELETE", f"/snapshots/{snapshot}")

        assert deleted.status_code == 200
        assert content(door, path, "copy", key=TARGET_KEY) == before

    def test_a_snapshot_shows_the_source_as_it_was(self, door: Door, kind: str) -> None:
        path, object_id = KINDS[kind]
        before = content(door, path, object_id)
        snapshot = door.taken(kind, object_id)
        door.call("PATCH", f"/{path}/{object_id}", json={"name": "changed since"})

        door.follow(door.apply(snapshot), key=TARGET_KEY)

        assert content(door, path, "copy", key=TARGET_KEY) == before

    def test_one_snapshot_is_applied_several_times_at_once(self, door: Door, kind: str) -> None:
        path, object_id = KINDS[kind]
        snapshot = door.taken(kind, object_id, scope=(TARGET, SOURCE))

        responses = [door.apply(snapshot, "one"), door.apply(snapshot, "two")]
        at_home = door.apply(snapshot, "three", key="a0000000000000000000000000000001")

        assert [door.follow(response, key=TARGET_KEY)["status"] for response in responses] == ["succeeded"] * 2
        assert door.follow(at_home)["status"] == "succeeded"
        assert content(door, path, "one", key=TARGET_KEY) == content(door, path, "three")

    def test_an_existing_target_is_refused_at_once(self, door: Door, kind: str) -> None:
        path, object_id = KINDS[kind]
        snapshot = door.taken(kind, object_id)
        door.call("PUT", f"/{path}/copy", key=TARGET_KEY, json={"name": "there"})

        assert code_of(door.apply(snapshot)) == (409, f"{kind}Exists")

    def test_a_target_created_meanwhile_makes_the_apply_fail(self, door: Door, kind: str) -> None:
        path, object_id = KINDS[kind]
        response = door.apply(door.taken(kind, object_id))
        door.call("PUT", f"/{path}/copy", key=TARGET_KEY, json={"name": "there"})

        operation = door.follow(response, key=TARGET_KEY)

        assert operation["status"] == "failed"
        assert "already exists" in operation["message"]
        assert door.call("GET", f"/{path}/copy", key=TARGET_KEY).json()["name"] == "there"

    def test_the_target_does_not_exist_before_the_end(self, door: Door, kind: str) -> None:
        path, object_id = KINDS[kind]
        response = door.apply(door.taken(kind, object_id))

        assert door.call("GET", f"/{path}/copy", key=TARGET_KEY).status_code == 404
        door.follow(response, key=TARGET_KEY)
        assert door.call("GET", f"/{path}/copy", key=TARGET_KEY).status_code == 200

    def test_a_source_that_does_not_exist_is_not_found(self, door: Door, kind: str) -> None:
        assert code_of(door.take(kind, "nobody")) == (404, f"{kind}NotFound")


CHANGES: dict[str, Callable[[Door], Any]] = {
    "group renamed": lambda door: door.call("PATCH", "/persongroups/employees", json={"name": "n"}),
    "group trained": lambda door: door.call("POST", "/persongroups/employees/train"),
    "group deleted": lambda door: door.call("DELETE", "/persongroups/employees"),
    "person added": lambda door: door.call("POST", "/persongroups/employees/persons", json={"name": "n"}),
    "person deleted": lambda door: door.call("DELETE", person(door)),
    "person renamed": lambda door: door.call("PATCH", person(door), json={"name": "n"}),
    "face added": lambda door: door.add_face(person(door), png(1)),
}


def person(door: Door) -> str:
    """Return the path of the demo group's first person."""
    first = door.call("GET", "/persongroups/employees/persons").json()[0]
    return f"/persongroups/employees/persons/{first['personId']}"


class TestSourceChanges:
    @pytest.mark.parametrize("change", CHANGES)
    def test_a_change_during_the_take_makes_it_fail(self, door: Door, change: str) -> None:
        response = door.take("PersonGroup", "employees")
        door.advance(1)
        changed = CHANGES[change](door)

        operation = door.follow(response)

        assert changed.status_code in (200, 202), changed.text
        assert (operation["status"], operation["message"]) == ("failed", SOURCE_CHANGED)
        assert "resourceLocation" not in operation
        assert door.call("GET", "/snapshots").json() == []

    def test_a_change_after_the_take_does_not_make_it_fail(self, door: Door) -> None:
        response = door.take("PersonGroup", "employees")
        door.advance(21)
        # Nobody has looked at the operation since it ended.
        CHANGES["group deleted"](door)

        assert door.follow(response)["status"] == "succeeded"

    def test_a_refused_change_does_not_make_it_fail(self, door: Door) -> None:
        response = door.take("PersonGroup", "employees")

        refused = door.call("DELETE", "/persongroups/employees/persons/00000000-0000-4000-8000-000000000000")

        assert refused.status_code == 404
        assert door.follow(response)["status"] == "succeeded"

    def test_reading_does_not_make_it_fail(self, door: Door) -> None:
        response = door.take("PersonGroup", "employees")
        content(door, "persongroups", "employees")

        assert door.follow(response)["status"] == "succeeded"


class TestBodies:
    @pytest.mark.parametrize(
        "change",
        [
            {"type": "persongroup"},
            {"type": None},
            {"objectId": "UPPER"},
            {"objectId": "x" * 65},
            {"objectId": ""},
            {"objectId": None},
            {"applyScope": []},
            {"applyScope": None},
            {"applyScope": TARGET},
            {"applyScope": ["a0000000000000000000000000000001"]},
            {"applyScope": [TARGET, TARGET.upper()]},
            {"userData": "u" * 16385},
            {"userData": 7},
            {"userdata": "u"},
        ],
        ids=str,
    )
    def test_take_refuses_a_bad_body(self, door: Door, change: dict[str, object]) -> None:
        body = {"type": "PersonGroup", "objectId": "employees", "applyScope": [TARGET]} | change

        assert code_of(door.call("POST", "/snapshots", json=body)) == (400, "BadArgument")

    def test_take_accepts_user_data_of_16_kb(self, door: Door) -> None:
        snapshot = door.taken("PersonGroup", "employees", userData="u" * 16384)

        assert len(door.call("GET", f"/snapshots/{snapshot}").json()["userData"]) == 16384

    @pytest.mark.parametrize(
        "body", [{}, {"objectId": "UPPER"}, {"objectId": "copy", "mode": "Overwrite"}, {"objectID": "copy"}], ids=str
    )
    def test_apply_refuses_a_bad_body(self, door: Door, body: dict[str, object]) -> None:
        snapshot = door.taken("PersonGroup", "employees")

        response = door.call("POST", f"/snapshots/{snapshot}/apply", key=TARGET_KEY, json=body)

        assert code_of(response) == (400, "BadArgument")

    @pytest.mark.parametrize("query", ["type=persongroup", "applyScope=nonsense", "applyscope=" + TARGET])
    def test_list_refuses_bad_filters(self, door: Door, query: str) -> None:
        assert code_of(door.call("GET", f"/snapshots?{query}")) == (400, "BadArgument")


class TestScope:
    def test_the_target_sees_it_but_may_not_change_it(self, door: Door) -> None:
        snapshot = door.taken("FaceList", "watchlist")

        seen = door.call("GET", f"/snapshots/{snapshot}", key=TARGET_KEY)
        changed = door.call("PATCH", f"/snapshots/{snapshot}", key=TARGET_KEY, json={"userData": "mine"})
        deleted = door.call("DELETE", f"/snapshots/{snapshot}", key=TARGET_KEY)

        assert seen.json()["id"] == door.call("GET", "/snapshots", key=TARGET_KEY).json()[0]["id"] == snapshot
        assert [changed.status_code, deleted.status_code] == [403, 403]

    def test_a_snapshot_out_of_scope_is_not_found(self, door: Door) -> None:
        snapshot = door.taken("FaceList", "watchlist", scope=(OTHER,))

        responses = [
            door.call("GET", f"/snapshots/{snapshot}", key=TARGET_KEY),
            door.call("PATCH", f"/snapshots/{snapshot}", key=TARGET_KEY, json={"userData": "mine"}),
            door.call("DELETE", f"/snapshots/{snapshot}", key=TARGET_KEY),
            door.apply(snapshot),
        ]

        assert [code_of(response) for response in responses] == [(404, "SnapshotNotFound")] * 4
        assert door.call("GET", "/snapshots", key=TARGET_KEY).json() == []

    def test_the_source_may_not_apply_it_out_of_scope(self, door: Door) -> None:
        snapshot = door.taken("FaceList", "watchlist")

        assert door.apply(snapshot, key="a0000000000000000000000000000001").status_code == 403

    def test_a_scope_may_be_taken_back(self, door: Door) -> None:
        snapshot = door.taken("FaceList", "watchlist")
        door.call("PATCH", f"/snapshots/{snapshot}", json={"applyScope": [OTHER]})

        assert code_of(door.apply(snapshot)) == (404, "SnapshotNotFound")

    def test_an_operation_belongs_to_the_account_that_started_it(self, door: Door) -> None:
        location = door.take("FaceList", "watchlist").headers["operation-location"]

        assert code_of(door.call("GET", location, key=TARGET_KEY)) == (404, "OperationNotFound")

    @pytest.mark.parametrize("operation", ["00000000-0000-4000-8000-000000000000", "nonsense"])
    def test_an_unknown_operation_is_not_found(self, door: Door, operation: str) -> None:
        assert code_of(door.call("GET", f"/operations/{operation}")) == (404, "OperationNotFound")

    def test_an_unfinished_snapshot_is_not_found(self, door: Door) -> None:
        door.take("FaceList", "watchlist")

        assert door.call("GET", "/snapshots").json() == []


class TestEnd:
    def test_it_expires_48_hours_after_the_take(self, door: Door) -> None:
        snapshot = door.taken("FaceList", "watchlist")
        door.advance(48 * 3600 - 60)
        before = door.call("GET", f"/snapshots/{snapshot}")
        door.advance(60)

        assert before.status_code == 200
        assert code_of(door.call("GET", f"/snapshots/{snapshot}")) == (404, "SnapshotNotFound")
        assert door.call("GET", "/snapshots").json() == []

    @pytest.mark.parametrize("end", ["deleted", "expired"])
    def test_its_unfinished_applies_fail_when_it_is_deleted_or_expires(self, open_door: Open, end: str) -> None:
        door = open_door(seed="demo", apply_time=60)
        snapshot = door.taken("FaceList", "watchlist")
        if end == "deleted":
            response = door.apply(snapshot)
            door.call("DELETE", f"/snapshots/{snapshot}")
        else:
            door.advance(48 * 3600 - 30)
            response = door.apply(snapshot)
        door.advance(60)

        operation = door.follow(response, key=TARGET_KEY)

        assert operation["status"] == "failed"
        assert "snapshot" in operation["message"]
        assert door.call("GET", "/facelists/copy", key=TARGET_KEY).status_code == 404
