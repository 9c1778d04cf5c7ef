"""Serve detect. Of the attributes, only the quality for recognition is emulated."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from facesnap_cli.emulator.ids import guid_text
from facesnap_cli.emulator.protocol import decode, encode
from facesnap_cli.emulator.protocol.service_errors import bad_argument, unsupported_feature
from facesnap_cli.emulator.routes.endpoint import Call, Endpoint, names

_DAY_S = 86_400
_QUALITY = "qualityForRecognition"
_OTHER_ATTRIBUTES = frozenset({"headPose", "glasses", "occlusion", "accessories", "blur", "exposure", "noise", "mask"})
_RETIRED_ATTRIBUTES = frozenset({"age", "gender", "smile", "facialHair", "emotion", "hair", "makeup"})
_MODELS_WITH_QUALITY = frozenset({"recognition_03", "recognition_04"})


def _detect(call: Call) -> Response:
    model = decode.model(call.query, "recognitionModel", decode.RECOGNITION_MODELS)
    detection_model = decode.model(call.query, "detectionModel", decode.DETECTION_MODELS)
    life_s = decode.number(call.query, "faceIdTimeToLive", _DAY_S, 60, _DAY_S)
    with_id, with_model = _with_id(call.query), decode.boolean(call.query, "returnRecognitionModel")
    with_quality = _with_quality(call.query, model, detection_model)
    if decode.boolean(call.query, "returnFaceLandmarks"):
        if detection_model == "detection_02":
            raise bad_argument("'returnLandmarks' is not supported by detection_02.")
        raise unsupported_feature("Feature is not supported: the emulator knows no landmarks.")
    found = []
    for face in call.store.pictures.faces(call.image):
        detected: dict[str, object] = {}
        if with_id:
            face_id = call.store.recognition.add_detection(call.account.name, face.key, model, life_s)
            detected["faceId"] = guid_text(face_id)
        if with_model:
            detected["recognitionModel"] = model
        detected["faceRectangle"] = {"top": face.top, "left": face.left, "width": face.width, "height": face.height}
        if with_quality:
            detected["faceAttributes"] = {_QUALITY: face.quality}
        found.append(detected)
    return encode.json_response(found)


def _with_id(query: Mapping[str, str]) -> bool:
    return decode.boolean(query, "returnFaceId", default=True)


def _with_quality(query: Mapping[str, str], model: str, detection_model: str) -> bool:
    """Return whether the quality for recognition is wanted. Raises ServiceError for every other attribute."""
    wanted = {name.strip() for name in query.get("returnFaceAttributes", "").split(",")} - {""}
    if not wanted:
        return False
    if not wanted <= {_QUALITY} | _OTHER_ATTRIBUTES | _RETIRED_ATTRIBUTES:
        raise bad_argument("Invalid argument returnFaceAttributes.")
    if wanted & _RETIRED_ATTRIBUTES:
        raise unsupported_feature(
            "Return Attributes (emotion, gender, age, smile, facial hair, hair and makeup) have been deprecated and are"
            " no longer supported."
        )
    if detection_model == "detection_02":
        raise bad_argument("'returnFaceAttributes' is not supported by detection_02.")
    if wanted - {_QUALITY}:
        raise unsupported_feature(f"Feature is not supported: the emulator knows no attribute but {_QUALITY}.")
    if model not in _MODELS_WITH_QUALITY:
        raise bad_argument(f"'{_QUALITY}' is not supported by {model}.")
    return True


DETECTION_ENDPOINTS = (
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
        needs_approval=_with_id,
    ),
)
