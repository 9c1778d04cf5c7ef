"""The life of a person group and of a face list, told by PyPI's cognitive-face 1.5.0: ENDPOINT KEY IMAGES."""

from __future__ import annotations

import sys

import cognitive_face as face

endpoint, key, _ = sys.argv[1:]
face.BaseUrl.set(f"{endpoint}/face/v1.0/")
face.Key.set(key)

face.person_group.create("legacy", name="Legacy", user_data="since 2017")
person = face.person.create("legacy", "Ada")["personId"]
face.person_group.update("legacy", name="Legacy of 2017")
face.person_group.train("employees")
assert face.person_group.get_status("employees")["status"] == "succeeded"
group = face.person_group.get("legacy")
assert (group["name"], group["userData"]) == ("Legacy of 2017", "since 2017")
assert face.person.get("legacy", person)["name"] == "Ada"
assert [entry["personId"] for entry in face.person.lists("legacy")] == [person]
face.person.delete("legacy", person)
assert face.person.lists("legacy") == []
face.person_group.delete("legacy")
assert "legacy" not in [group["personGroupId"] for group in face.person_group.lists()]

face.face_list.create("legacy-list", name="List")
assert face.face_list.get("legacy-list")["persistedFaces"] == []
face.face_list.delete("legacy-list")
print("done")
