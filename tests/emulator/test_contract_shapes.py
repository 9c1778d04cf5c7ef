"""Test every published example of the service: the responses have the example's shape. Through both doors."""

from __future__ import annotations

import re

import pytest

from tests.emulator.conftest import Open
from tests.emulator.doors import SOURCE, TARGET, TARGET_KEY, Door

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
CONTAINERS = [
    ("persongroups", "personGroupId", "employees"),
    ("largepersongroups", "largePersonGroupId", "visitors"),
    ("facelists", "faceListId", "watchlist"),
    ("largefacelists", "largeFaceListId", "archive"),
]


@pytest.fixture
def door(open_door: Open) -> Door:
    """The examples were written down in the year of this dialect."""
    return open_door(seed="demo", dialect="2019-06")


@pytest.mark.parametrize(("path", "id_key", "object_id"), CONTAINERS)
class TestContainers:
    def test_create_returns_an_empty_200(self, door: Door, path: str, id_key: str, object_id: str) -> None:
        body = {"name": "group1", "userData": "user-provided data", "recognitionModel": "recognition_01"}

        response = door.call("PUT", f"/{path}/sample_1", json=body)

        assert (response.status_code, response.content) == (200, b"")

    def test_get_shows_id_name_user_data_and_model(self, door: Door, path: str, id_key: str, object_id: str) -> None:
        response = door.call("GET", f"/{path}/{object_id}?returnRecognitionModel=true")

        faces = {"persistedFaces"} if path == "facelists" else set()
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json; charset=utf-8"
        assert set(response.json()) == {id_key, "name", "userData", "recognitionModel"} | faces
        assert response.json()[id_key] == object_id

    def test_get_leaves_the_model_out_unless_asked(self, door: Door, path: str, id_key: str, object_id: str) -> None:
        assert "recognitionModel" not in door.call("GET", f"/{path}/{object_id}").json()

    def test_list_is_a_bare_array(self, door: Door, path: str, id_key: str, object_id: str) -> None:
        response = door.call("GET", f"/{path}?returnRecognitionModel=true")

        (entry,) = response.json()
        assert set(entry) == {id_key, "name", "userData", "recognitionModel"}

    def test_update_and_delete_return_an_empty_200(self, door: Door, path: str, id_key: str, object_id: str) -> None:
        changed = door.call("PATCH", f"/{path}/{object_id}", json={"name": "new", "userData": "data"})
        deleted = door.call("DELETE", f"/{path}/{object_id}")

        assert (changed.status_code, changed.content) == (200, b"")
        assert (deleted.status_code, deleted.content) == (200, b"")
        assert door.call("GET", f"/{path}/{object_id}").status_code == 404


@pytest.mark.parametrize("path", ["persongroups/employees", "largepersongroups/visitors", "largefacelists/archive"])
def test_train_returns_an_empty_202_and_the_status_follows(door: Door, path: str) -> None:
    response = door.call("POST", f"/{path}/train")
    door.advance(21)
    training = door.call("GET", f"/{path}/training").json()

    assert (response.status_code, response.content) == (202, b"")
    # Unlike a snapshot's, the location of a training is absolute.
    assert response.headers["operation-location"].endswith(f"/face/v1.0/{path}/training")
    assert response.headers["operation-location"].startswith("http://127.0.0.1")
    assert (training.pop("status"), training.pop("message")) == ("succeeded", None)
    assert set(training) == {"createdDateTime", "lastActionDateTime", "lastSuccessfulTrainingDateTime"}
    assert all(TIME.fullmatch(value) for value in training.values())


def test_a_face_list_shows_its_faces_inline(door: Door) -> None:
    faces = door.call("GET", "/facelists/watchlist").json()["persistedFaces"]

    assert len(faces) == 12
    assert faces[0]["userData"] == "case 1"
    assert all(set(face) == {"persistedFaceId", "userData"} for face in faces)
    assert all(GUID.fullmatch(face["persistedFaceId"]) for face in faces)


