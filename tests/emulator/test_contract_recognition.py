"""Test detect, identify, verify, group and find similar through both doors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.emulator.conftest import Open
from tests.emulator.doors import TARGET, TARGET_KEY, Door, code_of, error_of, png


class _Recognition:
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


class TestRecognition(_Recognition):
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

        assert code_of(response) == (400, "FaceNotFound")

    def test_the_recognition_models_must_match(self, door: Door) -> None:
        face = self.detect(door, self.image(door), recognitionModel="recognition_01")

        response = door.call("POST", "/identify", json={"faceIds": [face["faceId"]], "personGroupId": "employees"})

        assert response.json()["error"]["message"] == "'recognitionModel' is incompatible."

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"faceIds": []}, "BadArgument"),
            ({"faceIds": [TARGET] * 11}, "BadArgument"),
            ({"faceIds": None}, "BadArgument"),
            ({"maxNumOfCandidatesReturned": 101}, "BadArgument"),
            ({"confidenceThreshold": 2}, "BadArgument"),
            ({"confidenceThreshold": True}, "BadArgument"),
            ({"personGroupId": "Employees"}, "BadArgument"),
            ({"personGroupId": "nobody"}, "PersonGroupNotFound"),
            ({"personGroupId": None, "largePersonGroupId": "nobody"}, "LargePersonGroupNotFound"),
            ({"largePersonGroupId": "visitors"}, "PersonGroupIdAndLargePersonGroupIdBothNotNull"),
            ({"personGroupId": None}, "PersonGroupIdAndLargePersonGroupIdBothNull"),
            ({"dynamicPersonGroupId": "d"}, "IncompatibleIdentificationScopeParametersCombination"),
            ({"personGroupId": None, "dynamicPersonGroupId": "d"}, "DynamicPersonGroupNotFound"),
            ({"personGroupId": None, "dynamicPersonGroupId": "D"}, "BadArgument"),
            ({}, "FaceNotFound"),
            ({"faceIds": ["nonsense"]}, "FaceNotFound"),
        ],
        ids=str,
    )
    def test_identify_refuses_a_bad_body(self, door: Door, change: dict[str, object], code: str) -> None:
        body = {"faceIds": [TARGET], "personGroupId": "employees"} | change

        assert code_of(door.call("POST", "/identify", json=body)) == (400, code)

    def test_a_version_with_a_person_directory_misses_the_scope(self, door: Door) -> None:
        response = door.call("POST", "/identify", prefix="/face/v1.2-preview.1", json={"faceIds": [TARGET]})

        assert code_of(response) == (400, "MissingIdentificationScopeParameters")

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

    def test_find_similar_needs_faces_in_the_list(self, door: Door) -> None:
        door.call("PUT", "/facelists/mine", json={"name": "n"})
        face = self.detect(door, png(1))["faceId"]

        response = door.call("POST", "/findsimilars", json={"faceId": face, "faceListId": "mine"})

        assert code_of(response) == (400, "FaceListNotReady")

    def test_find_similar_compares_detected_faces(self, door: Door) -> None:
        first, same, other = (self.detect(door, png(number))["faceId"] for number in (1, 1, 2))

        response = door.call("POST", "/findsimilars", json={"faceId": first, "faceIds": [other, same]})

        assert response.json() == [{"faceId": same, "confidence": 1.0}]

    @pytest.mark.parametrize(
        ("change", "code", "message"),
        [
            ({"mode": "matchAll"}, "BadArgument", "Mode is invalid."),
            ({"faceListId": None}, "BadArgument", "LargeFaceListId, faceListId and faceIds are all null."),
            (
                {"faceIds": [TARGET]},
                "BadArgument",
                "2 or more of largeFaceListId, faceListId and faceIds are not null.",
            ),
            ({"faceListId": "Watch"}, "BadArgument", "Face list ID is invalid."),
            ({"faceListId": "nobody"}, "FaceListNotFound", "Face list is not found."),
            (
                {"faceListId": None, "largeFaceListId": "nobody"},
                "LargeFaceListNotFound",
                "Large face list is not found.",
            ),
            (
                {"faceListId": None, "faceIds": []},
                "BadArgument",
                "The length of faceIds is not in a valid range. [1, 1000]",
            ),
            (
                {"maxNumOfCandidatesReturned": 1001},
                "BadArgument",
                "The argument maxNumOfCandidatesReturned is not valid. [1, 1000]",
            ),
            ({"faceId": None}, "BadArgument", "Request body is invalid."),
            ({}, "FaceNotFound", "Face is not found."),
        ],
        ids=str,
    )
    def test_find_similar_refuses_a_bad_body(
        self, door: Door, change: dict[str, object], code: str, message: str
    ) -> None:
        body = {"faceId": TARGET, "faceListId": "watchlist"} | change

        assert error_of(door.call("POST", "/findsimilars", json=body)) == (400, code, message)


class TestVerify(_Recognition):
    def test_two_detected_faces_are_compared(self, door: Door) -> None:
        first, same, other = (self.detect(door, png(number))["faceId"] for number in (1, 1, 2))

        results = [
            door.call("POST", "/verify", json={"faceId1": first, "faceId2": face}).json() for face in (same, other)
        ]

        assert results == [{"isIdentical": True, "confidence": 1.0}, {"isIdentical": False, "confidence": 0.0}]

    def test_a_face_is_compared_with_a_person(self, door: Door) -> None:
        face = self.detect(door, self.image(door), recognitionModel="recognition_04")["faceId"]
        persons = [person["personId"] for person in door.call("GET", "/persongroups/employees/persons").json()]

        results = [
            door.call("POST", "/verify", json={"faceId": face, "personId": person, "personGroupId": "employees"}).json()
            for person in persons[:2]
        ]

        assert [result["isIdentical"] for result in results] == [True, False]

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ({"faceId1": TARGET}, 400, "BadArgument"),
            ({"faceId1": TARGET, "faceId2": "x"}, 400, "BadArgument"),
            ({"faceId1": TARGET, "faceId2": TARGET}, 404, "FaceNotFound"),
            ({"faceId": "x", "personId": TARGET, "personGroupId": "employees"}, 400, "BadArgument"),
            ({"faceId": TARGET, "personId": "x", "personGroupId": "employees"}, 400, "BadArgument"),
            ({"faceId": TARGET, "personId": TARGET}, 400, "BadArgument"),
            ({"faceId": TARGET, "personId": TARGET, "personGroupId": "Employees"}, 400, "BadArgument"),
            ({"faceId": TARGET, "personId": TARGET, "personGroupId": "nobody"}, 400, "PersonGroupNotFound"),
            ({"faceId": TARGET, "personId": TARGET, "largePersonGroupId": "nobody"}, 400, "LargePersonGroupNotFound"),
            ({"faceId": TARGET, "personId": TARGET, "personGroupId": "employees"}, 404, "FaceNotFound"),
        ],
        ids=str,
    )
    def test_a_bad_body_is_refused(self, door: Door, body: dict[str, object], status: int, code: str) -> None:
        assert code_of(door.call("POST", "/verify", json=body)) == (status, code)

    def test_an_unknown_person_and_one_without_faces_are_refused(self, door: Door) -> None:
        face = self.detect(door, png(1), recognitionModel="recognition_04")["faceId"]
        nobody = door.call("POST", "/persongroups/employees/persons", json={"name": "n"}).json()["personId"]

        def refusal(person: str) -> tuple[int, str]:
            body = {"faceId": face, "personId": person, "personGroupId": "employees"}
            return code_of(door.call("POST", "/verify", json=body))

        assert refusal(TARGET) == (400, "PersonNotFound")
        assert refusal(nobody) == (404, "PersistedFaceNotFound")

    def test_the_recognition_models_must_match(self, door: Door) -> None:
        faces = [self.detect(door, png(1), recognitionModel=f"recognition_0{number}")["faceId"] for number in (1, 2)]

        response = door.call("POST", "/verify", json=dict(zip(("faceId1", "faceId2"), faces, strict=True)))

        assert error_of(response) == (400, "BadArgument", "'recognitionModel' is incompatible.")


class TestGroup(_Recognition):
    def test_faces_are_grouped_and_the_others_are_the_messy_group(self, door: Door) -> None:
        a, b, c, d, e, f = (self.detect(door, png(number))["faceId"] for number in (1, 2, 1, 3, 2, 2))

        response = door.call("POST", "/group", json={"faceIds": [a, b, c, d, e, f]})

        assert response.json() == {"groups": [[b, e, f], [a, c]], "messyGroup": [d]}

    @pytest.mark.parametrize(
        ("faces", "code"), [([TARGET], "BadArgument"), ([TARGET] * 1001, "BadArgument"), ([TARGET] * 2, "FaceNotFound")]
    )
    def test_a_bad_body_is_refused(self, door: Door, faces: list[str], code: str) -> None:
        assert code_of(door.call("POST", "/group", json={"faceIds": faces})) == (400, code)


class TestDetect(_Recognition):
    def test_the_quality_is_high_by_default(self, door: Door) -> None:
        face = self.detect(
            door, png(1), returnFaceAttributes="qualityForRecognition", recognitionModel="recognition_04"
        )

        assert face["faceAttributes"] == {"qualityForRecognition": "high"}

    @pytest.mark.parametrize(
        ("query", "status", "code"),
        [
            ({"returnFaceAttributes": "charm"}, 400, "BadArgument"),
            ({"returnFaceAttributes": "age,blur"}, 403, "UnsupportedFeature"),
            ({"returnFaceAttributes": "headPose"}, 403, "UnsupportedFeature"),
            ({"returnFaceAttributes": "blur", "detectionModel": "detection_02"}, 400, "BadArgument"),
            ({"returnFaceLandmarks": "true", "detectionModel": "detection_02"}, 400, "BadArgument"),
            ({"returnFaceAttributes": "qualityForRecognition"}, 400, "BadArgument"),
            ({"faceIdTimeToLive": "9" * 5000}, 400, "BadArgument"),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_other_wishes_are_refused(self, door: Door, query: dict[str, str], status: int, code: str) -> None:
        headers = {"Content-Type": "application/octet-stream"}

        response = door.call("POST", "/detect", content=png(1), headers=headers, params=query)

        assert code_of(response) == (status, code)


class TestSeveralFaces(_Recognition):
    """Images with several faces: those that a seed marks, and those that the emulator draws."""

    @pytest.fixture
    def marked(self, open_door: Open, tmp_path: Path) -> Door:
        """Open a door to an emulator whose seed marks images 1 to 4."""
        for number in (1, 2, 3, 4, 5):
            (tmp_path / f"{number}.png").write_bytes(png(number, side=100))
        images = [
            {"image": "1.png", "faces": 2},
            {
                "image": "2.png",
                "faces": [
                    {"rectangle": [0, 0, 40, 40], "like": "5.png", "qualityForRecognition": "low"},
                    {"rectangle": [50, 50, 50, 50]},
                ],
            },
            {"image": "3.png", "faces": []},
            {"image": "4.png", "faces": [{"qualityForRecognition": "medium"}]},
        ]
        seed = tmp_path / "seed.json"
        seed.write_text(json.dumps({"objects": [{"type": "FaceList", "objectId": "list"}], "images": images}))
        return open_door(seed=str(seed))

    def faces(self, door: Door, image: bytes, **query: str) -> list[Any]:
        """Return all faces in an image."""
        headers = {"Content-Type": "application/octet-stream"}
        query |= {"recognitionModel": "recognition_04", "returnFaceAttributes": "qualityForRecognition"}
        return list(door.call("POST", "/detect", content=image, headers=headers, params=query).json())

    def test_detect_finds_them_the_biggest_first(self, marked: Door) -> None:
        first, second = self.faces(marked, png(2, side=100))

        assert first["faceRectangle"] == {"left": 50, "top": 50, "width": 50, "height": 50}
        assert [face["faceAttributes"]["qualityForRecognition"] for face in (first, second)] == ["high", "low"]

    @pytest.mark.parametrize(("number", "faces"), [(1, 2), (2, 2), (3, 0), (4, 1), (5, 1)])
    def test_the_seed_says_how_many_there_are(self, marked: Door, number: int, faces: int) -> None:
        assert len(self.faces(marked, png(number, side=100))) == faces

    def test_a_face_like_that_of_another_image_is_the_same(self, marked: Door) -> None:
        _, like = self.faces(marked, png(2, side=100))
        (model,) = self.faces(marked, png(5, side=100))

        response = marked.call("POST", "/verify", json={"faceId1": like["faceId"], "faceId2": model["faceId"]})

        assert response.json()["isIdentical"] is True

    @pytest.mark.parametrize(
        ("target", "status", "message"),
        [
            (None, 400, "There is more than 1 face in the image."),
            ("50,50,50,50", 200, ""),
            ("45,45,50,50", 200, ""),
            ("41,0,9,9", 400, "No face detected in the image."),
            ("60,60,50,50", 400, "Argument targetFace out of range."),
            ("9" * 5000 + ",0,1,1", 400, "Invalid argument targetFace."),
        ],
        ids=lambda value: str(value)[:40],
    )
    def test_a_face_is_added_only_if_it_is_clear_which(
        self, marked: Door, target: str | None, status: int, message: str
    ) -> None:
        params = {} if target is None else {"targetFace": target}

        response = marked.add_face("/facelists/list", png(2, side=100), params=params)

        assert response.status_code == status, response.text
        assert message == "" or response.json()["error"]["message"] == message

    def test_a_drawn_image_can_show_several_seeded_faces(self, door: Door) -> None:
        persons = door.call("GET", "/persongroups/employees/persons").json()
        ids = [person["persistedFaceIds"][0] for person in persons]
        image = door.control("GET", f"/images/{','.join(ids)}").content

        faces = self.faces(door, image)
        body = {"faceIds": [face["faceId"] for face in faces], "personGroupId": "employees"}
        found = door.call("POST", "/identify", json=body).json()

        assert [face["faceRectangle"]["left"] for face in faces] == [0, 64, 128]
        assert [entry["candidates"][0]["personId"] for entry in found] == [person["personId"] for person in persons]
