"""Every member of a response that facesnap keeps or relies on: missing, null, of a wrong type."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import facesnap_cli
from facesnap_cli.common.errors import UnreachableError
from facesnap_cli.models.objects import Face, FaceObject, ObjectType, Person, Training
from facesnap_cli.models.operations import OperationResponse
from facesnap_cli.models.snapshots import Snapshot
from facesnap_cli.models.wire_values import Fields

GUID = "0e7a4105-93c4-4d11-8d2f-111111111111"
TIME = "2026-01-01T00:00:00Z"
FAILS: tuple[str, object] = ("unreadable: exit status 9", None)
WRONG_TYPES: tuple[object, ...] = (5, True, 1.5, {}, [], [1], {"a": "b"})


class Reader(NamedTuple):
    """A reader of responses, a response that it reads, and what it makes of each member that is missing."""

    read: Callable[[object], Any]
    body: dict[str, object]
    missing: dict[str, tuple[str, object]]


READERS = {
    "snapshot": Reader(
        Snapshot.from_wire,
        {
            "id": GUID,
            "account": "/subscriptions/s",
            "type": "PersonGroup",
            "applyScope": [GUID],
            "userData": "x",
            "createdTime": TIME,
            "lastUpdateTime": TIME,
        },
        {
            "id": FAILS,
            "account": ("account", ""),
            "type": FAILS,
            "applyScope": FAILS,
            "userData": ("user_data", None),
            "createdTime": ("created_time", None),
            "lastUpdateTime": ("last_update_time", None),
        },
    ),
    "operation": Reader(
        OperationResponse.from_wire,
        {
            "status": "succeeded",
            "createdTime": TIME,
            "lastActionTime": TIME,
            "finishedTime": TIME,
            "resourceLocation": f"/snapshots/{GUID}",
            "location": f"/snapshots/{GUID}",
            "message": "x",
        },
        {
            "status": FAILS,
            "createdTime": ("created_time", None),
            "lastActionTime": ("last_action_time", None),
            "finishedTime": ("finished_time", None),
            "message": ("message", None),
            "resourceLocation": ("resource_location", f"/snapshots/{GUID}"),  # the other one counts
            "location": ("resource_location", f"/snapshots/{GUID}"),
        },
    ),
    "training": Reader(
        Training.from_wire,
        {
            "status": "succeeded",
            "lastActionDateTime": TIME,
            "lastSuccessfulTrainingDateTime": TIME,
            "message": "x",
        },
        {
            "status": FAILS,
            "lastActionDateTime": ("last_action", None),
            "message": ("message", None),
            "lastSuccessfulTrainingDateTime": ("last_success", None),
        },
    ),
    "object": Reader(
        partial(FaceObject.from_wire, ObjectType.PERSON_GROUP),
        {"personGroupId": "employees", "name": "x", "userData": "x", "recognitionModel": "recognition_04"},
        {
            "personGroupId": FAILS,
            "name": ("name", None),
            "userData": ("user_data", None),
            "recognitionModel": ("recognition_model", None),
        },
    ),
    "person": Reader(
        Person.from_wire,
        {"personId": GUID, "name": "x", "userData": "x", "persistedFaceIds": [GUID]},
        {
            "personId": FAILS,
            "name": ("name", None),
            "userData": ("user_data", None),
            "persistedFaceIds": ("listed_face_ids", None),  # the person is read alone then
        },
    ),
    "face": Reader(
        Face.from_wire,
        {"persistedFaceId": GUID, "userData": "x"},
        {"persistedFaceId": FAILS, "userData": ("user_data", None)},
    ),
    "face list": Reader(
        lambda body: Fields(body, "a FaceList").required_items("persistedFaces"),
        {"persistedFaces": []},
        {"persistedFaces": FAILS},
    ),
    "added person": Reader(
        lambda body: Fields(body, "a person").id("personId"), {"personId": GUID}, {"personId": FAILS}
    ),
    "added face": Reader(
        lambda body: Fields(body, "a face").id("persistedFaceId"), {"persistedFaceId": GUID}, {"persistedFaceId": FAILS}
    ),
}
MEMBERS = [(reader, member) for reader, each in READERS.items() for member in each.missing]
LISTS = ("applyScope", "persistedFaceIds", "persistedFaces")


@pytest.mark.parametrize(("reader", "member"), MEMBERS)
def test_a_member_that_is_missing_or_null_is_what_the_table_says(reader: str, member: str) -> None:
    read, body, missing = READERS[reader]
    for incomplete in ({key: body[key] for key in body if key != member}, {**body, member: None}):
        if missing[member] == FAILS:
            with pytest.raises(UnreachableError):
                read(incomplete)
        else:
            attribute, expected = missing[member]
            assert getattr(read(incomplete), attribute) == expected


@pytest.mark.parametrize(("reader", "member"), MEMBERS)
def test_a_member_of_a_wrong_type_is_always_unreadable(reader: str, member: str) -> None:
    read, body, _ = READERS[reader]
    read(body)
    wrong = [value for value in WRONG_TYPES if not (member in LISTS and value == [])]
    if member in LISTS:
        wrong += ["", "x", [""], [None]]
    for value in wrong:
        if member == "persistedFaces" and isinstance(value, list):
            continue  # its elements are the rows of `face`
        with pytest.raises(UnreachableError):
            read({**body, member: value})


@pytest.mark.parametrize("body", [None, 5, "x", [], [{}], True])
@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_object_is_unreadable(reader: str, body: object) -> None:
    with pytest.raises(UnreachableError):
        READERS[reader].read(body)


def test_the_table_has_every_member_that_the_package_reads() -> None:
    package = Path(facesnap_cli.__file__).parent
    read = set[str]()
    for module in package.rglob("*.py"):
        if module.name != "wire_values.py" and "emulator" not in module.parts:
            read |= set(re.findall(r"\bfields\.\w+\(\"?([\w.]+)\"?\)", module.read_text()))
            read |= set(re.findall(r"_new_id\(response, \"(\w+)\"", module.read_text()))
    assert read - {"object_type.id_key"} == {member for _, member in MEMBERS} - {"personGroupId"}