def test_take_returns_an_empty_202_with_a_relative_location(door: Door) -> None:
    response = door.take("FaceList", "watchlist", scope=(TARGET, SOURCE), userData="about it")

    assert (response.status_code, response.content) == (202, b"")
    assert re.fullmatch(f"/operations/{GUID.pattern}", response.headers["operation-location"])


def test_a_finished_take_shows_the_snapshot(door: Door) -> None:
    operation = door.follow(door.take("FaceList", "watchlist"))

    assert set(operation) == {"status", "createdTime", "lastActionTime", "resourceLocation", "message"}
    assert (operation["status"], operation["message"]) == ("succeeded", None)
    assert re.fullmatch(f"/snapshots/{GUID.pattern}", operation["resourceLocation"])
    assert TIME.fullmatch(operation["createdTime"])
    assert TIME.fullmatch(operation["lastActionTime"])


def test_a_snapshot_has_the_published_members(door: Door) -> None:
    taken = door.follow(door.take("FaceList", "watchlist", scope=(TARGET.upper(), SOURCE), userData="about it"))

    snapshot = door.call("GET", taken["resourceLocation"]).json()

    assert snapshot == {
        "id": taken["resourceLocation"].removeprefix("/snapshots/"),
        "account": f"/subscriptions/{SOURCE}/resourceGroups/facesnap/providers/Microsoft.CognitiveServices"
        "/accounts/facesnap-emulator",
        "type": "FaceList",
        "applyScope": [TARGET.upper(), SOURCE],
        "userData": "about it",
        # As in the published pair: the snapshot was created when the take was asked for, and updated when it ended.
        "createdTime": taken["createdTime"],
        "lastUpdateTime": taken["lastActionTime"],
    }


def test_the_list_of_snapshots_is_a_bare_array_filtered_by_type_and_scope(door: Door) -> None:
    wanted = door.taken("FaceList", "watchlist")
    door.taken("FaceList", "watchlist", scope=(SOURCE,))
    door.taken("PersonGroup", "employees")

    found = door.call("GET", f"/snapshots?type=FaceList&applyScope={TARGET},{'0' * 8}-0000-0000-0000-{'0' * 12}").json()

    assert [snapshot["id"] for snapshot in found] == [wanted]


def test_update_returns_an_empty_200(door: Door) -> None:
    snapshot = door.taken("FaceList", "watchlist")

    response = door.call("PATCH", f"/snapshots/{snapshot}", json={"applyScope": [SOURCE], "userData": "new"})

    assert (response.status_code, response.content) == (200, b"")
    after = door.call("GET", f"/snapshots/{snapshot}").json()
    assert (after["applyScope"], after["userData"]) == ([SOURCE], "new")
    assert after["lastUpdateTime"] > after["createdTime"]


def test_delete_returns_an_empty_200(door: Door) -> None:
    snapshot = door.taken("FaceList", "watchlist")

    response = door.call("DELETE", f"/snapshots/{snapshot}")

    assert (response.status_code, response.content) == (200, b"")
    assert door.call("GET", "/snapshots").json() == []


@pytest.mark.parametrize(
    ("kind", "object_id", "location"),
    [
        ("PersonGroup", "employees", "/persongroup/target-id"),
        ("LargePersonGroup", "visitors", "/largepersongroup/target-id"),
        ("FaceList", "watchlist", "/facelist/target-id"),
        ("LargeFaceList", "archive", "/largefacelist/target-id"),
    ],
)
def test_apply_returns_202_and_ends_at_the_singular_path(door: Door, kind: str, object_id: str, location: str) -> None:
    snapshot = door.taken(kind, object_id)

    response = door.call(
        "POST", f"/snapshots/{snapshot}/apply", key=TARGET_KEY, json={"objectId": "target-id", "mode": "CreateNew"}
    )

    assert (response.status_code, response.content) == (202, b"")
    operation = door.follow(response, key=TARGET_KEY)
    assert (operation["status"], operation["resourceLocation"]) == ("succeeded", location)


def test_an_error_has_code_and_message_in_one_envelope(door: Door) -> None:
    response = door.call("DELETE", "/persongroups/nobody")

    assert response.status_code == 404
    assert response.json() == {"error": {"code": "PersonGroupNotFound", "message": "Person group is not found."}}
