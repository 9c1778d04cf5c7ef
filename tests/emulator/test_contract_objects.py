"""Test the rules of groups, lists, persons and faces, with their documented errors, through both doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Open
from tests.emulator.doors import KINDS, TRAINED, Door, error_of, png

GROUPS = ["persongroups", "largepersongroups"]
NOBODY = "00000000-0000-4000-8000-000000000000"


class TestContainers:
    def test_create_keeps_every_member(self, door: Door, path: str) -> None:
        body = {"name": "n" * 128, "userData": "u" * 16384, "recognitionModel": "recognition_04"}
        door.call("PUT", f"/{path}/mine", json=body)

        found = door.call("GET", f"/{path}/mine?returnRecognitionModel=true").json()

        assert {key: found[key] for key in body} == body

    def test_the_oldest_model_is_the_default(self, door: Door, path: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})

        found = door.call("GET", f"/{path}/mine?returnRecognitionModel=true").json()

        assert found["recognitionModel"] == "recognition_01"

    @pytest.mark.parametrize("bad", ["UPPER", "a.b", "x" * 65, "é"])
    def test_create_refuses_an_id_outside_of_the_alphabet(self, door: Door, path: str, bad: str) -> None:
        response = door.call("PUT", f"/{path}/{bad}", json={"name": "n"})

        assert error_of(response) == (400, "BadArgument", f"{KINDS[path][1]} ID is invalid.")

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_an_id_outside_of_the_alphabet_is_not_found(self, door: Door, path: str, method: str) -> None:
        response = door.call(method, f"/{path}/UPPER")

        assert error_of(response) == (404, f"{KINDS[path][0]}NotFound", f"{KINDS[path][1]} ID is invalid.")

    def test_create_refuses_an_id_that_is_taken(self, door: Door, path: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})

        response = door.call("PUT", f"/{path}/mine", json={"name": "n"})

        assert error_of(response) == (409, f"{KINDS[path][0]}Exists", f"{KINDS[path][1]} already exists.")

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({}, "'name' is empty."),
            ({"name": ""}, "'name' is empty."),
            ({"name": "n" * 129}, "'name' is too long."),
            ({"name": "n", "userData": "u" * 16385}, "'userData' is too long."),
            ({"name": "n", "recognitionModel": "recognition_05"}, "'recognitionModel' is invalid."),
            ({"name": 7}, "Request body is invalid."),
            ({"name": "n", "userdata": "u"}, "Request body is invalid."),
            ([], "Request body is invalid."),
        ],
    )
    def test_create_refuses_a_bad_body(self, door: Door, path: str, body: object, message: str) -> None:
        assert error_of(door.call("PUT", f"/{path}/mine", json=body)) == (400, "BadArgument", message)

    def test_create_refuses_a_body_that_is_not_json(self, door: Door, path: str) -> None:
        response = door.call("PUT", f"/{path}/mine", content=b"{", headers={"Content-Type": "application/json"})

        assert error_of(response) == (400, "BadArgument", "JSON parsing error.")

    @pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
    def test_an_unknown_container_is_not_found(self, door: Door, path: str, method: str) -> None:
        content: dict[str, Any] = {"json": {"name": "n"}} if method == "PATCH" else {}

        response = door.call(method, f"/{path}/nobody", **content)

        assert error_of(response) == (404, f"{KINDS[path][0]}NotFound", f"{KINDS[path][1]} is not found.")

    def test_update_changes_only_the_given_members(self, door: Door, path: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "before", "userData": "kept"})

        door.call("PATCH", f"/{path}/mine", json={"name": "after"})

        found = door.call("GET", f"/{path}/mine").json()
        assert (found["name"], found["userData"]) == ("after", "kept")

    @pytest.mark.parametrize("path", ["largepersongroups", "largefacelists"])
    def test_a_large_container_refuses_an_empty_update(self, door: Door, path: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})

        response = door.call("PATCH", f"/{path}/mine", json={})

        assert error_of(response) == (400, "BadArgument", "Both 'name' and 'userData' are empty.")

    def test_another_account_does_not_see_it(self, door: Door, path: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})

        response = door.call("GET", f"/{path}/mine", key="b0000000000000000000000000000001")

        assert response.status_code == 404

    def test_the_second_key_opens_the_same_account(self, door: Door, path: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})

        response = door.call("GET", f"/{path}/mine", key="a0000000000000000000000000000002")

        assert response.status_code == 200

    @pytest.mark.parametrize("path", TRAINED)
    def test_lists_come_in_pages_after_an_exclusive_start(self, open_door: Open, path: str) -> None:
        door = open_door()
        for number in range(1, 6):
            door.call("PUT", f"/{path}/group{number}", json={"name": "n"})

        def ids(query: str) -> list[str]:
            id_key = KINDS[path][0][0].lower() + KINDS[path][0][1:] + "Id"
            return [entry[id_key] for entry in door.call("GET", f"/{path}?{query}").json()]

        assert ids("start=&top=") == ["group1", "group2", "group3", "group4", "group5"]
        assert ids("start=&top=2") == ["group1", "group2"]
        assert ids("start=group2&top=3") == ["group3", "group4", "group5"]

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("top=0", "'top' is invalid."),
            ("top=1001", "'top' is invalid."),
            ("top=x", "'top' is invalid."),
            (f"start={'x' * 65}", "'start' is too long."),
            ("returnRecognitionModel=perhaps", "'returnRecognitionModel' is invalid."),
            ("Top=5", "'Top' is not a parameter of this operation."),
        ],
    )
    @pytest.mark.parametrize("path", TRAINED)
    def test_lists_refuse_bad_parameters(self, door: Door, path: str, query: str, message: str) -> None:
        assert error_of(door.call("GET", f"/{path}?{query}")) == (400, "BadArgument", message)


@pytest.mark.parametrize("path", TRAINED)
class TestTraining:
    def test_a_container_without_a_training_is_not_trained(self, door: Door, path: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})

        response = door.call("GET", f"/{path}/mine/training")

        assert error_of(response) == (404, f"{KINDS[path][0]}NotTrained", f"{KINDS[path][1]} not trained.")

    def test_it_runs_and_then_succeeds(self, door: Door, path: str, add: Callable[[str], str]) -> None:
        add(path)
        door.call("POST", f"/{path}/mine/train")
        early = door.call("GET", f"/{path}/mine/training").json()
        door.advance(21)
        late = door.call("GET", f"/{path}/mine/training").json()

        assert early["status"] in ("notStarted", "running")
        assert "lastSuccessfulTrainingDateTime" not in early
        assert late["status"] == "succeeded"
        assert late["lastSuccessfulTrainingDateTime"] == late["lastActionDateTime"] != late["createdDateTime"]

    def test_without_a_face_it_fails_with_a_message(self, door: Door, path: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})
        door.call("POST", f"/{path}/mine/train")
        door.advance(21)

        training = door.call("GET", f"/{path}/mine/training").json()

        assert training["status"] == "failed"
        assert training["message"]

    def test_every_change_during_a_training_is_refused(self, door: Door, path: str, add: Callable[[str], str]) -> None:
        face = add(path)
        door.call("POST", f"/{path}/mine/train")

        responses = [
            door.call("POST", f"/{path}/mine/train"),
            door.call("PATCH", f"/{path}/mine", json={"name": "n"}),
            door.call("DELETE", face),
            door.call("DELETE", f"/{path}/mine"),
            door.take(KINDS[path][0], "mine"),
        ]

        expected = (409, f"{KINDS[path][0]}TrainingNotFinished", f"{KINDS[path][1]} is under training.")
        assert [error_of(response) for response in responses] == [expected] * 5


@pytest.mark.parametrize("path", GROUPS)
class TestPersons:
    def test_a_person_has_its_published_members(self, door: Door, path: str, add: Callable[[str], str]) -> None:
        _, _, _, _, person, _, face = add(path).split("/")

        one = door.call("GET", f"/{path}/mine/persons/{person}").json()

        assert one == {"personId": person, "persistedFaceIds": [face], "name": "Ada", "userData": "1815"}
        assert door.call("GET", f"/{path}/mine/persons").json() == [one]

    def test_update_and_delete(self, door: Door, path: str, add: Callable[[str], str]) -> None:
        person = add(path).partition("/persistedfaces")[0]

        changed = door.call("PATCH", person, json={"name": "Lovelace"})
        after = door.call("GET", person).json()
        deleted = door.call("DELETE", person)

        assert (changed.status_code, changed.content) == (200, b"")
        assert (after["name"], after["userData"]) == ("Lovelace", "1815")
        assert (deleted.status_code, deleted.content) == (200, b"")
        assert door.call("GET", f"/{path}/mine/persons").json() == []

    @pytest.mark.parametrize("person", [NOBODY, "not-a-guid"])
    def test_an_unknown_person_is_not_found(self, door: Door, path: str, person: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})

        response = door.call("GET", f"/{path}/mine/persons/{person}")

        assert error_of(response) == (404, "PersonNotFound", f"Person {person} is not found.")

    def test_persons_come_in_pages_by_id(self, door: Door, path: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})
        for number in range(5):
            door.call("POST", f"/{path}/mine/persons", json={"name": f"p{number}"})
        everyone = [person["personId"] for person in door.call("GET", f"/{path}/mine/persons").json()]

        page = door.call("GET", f"/{path}/mine/persons?start={everyone[1]}&top=2").json()

        assert everyone == sorted(everyone)
        assert [person["personId"] for person in page] == everyone[2:4]

    def test_a_person_has_room_for_248_faces(self, door: Door, path: str, add: Callable[[str], str]) -> None:
        owner = add(path).partition("/persistedfaces")[0]

        responses = [door.add_face(owner, png(number)) for number in range(2, 250)]

        assert [response.status_code for response in responses[:-1]] == [200] * 247
        assert error_of(responses[-1]) == (403, "QuotaExceeded", "Persisted face number reached limit.")
