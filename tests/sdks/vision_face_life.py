"""The life of every type, told by azure-cognitiveservices-vision-face 0.6.1: ENDPOINT KEY TARGET_KEY IMAGES TOKEN."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, BinaryIO

from azure.cognitiveservices.vision.face import FaceClient
from azure.cognitiveservices.vision.face.models import APIErrorException
from msrest.authentication import CognitiveServicesCredentials

endpoint, key, target_key, images, _ = sys.argv[1:]
# The portal shows endpoints with a slash at their end.
make: Any = FaceClient  # the SDK has no types
source, target = (make(f"{endpoint}/", CognitiveServicesCredentials(each)) for each in (key, target_key))
SCOPE = ["aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"]


def image(number: int) -> BinaryIO:
    return (Path(images) / f"{number}.png").open("rb")


def finished(client: Any, raw: Any) -> str:
    """Return where the operation of a take or apply ended."""
    status = client.snapshot.get_operation_status(raw.headers["Operation-Location"].rpartition("/")[2])
    assert status.status == "succeeded", status
    return str(status.resource_location)


def move(kind: str, object_id: str) -> None:
    """Take a snapshot of an object, apply it in the other account, and delete it."""
    snapshot = finished(source, source.snapshot.take(kind, object_id, SCOPE, user_data="moved", raw=True))
    snapshot = snapshot.removeprefix("/snapshots/")
    assert source.snapshot.get(snapshot).type == kind
    source.snapshot.update(snapshot, user_data="moving")
    assert snapshot in [each.id for each in source.snapshot.list(type=kind, apply_scope=SCOPE)]
    assert target.snapshot.get(snapshot).user_data == "moving"
    place = finished(target, target.snapshot.apply(snapshot, object_id, raw=True))
    assert place == f"/{kind.lower()}/{object_id}"
    source.snapshot.delete(snapshot)


def detect(client: Any, number: int, **options: Any) -> Any:
    (face,) = client.face.detect_with_stream(image(number), **options)
    return face.face_id


for kind, groups, persons in (
    ("PersonGroup", "person_group", "person_group_person"),
    ("LargePersonGroup", "large_person_group", "large_person_group_person"),
):
    own, group_persons = getattr(source, groups), getattr(source, persons)
    own.create("life", name="Life", user_data="data", recognition_model="recognition_04")
    ada = group_persons.create("life", name="Ada", user_data="1815").person_id
    added = group_persons.add_face_from_stream("life", ada, image(1), user_data="front").persisted_face_id
    group_persons.update_face("life", ada, added, user_data="left")
    assert group_persons.get_face("life", ada, added).user_data == "left"
    group_persons.update("life", ada, name="Ada Lovelace")
    own.update("life", name="The life")
    own.train("life")
    assert own.get_training_status("life").status == "succeeded"
    assert own.get("life", return_recognition_model=True).recognition_model == "recognition_04"
    assert "life" in [getattr(each, f"{groups}_id") for each in own.list()]
    face = detect(source, 1, recognition_model="recognition_04", return_face_attributes=["qualityForRecognition"])
    (found,) = source.face.identify([face], **{f"{groups}_id": "life"})
    assert [candidate.person_id for candidate in found.candidates] == [ada]
    assert source.face.verify_face_to_person(face, ada, **{f"{groups}_id": "life"}).is_identical
    move(kind, "life")
    assert [person.name for person in getattr(target, persons).list("life")] == ["Ada Lovelace"]
    copied = detect(target, 1, recognition_model="recognition_04")
    (found,) = target.face.identify([copied], **{f"{groups}_id": "life"})
    assert [candidate.person_id for candidate in found.candidates] == [ada]
    group_persons.delete_face("life", ada, added)
    group_persons.delete("life", ada)
    for client in (source, target):
        getattr(client, groups).delete("life")
    code = ""
    try:
        own.get("life")
    except APIErrorException as error:
        refused: Any = error.error
        code = refused.error.code
    assert code == f"{kind}NotFound"

first, same, other = (detect(source, number) for number in (1, 1, 2))
assert source.face.verify_face_to_face(first, same).is_identical
grouped = source.face.group([first, same, other])
assert (grouped.groups, grouped.messy_group) == ([[first, same]], [other])
assert [found.face_id for found in source.face.find_similar(first, face_ids=[other, same])] == [same]

for kind, lists in (("FaceList", "face_list"), ("LargeFaceList", "large_face_list")):
    own = getattr(source, lists)
    own.create("life", name="Life")
    added = own.add_face_from_stream("life", image(1), user_data="case", target_face=[0, 0, 48, 48]).persisted_face_id
    own.update("life", user_data="cases")
    if kind == "LargeFaceList":
        own.update_face("life", added, user_data="case 1")
        assert own.get_face("life", added).user_data == "case 1"
        assert len(own.list_faces("life")) == 1
        own.train("life")
        assert own.get_training_status("life").status == "succeeded"
    else:
        assert len(own.get("life").persisted_faces) == 1
    assert "life" in [getattr(each, f"{lists}_id") for each in own.list()]
    (found,) = source.face.find_similar(first, **{f"{lists}_id": "life"})
    assert found.persisted_face_id == added
    move(kind, "life")
    (found,) = target.face.find_similar(detect(target, 1), **{f"{lists}_id": "life"})
    assert found.persisted_face_id == added
    own.delete_face("life", added)
    for client in (source, target):
        getattr(client, lists).delete("life")
print("done")
