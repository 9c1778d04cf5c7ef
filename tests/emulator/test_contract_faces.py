"""Test the rules of persisted faces and images through both doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.conftest import Open
from tests.emulator.doors import TRAINED, Door, error_of, png


class TestFaces:
    def test_a_face_keeps_its_user_data(self, door: Door, path: str, add: Callable[[str], str]) -> None:
        face = add(path)
        if path == "facelists":
            (shown,) = door.call("GET", f"/{path}/mine").json()["persistedFaces"]
        else:
            shown = door.call("GET", face).json()

        assert shown == {"persistedFaceId": face.rpartition("/")[2], "userData": "front"}

    @pytest.mark.parametrize("path", TRAINED)
    def test_update(self, door: Door, path: str, add: Callable[[str], str]) -> None:
        face = add(path)

        response = door.call("PATCH", face, json={"userData": "left"})

        assert (response.status_code, response.content) == (200, b"")
        assert door.call("GET", face).json()["userData"] == "left"

    def test_delete(self, door: Door, path: str, add: Callable[[str], str]) -> None:
        face = add(path)

        first, second = door.call("DELETE", face), door.call("DELETE", face)

        assert (first.status_code, first.content) == (200, b"")
        assert error_of(second) == (404, "PersistedFaceNotFound", "Persisted face is not found.")

    def test_a_large_face_list_shows_its_faces_in_pages(self, door: Door) -> None:
        faces = [face["persistedFaceId"] for face in door.call("GET", "/largefacelists/archive/persistedfaces").json()]

        page = door.call("GET", f"/largefacelists/archive/persistedfaces?start={faces[9]}&top=3").json()

        assert len(faces) == 200
        assert [face["persistedFaceId"] for face in page] == faces[10:13]

    def test_a_face_list_has_room_for_1000_faces(self, open_door: Open, tmp_path: Any) -> None:
        seed = tmp_path / "seed.json"
        seed.write_text('{"objects": [{"type": "FaceList", "objectId": "full", "count": 1000}]}')
        door = open_door(seed=str(seed))

        response = door.add_face("/facelists/full", png(1))

        assert error_of(response) == (403, "QuotaExceeded", "Persisted face number reached limit.")

    @pytest.mark.parametrize(
        ("image", "code", "message"),
        [
            (png(1)[:1023], "InvalidImageSize", "Image size is too small."),
            (b"\x89PNG" + bytes(6 * 1024 * 1024), "InvalidImageSize", "Image size is too big."),
            (bytes(2000), "InvalidImage", "Decoding error, image format unsupported."),
            (png(1, side=35), "InvalidImage", "No face detected in the image."),
        ],
        ids=["small", "big", "no image", "no face"],
    )
    def test_unusable_images_are_refused(self, door: Door, image: bytes, code: str, message: str) -> None:
        assert error_of(door.add_face("/facelists/watchlist", image)) == (400, code, message)

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ({"targetFace": "1,2,3"}, "Invalid argument targetFace."),
            ({"targetFace": "1,2,0,4"}, "Invalid argument targetFace."),
            ({"targetFace": "-1,2,3,4"}, "Invalid argument targetFace."),
            ({"targetFace": "40,0,9,9"}, "Argument targetFace out of range."),
            ({"detectionModel": "detection_04"}, "'detectionModel' is invalid."),
            ({"userData": "u" * 1025}, "'userData' is too long."),
        ],
    )
    def test_bad_parameters_are_refused(self, door: Door, query: dict[str, str], message: str) -> None:
        response = door.add_face("/facelists/watchlist", png(1), params=query)

        assert error_of(response) == (400, "BadArgument", message)

    def test_a_target_within_the_image_is_accepted(self, door: Door) -> None:
        query = {"targetFace": "0,0,48,48", "detectionModel": "detection_03", "userData": "u" * 1024}

        assert door.add_face("/facelists/watchlist", png(1), params=query).status_code == 200

    @pytest.mark.parametrize("url", ["", "ftp://example.org/a.png", "file:///etc/passwd", "http://127.0.0.1:9/a.png"])
    def test_a_url_that_gives_no_image_is_refused(self, door: Door, url: str) -> None:
        response = door.call("POST", "/facelists/watchlist/persistedfaces", json={"url": url})

        assert (response.status_code, response.json()["error"]["code"]) == (400, "InvalidURL")
