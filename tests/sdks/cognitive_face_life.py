"""The life of every type, told by PyPI's cognitive-face 1.5.0: ENDPOINT KEY TARGET_KEY IMAGES TOKEN."""

from __future__ import annotations

import sys

import cognitive_face as face

endpoint, key, _, images, _ = sys.argv[1:]
face.BaseUrl.set(f"{endpoint}/face/v1.0/")
face.Key.set(key)
first, second = f"{images}/1.png", f"{images}/2.png"

# Person group
face.person_group.create("legacy", name="Legacy", user_data="since 2017")
ada, grace = (face.person.create("legacy", name, user_data="badge")["personId"] for name in ("Ada", "Grace"))
added = face.person.add_face(first, "legacy", ada, user_data="front")["persistedFaceId"]
assert face.person.get_face("legacy", ada, added)["userData"] == "front"
face.person.update_face("legacy", ada, added, user_data="left")
assert face.person.get_face("legacy", ada, added)["userData"] == "left"
face.person.add_face(second, "legacy", grace)
face.person.update("legacy", ada, name="Ada Lovelace")
assert face.person.get("legacy", ada)["name"] == "Ada Lovelace"
face.person_group.update("legacy", name="Legacy of 2017")
face.person_group.train("legacy")
face.util.wait_for_person_group_training("legacy")
assert face.person_group.get("legacy")["name"] == "Legacy of 2017"
assert {entry["personId"] for entry in face.person.lists("legacy")} == {ada, grace}

# Recognition
one, same, other = (face.face.detect(image)[0]["faceId"] for image in (first, first, second))
(found,) = face.face.identify([one], person_group_id="legacy")
assert [candidate["personId"] for candidate in found["candidates"]] == [ada]
assert face.face.verify(one, another_face_id=same)["isIdentical"] is True
assert face.face.verify(other, person_group_id="legacy", person_id=ada)["isIdentical"] is False
assert face.face.group([one, same, other]) == {"groups": [[one, same]], "messyGroup": [other]}
assert [entry["faceId"] for entry in face.face.find_similars(one, face_ids=[same, other])] == [same]

face.person.delete_face("legacy", ada, added)
assert face.person.get("legacy", ada)["persistedFaceIds"] == []
face.person.delete("legacy", ada)
assert [entry["personId"] for entry in face.person.lists("legacy")] == [grace]
face.person_group.delete("legacy")
assert "legacy" not in [group["personGroupId"] for group in face.person_group.lists()]

# Large person group
face.large_person_group.create("legacy", name="Legacy")
ada = face.large_person_group_person.create("legacy", "Ada")["personId"]
added = face.large_person_group_person_face.add(first, "legacy", ada)["persistedFaceId"]
face.large_person_group_person_face.update("legacy", ada, added, "front")
assert face.large_person_group_person_face.get("legacy", ada, added)["userData"] == "front"
face.large_person_group_person.update("legacy", ada, user_data="1815")
assert face.large_person_group_person.get("legacy", ada)["userData"] == "1815"
face.large_person_group.update("legacy", user_data="large")
face.large_person_group.train("legacy")
face.util.wait_for_large_person_group_training("legacy")
assert face.large_person_group.get("legacy")["userData"] == "large"
(found,) = face.face.identify([one], large_person_group_id="legacy")
assert [candidate["personId"] for candidate in found["candidates"]] == [ada]
assert len(face.large_person_group_person.list("legacy", top=5)) == 1
face.large_person_group_person_face.delete("legacy", ada, added)
face.large_person_group_person.delete("legacy", ada)
face.large_person_group.delete("legacy")
assert "legacy" not in [group["largePersonGroupId"] for group in face.large_person_group.list()]

# Face list
face.face_list.create("legacy", name="List")
added = face.face_list.add_face(first, "legacy", user_data="case", target_face="0,0,48,48")["persistedFaceId"]
face.face_list.update("legacy", user_data="cases")
assert face.face_list.get("legacy")["persistedFaces"] == [{"persistedFaceId": added, "userData": "case"}]
assert [entry["persistedFaceId"] for entry in face.face.find_similars(one, face_list_id="legacy")] == [added]
face.face_list.delete_face("legacy", added)
refusal = (0, "")
try:
    face.face.find_similars(one, face_list_id="legacy")
except face.CognitiveFaceException as error:
    refusal = (error.status_code, error.code)
assert refusal == (400, "FaceListNotReady")
face.face_list.delete("legacy")
assert "legacy" not in [entry["faceListId"] for entry in face.face_list.lists()]

# Large face list
face.large_face_list.create("legacy", name="List")
added = face.large_face_list_face.add(first, "legacy")["persistedFaceId"]
face.large_face_list_face.update("legacy", added, user_data="case")
assert face.large_face_list_face.get("legacy", added)["userData"] == "case"
face.large_face_list.update("legacy", name="Large list")
face.large_face_list.train("legacy")
face.util.wait_for_large_face_list_training("legacy")
assert face.large_face_list.get("legacy")["name"] == "Large list"
assert [entry["persistedFaceId"] for entry in face.face.find_similars(one, large_face_list_id="legacy")] == [added]
assert len(face.large_face_list_face.list("legacy")) == 1
face.large_face_list_face.delete("legacy", added)
face.large_face_list.delete("legacy")
assert "legacy" not in [entry["largeFaceListId"] for entry in face.large_face_list.list()]
print("done")
