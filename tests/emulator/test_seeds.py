"""Test seeds and accounts from files, and the demo seed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.accounts import BUILT_IN, read_accounts
from facesnap_cli.emulator.protocol.service_errors import ServiceError
from facesnap_cli.emulator.seeds.files import read_seed
from facesnap_cli.emulator.seeds.images import draw, find_faces, image_key, size_of
from tests.emulator.conftest import Open
from tests.emulator.doors import TARGET_KEY, Door, png


def written(directory: Path, document: object) -> Path:
    """Write a JSON file and return its path."""
    path = directory / "file.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def open_seed(open_door: Open, directory: Path, *objects: dict[str, Any]) -> Door:
    """Open a door to an emulator with a seed of these objects."""
    return open_door(seed=str(written(directory, {"objects": list(objects)})))


class TestDemo:
    def test_it_has_one_of_each_kind(self, door: Door) -> None:
        persons = door.call("GET", "/persongroups/employees/persons").json()
        visitors = door.call("GET", "/largepersongroups/visitors/persons").json()

        assert [(person["name"], len(person["persistedFaceIds"])) for person in persons] == [
            ("Ada Lovelace", 3),
            ("Grace Hopper", 2),
            ("Žofia Ćwikła", 2),
        ]
        assert len(visitors) == 300
        assert len(door.call("GET", "/facelists/watchlist").json()["persistedFaces"]) == 12
        assert len(door.call("GET", "/largefacelists/archive/persistedfaces").json()) == 200
        for path in ("persongroups/employees", "largepersongroups/visitors", "largefacelists/archive"):
            assert door.call("GET", f"/{path}/training").json()["status"] == "succeeded"

    def test_the_second_account_is_empty(self, door: Door) -> None:
        for path in ("persongroups", "largepersongroups", "facelists", "largefacelists"):
            assert door.call("GET", f"/{path}", key=TARGET_KEY).json() == []


class TestFiles:
    def test_a_seed_creates_its_objects(self, open_door: Open, tmp_path: Path) -> None:
        person_id, face_id = "11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000002"
        (tmp_path / "ada.png").write_bytes(png(1))
        door = open_seed(
            open_door,
            tmp_path,
            {
                "account": "facesnap-emulator-target",
                "type": "LargePersonGroup",
                "objectId": "mine",
                "name": "Mine",
                "userData": "data",
                "recognitionModel": "recognition_04",
                "trained": False,
                "persons": [
                    {
                        "personId": person_id,
                        "name": "Ada",
                        "userData": "1815",
                        "faces": [{"persistedFaceId": face_id, "image": "ada.png", "userData": "front"}],
                    },
                    {"name": "Grace", "faces": 2},
                ],
            },
        )

        ada, grace = door.call("GET", "/largepersongroups/mine/persons", key=TARGET_KEY).json()
        face = door.call("GET", f"/largepersongroups/mine/persons/{person_id}/persistedfaces/{face_id}", key=TARGET_KEY)

        assert ada == {"personId": person_id, "name": "Ada", "userData": "1815", "persistedFaceIds": [face_id]}
        assert (grace["name"], len(grace["persistedFaceIds"])) == ("Grace", 2)
        assert face.json()["userData"] == "front"
        assert door.call("GET", "/largepersongroups/mine/training", key=TARGET_KEY).status_code == 404
        # An image that the seed brought along is not the emulator's to give away.
        assert door.control("GET", f"/images/{face_id}").status_code == 404

    def test_generated_persons_come_after_those_written_out(self, open_door: Open, tmp_path: Path) -> None:
        group = {
            "type": "PersonGroup",
            "objectId": "mine",
            "persons": [{"name": "Ada"}],
            "count": 3,
            "facesPerPerson": 2,
        }
        door = open_seed(open_door, tmp_path, group)

        persons = door.call("GET", "/persongroups/mine/persons").json()

        assert [(person["name"], len(person["persistedFaceIds"])) for person in persons] == [
            ("Ada", 0),
            ("Person 2", 2),
            ("Person 3", 2),
            ("Person 4", 2),
        ]

    def test_the_same_seed_gives_the_same_ids(self, open_door: Open, tmp_path: Path) -> None:
        group = {"type": "PersonGroup", "objectId": "mine", "persons": [{"name": "Ada", "faces": 1}], "count": 2}
        first = open_seed(open_door, tmp_path, group).call("GET", "/persongroups/mine/persons").text
        (tmp_path / "again").mkdir()

        assert open_seed(open_door, tmp_path / "again", group).call("GET", "/persongroups/mine/persons").text == first

    def test_a_generated_face_can_be_identified(self, open_door: Open, tmp_path: Path) -> None:
        door = open_seed(open_door, tmp_path, {"type": "LargePersonGroup", "objectId": "mine", "count": 50})
        person = door.call("GET", "/largepersongroups/mine/persons").json()[41]
        image = door.control("GET", f"/images/{person['persistedFaceIds'][0]}").content
        detected = door.call("POST", "/detect", content=image, headers={"Content-Type": "application/octet-stream"})

        body = {"faceIds": [detected.json()[0]["faceId"]], "largePersonGroupId": "mine"}
        (found,) = door.call("POST", "/identify", json=body).json()

        assert [candidate["personId"] for candidate in found["candidates"]] == [person["personId"]]

    def test_the_counts_are_right_after_changes(self, open_door: Open, tmp_path: Path) -> None:
        door = open_seed(open_door, tmp_path, {"type": "LargeFaceList", "objectId": "mine", "count": 2})
        for face in door.call("GET", "/largefacelists/mine/persistedfaces").json():
            door.call("DELETE", f"/largefacelists/mine/persistedfaces/{face['persistedFaceId']}")
        door.call("POST", "/largefacelists/mine/train")
        door.advance(21)

        assert door.call("GET", "/largefacelists/mine/training").json()["status"] == "failed"

    @pytest.mark.parametrize(
        ("change", "complaint"),
        [
            ({"type": "Group"}, "type"),
            ({"objectId": "UPPER"}, "objectId"),
            ({"account": "nobody"}, "account"),
            ({"name": 7}, "name"),
            ({"recognitionModel": "recognition_09"}, "recognitionModel"),
            ({"persons": {}}, "persons"),
            ({"persons": [{"name": ""}]}, "person 1: `name`"),
            ({"persons": [{"name": "n", "personId": "x"}]}, "personId"),
            ({"persons": [{"name": "n", "faces": [{"image": "missing.png"}]}]}, "missing.png"),
            ({"persons": [{"name": "n", "faces": -1}]}, "faces"),
            ({"faces": [{}]}, "faces"),
            ({"count": -1}, "count"),
            ({"count": True}, "count"),
            ({"facesPerPerson": 249}, "facesPerPerson"),
            ({"colour": "red"}, "colour|keys"),
        ],
        ids=str,
    )
    def test_a_wrong_seed_says_where(self, tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
        path = written(tmp_path, {"objects": [{"type": "PersonGroup", "objectId": "mine"} | change]})

        with pytest.raises(UsageError, match=f"object 1.*({complaint})"):
            read_seed(str(path), BUILT_IN)

    def test_a_wrong_image_says_why(self, tmp_path: Path) -> None:
        (tmp_path / "tiny.png").write_bytes(png(1)[:100])
        path = written(
            tmp_path, {"objects": [{"type": "FaceList", "objectId": "mine", "faces": [{"image": "tiny.png"}]}]}
        )

        with pytest.raises(UsageError, match="too small"):
            read_seed(str(path), BUILT_IN)

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"objects": 7}', '{"objects": [7]}'])
    def test_a_file_that_is_not_a_seed_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "seed.json"
        path.write_text(text)

        with pytest.raises(UsageError):
            read_seed(str(path), BUILT_IN)

    def test_an_object_twice_is_refused(self, open_door: Open, tmp_path: Path) -> None:
        twice = {"type": "FaceList", "objectId": "mine"}

        with pytest.raises(UsageError, match="already exists"):
            open_seed(open_door, tmp_path, twice, twice)


ACCOUNT = {"name": "mine", "subscriptionId": "dddddddd-0000-4000-8000-000000000004", "keys": ["one", "two"]}


class TestAccounts:
    def test_the_built_in_ones_are_published(self) -> None:
        assert [(account.name, account.region, account.tier) for account in BUILT_IN] == [
            ("facesnap-emulator", "local", "S0"),
            ("facesnap-emulator-target", "local", "S0"),
        ]
        assert BUILT_IN[0].keys == ("a0000000000000000000000000000001", "a0000000000000000000000000000002")
        assert BUILT_IN[1].keys == ("b0000000000000000000000000000001", "b0000000000000000000000000000002")
        assert BUILT_IN[1].path == (
            "/subscriptions/bbbbbbbb-0000-4000-8000-000000000002/resourceGroups/facesnap"
            "/providers/Microsoft.CognitiveServices/accounts/facesnap-emulator-target"
        )

    def test_what_the_banner_prints_can_be_read_back(self, tmp_path: Path) -> None:
        assert read_accounts(written(tmp_path, [account.document() for account in BUILT_IN])) == BUILT_IN

    def test_region_group_and_tier_may_be_left_out(self, tmp_path: Path) -> None:
        (account,) = read_accounts(written(tmp_path, [ACCOUNT]))

        assert (account.region, account.resource_group, account.tier) == ("local", "facesnap", "S0")

    @pytest.mark.parametrize(
        "document",
        [
            {},
            [],
            [7],
            [ACCOUNT | {"colour": "red"}],
            [ACCOUNT | {"subscriptionId": "mine"}],
            [ACCOUNT | {"name": "a/b"}],
            [ACCOUNT | {"tier": "S1"}],
            [ACCOUNT | {"keys": []}],
            [ACCOUNT | {"keys": "one"}],
            [ACCOUNT | {"region": 7}],
            [ACCOUNT, ACCOUNT | {"keys": ["three"]}],
            [ACCOUNT, ACCOUNT | {"name": "other"}],
        ],
        ids=str,
    )
    def test_a_wrong_file_is_a_usage_error(self, tmp_path: Path, document: object) -> None:
        with pytest.raises(UsageError, match=r"file\.json"):
            read_accounts(written(tmp_path, document))


class TestImages:
    @given(st.binary(min_size=16, max_size=16))
    def test_a_drawn_image_stands_for_its_key(self, key: bytes) -> None:
        image = draw(key)

        assert image_key(image) == key
        assert (draw(key), len(find_faces(image, size_of(image)))) == (image, 1)

    def test_other_images_stand_for_themselves(self) -> None:
        assert image_key(png(1)) == image_key(png(1)) != image_key(png(2))

    @pytest.mark.parametrize(
        ("image", "size"),
        [
            (b"GIF89a" + bytes([64, 0, 50, 0]), (64, 50)),
            (b"BM" + bytes(16) + (64).to_bytes(4, "little") + (-50).to_bytes(4, "little", signed=True), (64, 50)),
            (
                b"\xff\xd8\xff\xe0\x00\x10" + bytes(14) + b"\xff\xff\xc0\x00\x11\x08\x00\x32\x00\x40",
                (64, 50),
            ),
        ],
        ids=["gif", "bmp", "jpeg"],
    )
    def test_the_size_is_read_from_every_format(self, image: bytes, size: tuple[int, int]) -> None:
        data = image + bytes(2000)
        (face,) = find_faces(data, size_of(data))

        assert face is not None
        assert (face.width, face.height) == size

    @given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"\xff\xd8", b""]), st.binary(max_size=64))
    def test_any_bytes_are_detected_or_refused(self, start: bytes, rest: bytes) -> None:
        try:
            data = start + rest * 40 + bytes(1100)
            find_faces(data, size_of(data))
        except ServiceError as error:
            assert error.status == 400  # noqa: PT017 - most bytes raise nothing
