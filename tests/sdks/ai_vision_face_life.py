"""The life of the large types, told by azure-ai-vision-face 1.0.0b2.

Arguments: ENDPOINT KEY TARGET_KEY IMAGES TOKEN key|token sync|aio.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
from pathlib import Path
from typing import Any

from azure.ai.vision.face import FaceAdministrationClient, FaceClient, aio
from azure.ai.vision.face.models import FaceAttributeTypeRecognition04
from azure.core.credentials import AccessToken, AzureKeyCredential
from azure.core.exceptions import HttpResponseError

endpoint, key, _, images, token, credential, style = sys.argv[1:]
MODELS = {"detection_model": "detection_03", "recognition_model": "recognition_04"}


class Token:
    def get_token(self, *scopes: str, **_: Any) -> Any:
        assert scopes == ("https://cognitiveservices.azure.com/.default",)
        return AccessToken(token, 9_999_999_999)


class AsyncToken:
    async def get_token(self, *scopes: str, **_: Any) -> Any:
        return Token().get_token(*scopes)


class Waiting:
    """An asynchronous client, or what it returns, that waits for every result: one script tells both lives."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if not callable(value):
            return Waiting(value) if name in ("large_person_group", "large_face_list") else value

        def call(*arguments: Any, **options: Any) -> Any:
            result = value(*arguments, **options)
            if inspect.isawaitable(result):
                result = loop.run_until_complete(result)
            if hasattr(result, "__aiter__"):
                result = loop.run_until_complete(collected(result))
            return Waiting(result) if hasattr(result, "polling_method") else result

        return call

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *_: object) -> None:
        loop.run_until_complete(self._inner.close())


async def collected(pages: Any) -> list[Any]:
    return [entry async for entry in pages]


def image(number: int) -> bytes:
    return (Path(images) / f"{number}.png").read_bytes()


def clients() -> tuple[Any, Any]:
    if style == "sync":
        trusted: Any = AzureKeyCredential(key) if credential == "key" else Token()
        return FaceAdministrationClient(endpoint, trusted), FaceClient(endpoint, trusted)
    trusted = AzureKeyCredential(key) if credential == "key" else AsyncToken()
    return Waiting(aio.FaceAdministrationClient(endpoint, trusted)), Waiting(aio.FaceClient(endpoint, trusted))


loop = asyncio.new_event_loop()
own_administration, own_client = clients()
with own_administration as administration, own_client as client:

    def detect(number: int, **options: Any) -> Any:
        (face,) = client.detect(image(number), return_face_id=True, **MODELS, **options)
        return face

    groups = administration.large_person_group
    groups.create("life", name="Life", user_data="data", recognition_model="recognition_04")
    ada, grace = (groups.create_person("life", name=name, user_data="badge").person_id for name in ("Ada", "Grace"))
    added = groups.add_face(
        "life", ada, image(1), detection_model="detection_03", user_data="front", target_face=[0, 0, 48, 48]
    ).persisted_face_id
    groups.update_face("life", ada, added, user_data="left")
    assert groups.get_face("life", ada, added).user_data == "left"
    groups.update_person("life", ada, name="Ada Lovelace")
    assert groups.get_person("life", ada).name == "Ada Lovelace"
    groups.update("life", name="The life")
    groups.begin_train("life", polling_interval=0.1).result()
    assert groups.get_training_status("life").status == "succeeded"
    assert groups.get("life", return_recognition_model=True).recognition_model == "recognition_04"
    assert "life" in [group.large_person_group_id for group in groups.get_large_person_groups()]
    assert {person.person_id for person in groups.get_persons("life", top=10)} == {ada, grace}

    quality = [FaceAttributeTypeRecognition04.QUALITY_FOR_RECOGNITION]
    one = detect(1, return_face_attributes=quality, return_recognition_model=True, face_id_time_to_live=600)
    assert one.face_attributes.quality_for_recognition == "high"
    first, same, other = one.face_id, detect(1).face_id, detect(2).face_id
    (found,) = client.identify_from_large_person_group(face_ids=[first], large_person_group_id="life")
    assert [candidate.person_id for candidate in found.candidates] == [ada]
    verified = client.verify_from_large_person_group(face_id=first, large_person_group_id="life", person_id=ada)
    assert verified.is_identical
    assert client.verify_face_to_face(face_id1=first, face_id2=same).is_identical
    grouped = client.group(face_ids=[first, same, other])
    assert (grouped.groups, grouped.messy_group) == ([[first, same]], [other])
    assert [found.face_id for found in client.find_similar(face_id=first, face_ids=[other, same])] == [same]

    groups.delete_face("life", ada, added)
    groups.delete_person("life", ada)
    groups.delete("life")
    refusal: tuple[Any, Any] = (0, "")
    try:
        groups.get("life")
    except HttpResponseError as error:
        refusal = (error.status_code, getattr(error.error, "code", ""))
    assert refusal == (404, "LargePersonGroupNotFound")

    lists = administration.large_face_list
    lists.create("life", name="Life", recognition_model="recognition_04")
    added = lists.add_face("life", image(1), detection_model="detection_03", user_data="case").persisted_face_id
    lists.update_face("life", added, user_data="case 1")
    assert lists.get_face("life", added).user_data == "case 1"
    lists.update("life", user_data="cases")
    lists.begin_train("life", polling_interval=0.1).result()
    assert lists.get_training_status("life").status == "succeeded"
    assert lists.get("life").user_data == "cases"
    assert "life" in [each.large_face_list_id for each in lists.get_large_face_lists()]
    assert [face.persisted_face_id for face in lists.get_faces("life")] == [added]
    (found,) = client.find_similar_from_large_face_list(face_id=first, large_face_list_id="life")
    assert found.persisted_face_id == added
    lists.delete_face("life", added)
    lists.delete("life")
print("done")
