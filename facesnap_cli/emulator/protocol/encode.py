"""Write responses."""

from __future__ import annotations

import json

from starlette.responses import Response

from facesnap_cli.emulator.clock import timestamp
from facesnap_cli.emulator.ids import guid_text
from facesnap_cli.emulator.protocol.dialects import Dialect
from facesnap_cli.emulator.protocol.service_errors import ServiceError
from facesnap_cli.emulator.store.containers import Container, Training
from facesnap_cli.emulator.store.faces import PersistedFace
from facesnap_cli.emulator.store.persons import Person
from facesnap_cli.emulator.store.snapshots import Snapshot

JSON_TYPE = "application/json; charset=utf-8"

Document = dict[str, object | None]


def json_response(document: object, status: int = 200) -> Response:
    """Return a response with a JSON body."""
    content = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return Response(content, status, media_type=JSON_TYPE)


def empty_response() -> Response:
    """Return a 200 without a body."""
    return Response()


def accepted(header: str, location: str) -> Response:
    """Return a 202 without a body. `header` is Operation-Location in the dialect's case."""
    response = Response(status_code=202)
    # The attribute `headers` would write the name in lower case.
    response.raw_headers.append((header.encode(), location.encode()))
    return response


def error_response(error: ServiceError) -> Response:
    """Return the response for a ServiceError."""
    response = json_response(error.document(), error.status)
    # The code of a fault may be any text.
    if error.envelope == "error" and error.code.isascii() and error.code.isprintable():
        response.headers["x-ms-error-code"] = error.code
    if error.retry_after is not None:
        response.headers["Retry-After"] = error.retry_after
    return response


def container(
    item: Container, dialect: Dialect, *, with_model: bool, faces: list[PersistedFace] | None = None
) -> Document:
    """Return a group or list. `faces` are shown only by a face list that is read by its id."""
    document = dialect.members({item.kind.id_key: item.id, "name": item.name, "userData": item.user_data})
    if with_model:
        document["recognitionModel"] = item.recognition_model
    if faces is not None:
        document["persistedFaces"] = [face(entry, dialect) for entry in faces]
    return document


def training(item: Training, dialect: Dialect) -> Document:
    """Return the status of a training."""
    return dialect.members(
        {
            "status": item.status,
            "createdDateTime": timestamp(item.created),
            "lastActionDateTime": timestamp(item.last_action),
            "message": item.message,
            "lastSuccessfulTrainingDateTime": None if item.last_trained is None else timestamp(item.last_trained),
        }
    )


def person(item: Person, dialect: Dialect) -> Document:
    """Return a person with the ids of its faces."""
    return dialect.members(
        {
            "personId": guid_text(item.id),
            "persistedFaceIds": [guid_text(entry) for entry in item.faces],
            "name": item.name,
            "userData": item.user_data,
        }
    )


def face(item: PersistedFace, dialect: Dialect) -> Document:
    """Return a persisted face."""
    return dialect.members({"persistedFaceId": guid_text(item.id), "userData": item.user_data})


def snapshot(item: Snapshot, dialect: Dialect) -> Document:
    """Return a snapshot. It does not name the object that it was taken from."""
    return dialect.members(
        {
            "id": guid_text(item.id),
            "account": item.account,
            "type": item.kind.name,
            "applyScope": item.apply_scope,
            "userData": item.user_data,
            "createdTime": timestamp(item.created),
            "lastUpdateTime": timestamp(item.updated),
        }
    )
