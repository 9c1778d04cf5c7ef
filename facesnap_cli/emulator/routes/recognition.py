"""Serve identify, verify, group and find similar. Two faces match if their images are the same."""

from __future__ import annotations

from starlette.responses import Response

from facesnap_cli.emulator.container_kinds import FACE_LIST, LARGE_FACE_LIST, LARGE_PERSON_GROUP, PERSON_GROUP, Kind
from facesnap_cli.emulator.ids import guid, guid_text, is_object_id
from facesnap_cli.emulator.protocol import decode, encode
from facesnap_cli.emulator.protocol.service_errors import ServiceError, bad_argument
from facesnap_cli.emulator.routes.endpoint import Call, Endpoint, names
from facesnap_cli.emulator.store.containers import Container

_GROUPS = (PERSON_GROUP, LARGE_PERSON_GROUP)
_DYNAMIC_GROUP_KEY = "dynamicPersonGroupId"


def _identify(call: Call) -> Response:
    face_ids = _face_ids(call, 1, 10)
    top = _top(call, 1, 100)
    threshold = call.body.get("confidenceThreshold", 0.5)
    if not isinstance(threshold, int | float) or isinstance(threshold, bool) or not 0 <= threshold <= 1:
        raise bad_argument("The argument confidenceThreshold is not valid. [0, 1]")
    found = call.store.recognition.identify(call.account.name, face_ids, _identification_scope(call), top)
    return encode.json_response(
        [
            {
                "faceId": face_id,
                "candidates": [{"personId": guid_text(person), "confidence": 1.0} for person in persons],
            }
            for face_id, persons in zip(face_ids, found, strict=True)
        ]
    )


def _identification_scope(call: Call) -> Container:
    """Return the group in which to identify. There are no dynamic groups."""
    given = _named(call, *_GROUPS)
    dynamic = decode.text(call.body, _DYNAMIC_GROUP_KEY)
    if dynamic is not None:
        if given:
            raise ServiceError(
                400,
                "IncompatibleIdentificationScopeParametersCombination",
                "Incompatible identification scope parameters are present in the request.",
            )
        if not is_object_id(dynamic):
            raise bad_argument("Dynamic person group ID is invalid.")
        raise ServiceError(400, "DynamicPersonGroupNotFound", "Dynamic person group is not found.")
    if len(given) > 1:
        raise ServiceError(
            400,
            "PersonGroupIdAndLargePersonGroupIdBothNotNull",
            "Large person group ID and person group ID are both not null.",
        )
    if given:
        return call.store.recognition.container(call.account.name, *given[0])
    if call.version.person_directory:
        raise ServiceError(
            400,
            "MissingIdentificationScopeParameters",
            "No identification scope parameter is present in the request.",
        )
    raise ServiceError(
        400, "PersonGroupIdAndLargePersonGroupIdBothNull", "Large person group ID and person group ID are both null."
    )


def _verify(call: Call) -> Response:
    person_id = decode.text(call.body, "personId")
    if person_id is None:
        face_ids = [_face_id(call, "faceId1"), _face_id(call, "faceId2")]
        if {"faceId", "personGroupId", "largePersonGroupId"} & call.body.keys():
            raise bad_argument("Request body is invalid.")
        same = call.store.recognition.are_same(call.account.name, face_ids)
    else:
        face_id, person, given = _face_id(call, "faceId"), guid(person_id), _named(call, *_GROUPS)
        if person is None:
            raise bad_argument("Person ID is invalid.")
        if len(given) != 1 or {"faceId1", "faceId2"} & call.body.keys():
            raise bad_argument("Request body is invalid.")
        group = call.store.recognition.container(call.account.name, *given[0])
        same = call.store.recognition.is_person(call.account.name, face_id, group, person)
    return encode.json_response({"isIdentical": same, "confidence": 1.0 if same else 0.0})


def _group(call: Call) -> Response:
    found = call.store.recognition.group(call.account.name, _face_ids(call, 2, 1000))
    return encode.json_response(
        {
            "groups": [group for group in found if len(group) > 1],
            "messyGroup": [group[0] for group in found if len(group) == 1],
        }
    )


def _find_similar(call: Call) -> Response:
    face_id = _text(call, "faceId")
    if decode.text(call.body, "mode") not in (None, "matchPerson", "matchFace"):
        raise bad_argument("Mode is invalid.")
    top = _top(call, 20, 1000)
    given = _named(call, FACE_LIST, LARGE_FACE_LIST)
    number = len(given) + ("faceIds" in call.body)
    if number == 0:
        raise bad_argument("LargeFaceListId, faceListId and faceIds are all null.")
    if number > 1:
        raise bad_argument("2 or more of largeFaceListId, faceListId and faceIds are not null.")
    if not given:
        similar = call.store.recognition.find_in_faces(call.account.name, face_id, _face_ids(call, 1, 1000), top)
        return encode.json_response([{"faceId": face, "confidence": 1.0} for face in similar])
    faces = call.store.recognition.container(call.account.name, *given[0])
    found = call.store.recognition.find_in_list(call.account.name, face_id, faces, top)
    return encode.json_response([{"persistedFaceId": guid_text(face), "confidence": 1.0} for face in found])


def _named(call: Call, *kinds: Kind) -> list[tuple[Kind, str]]:
    """Return the containers of these kinds whose ids the body has."""
    return [(kind, value) for kind in kinds if (value := decode.text(call.body, kind.id_key)) is not None]


def _text(call: Call, key: str) -> str:
    value = decode.text(call.body, key)
    if value is None:
        raise bad_argument("Request body is invalid.")
    return value


def _face_id(call: Call, key: str) -> str:
    """Return a detected face's id. Raises ServiceError 400 if it is absent or no GUID."""
    value = _text(call, key)
    if guid(value) is None:
        raise bad_argument("Face ID is invalid.")
    return value


def _face_ids(call: Call, least: int, most: int) -> list[str]:
    value = call.body.get("faceIds")
    if not isinstance(value, list) or not all(isinstance(face_id, str) for face_id in value):
        raise bad_argument("Request body is invalid.")
    if not least <= len(value) <= most:
        raise bad_argument(f"The length of faceIds is not in a valid range. [{least}, {most}]")
    return value


def _top(call: Call, default: int, most: int) -> int:
    try:
        return decode.number(call.body, "maxNumOfCandidatesReturned", default, 1, most)
    except ServiceError:
        raise bad_argument(f"The argument maxNumOfCandidatesReturned is not valid. [1, {most}]") from None


RECOGNITION_ENDPOINTS = (
    Endpoint(
        "POST",
        "/identify",
        _identify,
        takes="json",
        members=names(
            "faceIds",
            "personGroupId",
            "largePersonGroupId",
            _DYNAMIC_GROUP_KEY,
            "maxNumOfCandidatesReturned",
            "confidenceThreshold",
        ),
    ),
    Endpoint(
        "POST",
        "/verify",
        _verify,
        takes="json",
        members=names("faceId1", "faceId2", "faceId", "personId", "personGroupId", "largePersonGroupId"),
    ),
    Endpoint("POST", "/group", _group, takes="json", members=names("faceIds")),
    Endpoint(
        "POST",
        "/findsimilars",
        _find_similar,
        takes="json",
        members=names("faceId", "faceListId", "largeFaceListId", "faceIds", "maxNumOfCandidatesReturned", "mode"),
    ),
)
