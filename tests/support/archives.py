"""Export archives, and compare them with the service."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from facesnap_cli.emulator.http_server import RunningEmulator
from tests.conftest import SOURCE_KEYS, TARGET_KEYS, Program
from tests.support.service import call

ALL_TYPES = [
    ("PersonGroup", "employees"),
    ("LargePersonGroup", "visitors"),
    ("FaceList", "watchlist"),
    ("LargeFaceList", "archive"),
]

DAY_S = 86400.0

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


def dated_archive(program: Program) -> Path:
    """Return where a plan of `export_plan` puts today's archive."""
    return program.directory / "backups" / f"employees-{program.clock.now():%Y-%m-%d}.facesnap"


def wait_days(program: Program, days: float) -> None:
    """Move the clocks of the program and the emulator."""
    program.clock.sleep(days * DAY_S)
