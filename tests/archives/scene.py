"""What the archive's tests do again and again."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program

ALL_TYPES = [
    ("PersonGroup", "employees"),
    ("LargePersonGroup", "visitors"),
    ("FaceList", "watchlist"),
    ("LargeFaceList", "archive"),
]

_exported: dict[tuple[str, str], bytes] = {}


def rows(file: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return what a query finds in a SQLite file, with nothing of facesnap's."""
    connection = sqlite3.connect(file)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def change(file: Path, statement: str, *values: object) -> None:
    """Change a SQLite file behind facesnap's back."""
    connection = sqlite3.connect(file)
    with connection:
        assert connection.execute(statement, values).rowcount != 0
    connection.close()


def face_ids(emulator: RunningEmulator, object_type: str, object_id: str, key: str = SOURCE_KEYS[0]) -> list[str]:
    """Return the ids of all faces in an object of the service."""
    if object_type.endswith("PersonGroup"):
        return [
            face for person in persons(emulator, object_type, object_id, key) for face in person["persistedFaceIds"]
        ]
    path = f"/{object_type.lower()}s/{object_id}"
    found = call(emulator, "GET", path if object_type == "FaceList" else f"{path}/persistedfaces", key)
    faces = found["persistedFaces"] if object_type == "FaceList" else found
    return [face["persistedFaceId"] for face in faces]


def persons(emulator: RunningEmulator, object_type: str, object_id: str, key: str = SOURCE_KEYS[0]) -> list[Any]:
    """Return the persons of a group in the service, all pages of them."""
    found: list[Any] = []
    path = f"/{object_type.lower()}s/{object_id}/persons"
    while page := call(emulator, "GET", f"{path}?start={found[-1]['personId'] if found else ''}", key):
        found += page
    return found


def draw_images(emulator: RunningEmulator, faces: list[str], directory: Path) -> Path:
    """Write the image of each face into a directory, named by the face's id."""
    directory.mkdir(exist_ok=True)
    for face in faces:
        (directory / f"{face}.png").write_bytes(emulator.image(face))
    return directory


def exported(program: Program, emulator: RunningEmulator, object_type: str, object_id: str) -> Path:
    """Return an archive of an object, with the images of all its faces. A seeded object is exported once a session."""
    archive = program.directory / f"{object_id}.facesnap"
    if known := _exported.get((emulator.endpoint, object_id)):
        archive.write_bytes(known)
        return archive
    images = draw_images(emulator, face_ids(emulator, object_type, object_id), program.directory / "images")
    done = program.run(
        "export", "-t", object_type, "-i", object_id, "--to", str(archive), "--images", str(images), "-q"
    )
    assert (done.status, done.err) == (0, "")
    if (object_type, object_id) in ALL_TYPES:
        _exported[emulator.endpoint, object_id] = archive.read_bytes()
    return archive


def candidates(emulator: RunningEmulator, object_type: str, object_id: str, model: str, image: bytes) -> list[str]:
    """Return the persons or faces that the target's service recognizes in an image."""
    [face] = call(emulator, "POST", f"/detect?recognitionModel={model}", TARGET_KEYS[0], image)
    key = f"{object_type[0].lower()}{object_type[1:]}Id"
    if object_type.endswith("PersonGroup"):
        body = {"faceIds": [face["faceId"]], key: object_id}
        [answer] = call(emulator, "POST", "/identify", TARGET_KEYS[0], body)
        return [candidate["personId"] for candidate in answer["candidates"]]
    answer = call(emulator, "POST", "/findsimilars", TARGET_KEYS[0], {"faceId": face["faceId"], key: object_id})
    return [candidate["persistedFaceId"] for candidate in answer]


def call(emulator: RunningEmulator, method: str, path: str, key: str, body: object = None) -> Any:
    """Call the service directly; `body` is an image (bytes) or JSON."""
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    headers = {"Ocp-Apim-Subscription-Key": key, "Content-Type": kind}
    request = urllib.request.Request(f"{emulator.endpoint}/face/v1.2{path}", data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        content = answer.read()
    return json.loads(content) if content else None


def posts(emulator: RunningEmulator, route_end: str) -> Iterator[Any]:
    """Yield the POSTs whose route ends so."""
    for entry in emulator.requests()["requests"]:
        if entry["method"] == "POST" and (entry["route"] or "").endswith(route_end):
            yield entry
