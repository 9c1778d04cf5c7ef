"""Serve detect, identify and find similar. Two faces match if their images are the same."""

from __future__ import annotations

from starlette.responses import Response

from facesnap_cli.emulator.container_kinds import FACE_LIST, LARGE_FACE_LIST, LARGE_PERSON_GROUP, PERSON_GROUP, Kind
from facesnap_cli.emulator.ids import guid_text
from facesnap_cli.emulator.protocol import decode, encode
from facesnap_cli.emulator.protocol.service_errors import bad_argument, unsupported_feature
from facesnap_cli.emulator.routes.endpoint import Call, Endpoint, names
from facesnap_cli.emulator.seeds.images import detect
from facesnap_cli.emulator.store.containers import Container

_DAY_S = 86_400


def _detect(call: Call) -> Response:
    model = decode.model(call.query, "recognitionModel", decode.RECOGNITION_MODELS)
    decode.model(call.query, "detectionModel", decode.DETECTION_MODELS)
    life_s = decode.number(call.query, "faceIdTimeToLive", _DAY_S, 60, _DAY_S)
    if decode.boolean(call.query, "returnFaceLandmarks") or call.query.get("returnFaceAttributes"):
        raise unsupported_feature("Feature is not supported: the emulator knows no landmarks and no attributes.")
    face = detect(call.image)
    if face is None:
        return encode.json_response([])
    rectangle = {"top": face.top, "left": face.left, "width": face.width, "height": face.height}
    detected: dict[str, object] = {"faceRectangle": rectangle}
    if call.query.get("returnFaceId", "true").lower() == "true":
        detected["faceId"] = guid_text(call.store.recognition.add_detection(call.account.name, face.key, model, life_s))
    if decode.boolean(call.query, "returnRecognitionModel"):
        detected["recognitionModel"] = model
    return encode.json_response([detected])


def _identify(call: Call) -> Response:
    face_ids = call.body.get("faceIds")
    if not isinstance(face_ids, list) or not all(isinstance(face_id, str) for face_id in face_ids):
        raise bad_argument("Request body is invalid.")
    if not 1 <= len(face_ids) <= 10:
        raise bad_argument("'faceIds' is invalid.")
    top = decode.number(call.body, "maxNumOfCandidatesReturned", 1, 1, 100)
    threshold = call.body.get("confidenceThreshold", 0.5)
    if not isinstance(threshold, int | float) or not 0 <= threshold <= 1:
        raise bad_argument("'confidenceThreshold' is invalid.")
    group = _one_container(call, PERSON_GROUP, LARGE_PERSON_GROUP)
    found = call.store.recognition.identify(call.account.name, face_ids, group, top)
    return encode.json_response(
        [
            {
                "faceId": face_id,
                "candidates": [{"personId": guid_text(person), "confidence": 1.0} for person in persons],
            }
            for face_id, persons in zip(face_ids, found, strict=True)
        ]
    )


def _find_similar(call: Call) -> Response:
    face_id = decode.text(call.body, "faceId")
    if not face_id:
        raise bad_argument("'faceId' is empty.")
    if decode.text(call.body, "mode") not in (None, "matchPerson", "matchFace"):
        raise bad_argument("'mode' is invalid.")
    top = decode.number(call.body, "maxNumOfCandidatesReturned", 20, 1, 1000)
    faces = _one_container(call, FACE_LIST, LARGE_FACE_LIST)
    found = call.store.recognition.find_similar(call.account.name, face_id, faces, top)
    return encode.json_response([{"persistedFaceId": guid_text(face), "confidence": 1.0} for face in found])


def _one_container(call: Call, *kinds: Kind) -> Container:
    """Return the container whose id the body has, under the key of exactly one of `kinds`."""
    named = [(kind, value) for kind in kinds if (value := decode.text(call.body, kind.id_key)) is not None]
    if len(named) != 1:
        raise bad_argument("Request body is invalid.")
    return call.store.containers.get(call.account.name, *named[0])


RECOGNITION_ENDPOINTS = (
    Endpoint(
        "POST",
        "/detect",
        _detect,
        takes="image",
        query=names(
            "returnFaceId",
            "returnFaceLandmarks",
            "returnFaceAttributes",
            "recognitionModel",
            "returnRecognitionModel",
            "detectionModel",
            "faceIdTimeToLive",
        ),
    ),
    Endpoint(
        "POST",
        "/identify",
        _identify,
        takes="json",
        members=names(
            "faceIds", "personGroupId", "largePersonGroupId", "maxNumOfCandidatesReturned", "confidenceThreshold"
        ),
        recognition=True,
    ),
    Endpoint(
        "POST",
        "/findsimilars",
        _find_similar,
        takes="json",
        members=names("faceId", "faceListId", "largeFaceListId", "maxNumOfCandidatesReturned", "mode"),
        recognition=True,
    ),
)
