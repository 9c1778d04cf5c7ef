"""Test keys, versions, content types, tiers, retired and gated services, and recognition through both doors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.conftest import Open
from tests.emulator.doors import TARGET, TARGET_KEY, Door, code_of, png


class TestKeys:
    @pytest.mark.parametrize("key", [None, "", "c0000000000000000000000000000009"])
    def test_a_wrong_key_is_denied(self, door: Door, key: str | None) -> None:
        response = door.call("GET", "/persongroups", key=key)

        assert code_of(response) == (401, "401")
        assert response.json()["error"]["message"].startswith("Access denied due to invalid subscription key or wrong")

    def test_a_bearer_token_is_denied(self, door: Door) -> None:
        response = door.call("GET", "/persongroups", key=None, headers={"Authorization": "Bearer token"})

        assert response.status_code == 401

    def test_accounts_come_from_a_file(self, open_door: Open, tmp_path: Path) -> None:
        file = tmp_path / "accounts.json"
        file.write_text(json.dumps([{"name": "mine", "subscriptionId": TARGET, "keys": ["secret"], "tier": "F0"}]))
        door = open_door(accounts=file)

        assert door.call("GET", "/persongroups", key="secret").status_code == 200
        assert door.call("GET", "/persongroups").status_code == 401


class TestPaths:
    @pytest.mark.parametrize("prefix", ["/face/v1.0", "/face/v1.0-preview", "/face/v1.2"])
    def test_objects_are_in_every_version(self, door: Door, prefix: str) -> None:
        assert door.call("GET", "/persongroups/employees", prefix=prefix).status_code == 200

    @pytest.mark.parametrize(
        ("prefix", "status"), [("/face/v1.0", 200), ("/face/v1.0-preview", 200), ("/face/v1.2", 404)]
    )
    def test_the_newest_version_has_no_snapshots(self, door: Door, prefix: str, status: int) -> None:
        assert door.call("GET", "/snapshots", prefix=prefix).status_code == status

    @pytest.mark.parametrize(
        ("method", "path", "prefix"),
        [
            ("GET", "/persongroup/employees", "/face/v1.0"),
            ("GET", "/PersonGroups", "/face/v1.0"),
            ("GET", "/persongroups/", "/face/v1.0"),
            ("GET", "/snapshots/", "/face/v1.0"),
            ("HEAD", "/persongroups", "/face/v1.0"),
            ("POST", "/persongroups", "/face/v1.0"),
            ("GET", "/persongroups", "/face/v9"),
            ("GET", "/persongroups", ""),
        ],
    )
    def test_unknown_paths_and_methods_are_not_found(self, door: Door, method: str, path: str, prefix: str) -> None:
        assert door.call(method, path, prefix=prefix).status_code == 404


class TestBodies:
    @pytest.mark.parametrize("content_type", ["text/plain", "application/octet-stream", "multipart/form-data", ""])
    def test_json_needs_its_content_type(self, door: Door, content_type: str) -> None:
        response = door.call("PUT", "/facelists/x", content=b'{"name": "n"}', headers={"Content-Type": content_type})

        assert code_of(response) == (415, "BadArgument")

    @pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; charset=utf-8"])
    def test_the_content_type_may_have_a_charset(self, door: Door, content_type: str) -> None:
        response = door.call("PUT", "/facelists/x", content=b'{"name": "n"}', headers={"Content-Type": content_type})

        assert response.status_code == 200

    def test_an_image_must_be_octets_or_a_url(self, door: Door) -> None:
        response = door.call("POST", "/detect", content=png(1), headers={"Content-Type": "image/png"})

        assert code_of(response) == (415, "BadArgument")

    def test_a_body_that_is_too_long_is_refused(self, door: Door) -> None:
        response = door.call("PUT", "/facelists/x", json={"name": "n", "userData": "u" * 1024 * 1024})

        assert response.status_code == 413

    @pytest.mark.parametrize("body", [b"[" * 100_000, b'"\\ud800"', b'{"name": "\\ud800"}', b"\xff\xfe", b""])
    def test_no_body_causes_a_server_error(self, door: Door, body: bytes) -> None:
        response = door.call("PUT", "/facelists/x", content=body, headers={"Content-Type": "application/json"})

        assert code_of(response) == (400, "BadArgument")


class TestTiers:
    def test_the_free_tier_has_20_calls_a_minute(self, open_door: Open) -> None:
        door = open_door(tier="F0")
        accepted = [door.call("GET", "/persongroups").status_code for _ in range(20)]

        refused = door.call("GET", "/persongroups")

        assert accepted == [200] * 20
        assert code_of(refused) == (429, "429")
        wait_s = int(refused.headers["retry-after"])
        assert refused.json()["error"]["message"] == f"Rate limit is exceeded. Try again in {wait_s} seconds."
        assert 0 < wait_s <= 60
        door.advance(wait_s)
        assert door.call("GET", "/persongroups").status_code == 200

    def test_the_standard_tier_has_10_calls_a_second(self, open_door: Open) -> None:
        door = open_door(tier="S0")
        statuses = [door.call("GET", "/persongroups").status_code for _ in range(10)]

        assert statuses == [200] * 10
        assert door.call("GET", "/persongroups").status_code in (200, 429)  # a slow socket may take a second
        door.advance(1)
        assert door.call("GET", "/persongroups").status_code == 200

    def test_each_account_has_its_own_rate_limit(self, open_door: Open) -> None:
        door = open_door(tier="F0")
        for _ in range(21):
            door.call("GET", "/persongroups")

        assert door.call("GET", "/persongroups", key=TARGET_KEY).status_code == 200

    def test_polls_count_towards_the_rate_limit(self, open_door: Open) -> None:
        door = open_door(tier="F0", seed="demo")
        location = door.take("FaceList", "watchlist").headers["operation-location"]

        statuses = [door.call("GET", location).status_code for _ in range(20)]

        assert statuses == [200] * 19 + [429]

    def test_without_a_chosen_tier_there_is_no_rate_limit(self, door: Door) -> None:
        assert {door.call("GET", "/persongroups").status_code for _ in range(60)} == {200}

    def test_the_free_tier_has_room_for_1000_persons(self, open_door: Open, tmp_path: Path) -> None:
        seed = tmp_path / "seed.json"
        seed.write_text('{"objects": [{"type": "LargePersonGroup", "objectId": "full", "count": 1000}]}')
        free, standard = open_door(seed=str(seed), tier="F0"), open_door(seed=str(seed))

        responses = [
            door.call("POST", "/largepersongroups/full/persons", json={"name": "n"}) for door in (free, standard)
        ]

        assert code_of(responses[0]) == (403, "QuotaExceeded")
        assert responses[1].status_code == 200

    def test_an_account_has_room_for_64_face_lists(self, open_door: Open) -> None:
        door = open_door()
        for number in range(64):
            door.call("PUT", f"/facelists/list{number}", json={"name": "n"})

        response = door.call("PUT", "/facelists/one-more", json={"name": "n"})

        assert code_of(response) == (403, "QuotaExceeded")
        assert response.json()["error"]["message"] == "Face list number reached subscription level limit."


class TestServiceModes:
    def test_a_retired_service_refuses_every_snapshot_post(self, open_door: Open) -> None:
        door = open_door(service="retired", seed="demo")

        assert code_of(door.take("FaceList", "watchlist")) == (403, "UnsupportedFeature")
        assert code_of(door.apply(TARGET)) == (403, "UnsupportedFeature")

    @pytest.mark.parametrize("path", ["/snapshots", f"/snapshots/{TARGET}", f"/operations/{TARGET}"])
    def test_other_requests_for_snapshots_of_a_retired_service_are_not_found(self, open_door: Open, path: str) -> None:
        assert code_of(open_door(service="retired").call("GET", path)) == (404, "404")

    def test_a_retired_service_still_has_objects(self, open_door: Open) -> None:
        door = open_door(service="retired", seed="demo")

        assert door.call("GET", "/persongroups/employees").status_code == 200

    def test_a_gated_service_names_the_missing_approval(self, open_door: Open) -> None:
        door = open_door(service="gated", seed="demo")
        responses = [
            door.take("FaceList", "watchlist"),
            door.apply(TARGET),
            door.call("POST", "/identify", json={"faceIds": [TARGET], "personGroupId": "employees"}),
        ]

        assert [code_of(response) for response in responses] == [(403, "UnsupportedFeature")] * 3
        assert "missing approval" in responses[0].json()["error"]["message"]
        assert door.call("GET", "/snapshots").json() == []


class TestRecognition:
    def detect(self, door: Door, image: bytes, key: str | None = None, **query: str) -> Any:
        """Return the detected face."""
        headers = {"Content-Type": "application/octet-stream"}
        account = {} if key is None else {"key": key}
        response = door.call("POST", "/detect", content=image, headers=headers, params=query, **account)
        return response.json()[0]

    def image(self, door: Door, person: int = 0, face: int = 0) -> bytes:
        """Return an image of one of the demo's employees."""
        found = door.call("GET", "/persongroups/employees/persons").json()[person]
        return door.control("GET", f"/images/{found['persistedFaceIds'][face]}").content

    def test_detect_finds_one_face(self, door: Door) -> None:
        face = self.detect(door, png(1), returnRecognitionModel="true")

        assert face["faceRectangle"] == {"top": 0, "left": 0, "width": 48, "height": 48}
        assert face["recognitionModel"] == "recognition_01"

    def test_detect_finds_none_in_a_tiny_image(self, door: Door) -> None:
        headers = {"Content-Type": "application/octet-stream"}

        assert door.call("POST", "/detect", content=png(1, side=35), headers=headers).json() == []

    def test_detect_without_an_id(self, door: Door) -> None:
        assert "faceId" not in self.detect(door, png(1), returnFaceId="false")

    def test_detect_refuses_what_is_not_emulated(self, door: Door) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        response = door.call("POST", "/detect?returnFaceLandmarks=true", content=png(1), headers=headers)

        assert code_of(response) == (403, "UnsupportedFeature")

    def test_identify_finds_a_seeded_person_by_any_image(self, door: Door) -> None:
        persons = door.call("GET", "/persongroups/employees/persons").json()
        for number, place in ((0, 0), (0, 2), (2, 1)):
            face = self.detect(door, self.image(door, number, place), recognitionModel="recognition_04")

            body = {"faceIds": [face["faceId"]], "personGroupId": "employees"}
            (found,) = door.call("POST", "/identify", json=body).json()

            candidate = {"personId": persons[number]["personId"], "confidence": 1.0}
            assert found == {"faceId": face["faceId"], "candidates": [candidate]}

    def test_an_applied_group_identifies_without_training(self, door: Door) -> None:
        door.follow(door.apply(door.taken("PersonGroup", "employees")), key=TARGET_KEY)
        image = self.image(door)

        face = self.detect(door, image, key=TARGET_KEY, recognitionModel="recognition_04")
        body = {"faceIds": [face["faceId"]], "personGroupId": "copy"}
        (found,) = door.call("POST", "/identify", key=TARGET_KEY, json=body).json()

        assert found["candidates"][0]["personId"] == "aedf5519-0001-4000-8000-000000000001"

    @pytest.mark.parametrize(
        ("path", "kind"), [("persongroups", "personGroup"), ("largepersongroups", "largePersonGroup")]
    )
    def test_an_untrained_group_identifies_nobody(self, door: Door, path: str, kind: str) -> None:
        door.call("PUT", f"/{path}/mine", json={"name": "n"})
        person = door.call("POST", f"/{path}/mine/persons", json={"name": "n"}).json()["personId"]
        door.add_face(f"/{path}/mine/persons/{person}", png(1))
        body = {"faceIds": [self.detect(door, png(1))["faceId"]], f"{kind}Id": "mine"}

        before = door.call("POST", "/identify", json=body)
        door.call("POST", f"/{path}/mine/train")
        meanwhile = door.call("POST", "/identify", json=body)
        door.advance(21)
        after = door.call("POST", "/identify", json=body)

        kind = kind[0].upper() + kind[1:]
        assert code_of(before) == (400, f"{kind}NotTrained")
        assert code_of(meanwhile) == (409, f"{kind}TrainingNotFinished")
        assert after.json()[0]["candidates"] == [{"personId": person, "confidence": 1.0}]

    def test_a_face_added_since_the_training_is_not_identified(self, door: Door) -> None:
        person = door.call("GET", "/persongroups/employees/persons").json()[0]["personId"]
        door.advance(21)
        door.add_face(f"/persongroups/employees/persons/{person}", png(5))
        face = self.detect(door, png(5), recognitionModel="recognition_04")

        response = door.call("POST", "/identify", json={"faceIds": [face["faceId"]], "personGroupId": "employees"})

        assert response.json() == [{"faceId": face["faceId"], "candidates": []}]

    def test_a_detected_face_expires(self, door: Door) -> None:
        face = self.detect(door, self.image(door), recognitionModel="recognition_04", faceIdTimeToLive="60")
        door.advance(60)

        response = door.call("POST", "/identify", json={"faceIds": [face["faceId"]], "personGroupId": "employees"})

        assert code_of(response) == (404, "FaceNotFound")

    def test_the_recognition_models_must_match(self, door: Door) -> None:
        face = self.detect(door, self.image(door), recognitionModel="recognition_01")

        response = door.call("POST", "/identify", json={"faceIds": [face["faceId"]], "personGroupId": "employees"})

        assert response.json()["error"]["message"] == "'recognitionModel' is incompatible."

    @pytest.mark.parametrize(
        "change",
        [
            {"faceIds": []},
            {"faceIds": [TARGET] * 11},
            {"faceIds": None},
            {"maxNumOfCandidatesReturned": 101},
            {"confidenceThreshold": 2},
            {"largePersonGroupId": "visitors"},
            {"personGroupId": None},
        ],
        ids=str,
    )
    def test_identify_refuses_a_bad_body(self, door: Door, change: dict[str, object]) -> None:
        body = {"faceIds": [TARGET], "personGroupId": "employees"} | change

        assert code_of(door.call("POST", "/identify", json=body)) == (400, "BadArgument")

    @pytest.mark.parametrize(
        ("path", "key"), [("facelists/watchlist", "faceListId"), ("largefacelists/archive", "largeFaceListId")]
    )
    def test_find_similar_finds_the_faces_of_a_list(self, door: Door, path: str, key: str) -> None:
        if key == "faceListId":
            face = door.call("GET", f"/{path}").json()["persistedFaces"][1]["persistedFaceId"]
        else:
            face = door.call("GET", f"/{path}/persistedfaces?top=2").json()[1]["persistedFaceId"]
        image = door.control("GET", f"/images/{face}").content
        model = "recognition_01" if key == "faceListId" else "recognition_02"
        detected = self.detect(door, image, recognitionModel=model)

        response = door.call("POST", "/findsimilars", json={"faceId": detected["faceId"], key: path.rpartition("/")[2]})

        assert response.json() == [{"persistedFaceId": face, "confidence": 1.0}]

    def test_find_similar_needs_a_trained_list(self, door: Door) -> None:
        door.call("PUT", "/largefacelists/mine", json={"name": "n"})
        face = self.detect(door, png(1))["faceId"]

        response = door.call("POST", "/findsimilars", json={"faceId": face, "largeFaceListId": "mine"})

        assert code_of(response) == (400, "LargeFaceListNotTrained")
