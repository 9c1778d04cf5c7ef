"""Read a seed, the groups and lists that an emulator starts with, from a file or from `demo`.

A face without an image in the seed gets a drawn one. Its id is then its image's key, so it can be drawn again. A seed
may also mark images: how many faces each shows, where, whose, and of which quality.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from facesnap_cli.common.errors import UsageError, reason_of, reason_with_path
from facesnap_cli.common.files import read_regular
from facesnap_cli.emulator.accounts import Account
from facesnap_cli.emulator.container_kinds import KINDS, Kind
from facesnap_cli.emulator.ids import guid, is_object_id
from facesnap_cli.emulator.limits import FACES_PER_PERSON
from facesnap_cli.emulator.protocol.decode import RECOGNITION_MODELS
from facesnap_cli.emulator.protocol.service_errors import ServiceError
from facesnap_cli.emulator.seeds.demo import DEMO
from facesnap_cli.emulator.seeds.images import (
    MOST_FACES,
    QUALITIES,
    Face,
    Rectangle,
    choose_face,
    find_faces,
    image_key,
    key_in,
    size_of,
    strips,
)

_OBJECT_KEYS = {
    "account",
    "type",
    "objectId",
    "name",
    "userData",
    "recognitionModel",
    "trained",
    "persons",
    "faces",
    "count",
    "facesPerPerson",
}
_PERSON_KEYS = {"personId", "name", "userData", "faces"}
# Generated ids have room for this number, and creating as many takes longer than anybody waits.
_MOST = 100_000_000
_MOST_BYTES = 64 * 1024 * 1024
_FACE_KEYS = {"persistedFaceId", "userData", "image"}
_IMAGE_KEYS = {"image", "faces"}
_MARK_KEYS = {"rectangle", "like", "qualityForRecognition"}


@dataclass(frozen=True)
class SeedFace:
    """A face to add. `image` is the key of its image: for a drawn image, the id itself."""

    id: bytes
    image: bytes
    user_data: str | None


@dataclass(frozen=True)
class SeedPerson:
    """A person to add."""

    id: bytes
    name: str
    user_data: str | None
    faces: tuple[SeedFace, ...]


@dataclass(frozen=True)
class SeedObject:
    """A group or list to create, with the persons or faces of the seed and then `count` generated ones.

    Ids that are not in the seed start with `id_prefix`, so that the same seed always gives the same ids.
    """

    account: Account
    kind: Kind
    id: str
    name: str
    user_data: str | None
    recognition_model: str
    trained: bool
    persons: tuple[SeedPerson, ...]
    faces: tuple[SeedFace, ...]
    count: int
    faces_per_person: int
    id_prefix: str


def person_id(prefix: str, number: int) -> bytes:
    """Return the id of a group's person number `number`."""
    return bytes.fromhex(f"{prefix}000140008000{number:012x}")


def face_id(prefix: str, number: int, place: int) -> bytes:
    """Return the id of a face: number `place` of person `number`, or number `number` of a list.

    In a list, `place` is 0.
    """
    return bytes.fromhex(f"{prefix}00024{place:03x}8000{number:012x}")


class Seed(NamedTuple):
    """The objects of a seed, and the faces in the images that it marks, by the images' keys."""

    objects: tuple[SeedObject, ...] = ()
    images: Mapping[bytes, Sequence[Face]] = {}


def read_seed(source: str, accounts: Sequence[Account]) -> Seed:
    """Read the seed `demo`, or a JSON file. Raises UsageError that says where the file is wrong."""
    if source == "demo":
        return _Reader("demo", Path(), accounts).seed(DEMO)
    try:
        document = json.loads(read_regular(Path(source), _MOST_BYTES).content)
    except (OSError, ValueError) as error:
        raise UsageError(f"the seed {source} cannot be read: {reason_of(error)}") from error
    return _Reader(source, Path(source).parent, accounts).seed(document)


class _Reader:
    """Reads one seed document. The images' paths start from `directory`."""

    def __init__(self, source: str, directory: Path, accounts: Sequence[Account]) -> None:
        self._source = source
        self._directory = directory
        self._accounts = {account.name: account for account in accounts}
        self._first = accounts[0].name
        self._images: dict[bytes, list[Face]] = {}

    def seed(self, document: object) -> Seed:
        top = self._object(document, {"objects", "images"}, "the file")
        for n, entry in enumerate(self._list(top, "images", "the file"), 1):
            self._mark(entry, f"image {n}")
        objects = tuple(
            self._container(entry, f"object {n}") for n, entry in enumerate(self._list(top, "objects", "the file"), 1)
        )
        return Seed(objects, self._images)

    def _mark(self, entry: object, where: str) -> None:
        given = self._object(entry, _IMAGE_KEYS, where)
        name = self._text(given, "image", where)
        if not name:
            raise self._wrong(where, "image", "a path")
        image, size = self._image(name, where)
        entries: list[object] = (
            [{}] * self._number(given, "faces", where, 0, MOST_FACES)
            if isinstance(given.get("faces"), int)
            else self._list(given, "faces", where)
        )
        if len(entries) > MOST_FACES:
            raise self._wrong(where, "faces", f"at most {MOST_FACES}")
        faces = []
        for place, (face, strip) in enumerate(zip(entries, strips(size, len(entries)), strict=True)):
            key = image_key(image) if len(entries) == 1 else key_in(image, place)
            faces.append(self._marked_face(face, f"{where}, face {place + 1}", key, size, strip))
        self._images[image_key(image)] = faces

    def _marked_face(self, entry: object, where: str, key: bytes, size: tuple[int, int], strip: Rectangle) -> Face:
        given = self._object(entry, _MARK_KEYS, where)
        like = self._text(given, "like", where)
        quality = given.get("qualityForRecognition", QUALITIES[-1])
        if quality not in QUALITIES:
            raise self._wrong(where, "qualityForRecognition", f"one of {', '.join(QUALITIES)}")
        rectangle = _rectangle(given.get("rectangle", list(strip)), size)
        if rectangle is None:
            raise self._wrong(where, "rectangle", f"[left, top, width, height] within {size[0]} × {size[1]}")
        return Face(key if like is None else self._key(like, where), *rectangle, quality)

    def _container(self, entry: object, where: str) -> SeedObject:
        given = self._object(entry, _OBJECT_KEYS, where)
        account = self._accounts.get(str(given.get("account", self._first)))
        kind = KINDS.get(str(given.get("type")))
        object_id = given.get("objectId")
        if account is None:
            raise self._wrong(where, "account", f"one of {', '.join(self._accounts)}")
        if kind is None:
            raise self._wrong(where, "type", f"one of {', '.join(KINDS)}")
        if not isinstance(object_id, str) or not is_object_id(object_id):
            raise self._wrong(where, "objectId", "1 to 64 of a-z 0-9 - _")
        if given.get("recognitionModel", RECOGNITION_MODELS[0]) not in RECOGNITION_MODELS:
            raise self._wrong(where, "recognitionModel", f"one of {', '.join(RECOGNITION_MODELS)}")
        if "persons" in given and not kind.has_persons:
            raise self._wrong(where, "persons", f"left out of a {kind.name}")
        if "faces" in given and kind.has_persons:
            raise self._wrong(where, "faces", f"given with the persons of a {kind.name}")
        prefix = hashlib.blake2b(f"{account.name}/{kind.name}/{object_id}".encode(), digest_size=4).hexdigest()
        return SeedObject(
            account=account,
            kind=kind,
            id=object_id,
            name=self._text(given, "name", where) or object_id,
            user_data=self._text(given, "userData", where),
            recognition_model=given.get("recognitionModel", RECOGNITION_MODELS[0]),
            trained=given.get("trained", kind.trains) is True,
            persons=tuple(
                self._person(person, f"{where}, person {n}", prefix, n)
                for n, person in enumerate(self._list(given, "persons", where), 1)
            ),
            faces=self._faces(given, where, lambda n: face_id(prefix, n, 0)),
            count=self._number(given, "count", where, 0),
            faces_per_person=self._number(given, "facesPerPerson", where, 1, FACES_PER_PERSON),
            id_prefix=prefix,
        )

    def _person(self, entry: object, where: str, prefix: str, number: int) -> SeedPerson:
        given = self._object(entry, _PERSON_KEYS, where)
        name = self._text(given, "name", where)
        if not name:
            raise self._wrong(where, "name", "a string")
        return SeedPerson(
            id=self._guid(given, "personId", where) or person_id(prefix, number),
            name=name,
            user_data=self._text(given, "userData", where),
            faces=self._faces(given, where, lambda n: face_id(prefix, number, n)),
        )

    def _faces(self, given: dict[str, Any], where: str, new_id: Callable[[int], bytes]) -> tuple[SeedFace, ...]:
        """Read `faces`, either a number of faces to draw or an array of faces."""
        if isinstance(given.get("faces"), int):
            return tuple(
                SeedFace(new_id(n), new_id(n), None) for n in range(1, self._number(given, "faces", where, 0) + 1)
            )
        return tuple(
            self._face(entry, f"{where}, face {n}", new_id(n))
            for n, entry in enumerate(self._list(given, "faces", where), 1)
        )

    def _face(self, entry: object, where: str, new_id: bytes) -> SeedFace:
        given = self._object(entry, _FACE_KEYS, where)
        face = self._guid(given, "persistedFaceId", where) or new_id
        image = self._text(given, "image", where)
        return SeedFace(face, face if image is None else self._key(image, where), self._text(given, "userData", where))

    def _key(self, name: str, where: str) -> bytes:
        """Return the key of the one face in an image."""
        image, size = self._image(name, where)
        marked = self._images.get(image_key(image))
        try:
            return choose_face(find_faces(image, size) if marked is None else marked, size, None).key
        except ServiceError as error:
            raise UsageError(f"{self._source}, {where}: {name}: {error.message}") from error

    def _image(self, name: str, where: str) -> tuple[bytes, tuple[int, int]]:
        try:
            image = read_regular(self._directory / name, _MOST_BYTES).content
            return image, size_of(image)
        except (OSError, ValueError) as error:
            raise UsageError(f"{self._source}, {where}: the image cannot be read: {reason_with_path(error)}") from error
        except ServiceError as error:
            raise UsageError(f"{self._source}, {where}: {name}: {error.message}") from error

    def _object(self, entry: object, keys: set[str], where: str) -> dict[str, Any]:
        if not isinstance(entry, dict) or not keys.issuperset(entry):
            raise UsageError(f"{self._source}: {where} must be an object with the keys {', '.join(sorted(keys))}")
        return entry

    def _list(self, given: dict[str, Any], key: str, where: str) -> list[object]:
        value = given.get(key, [])
        if not isinstance(value, list):
            raise self._wrong(where, key, "an array")
        return value

    def _text(self, given: dict[str, Any], key: str, where: str) -> str | None:
        value = given.get(key)
        if value is not None and not isinstance(value, str):
            raise self._wrong(where, key, "a string")
        return value

    def _guid(self, given: dict[str, Any], key: str, where: str) -> bytes | None:
        text = self._text(given, key, where)
        value = None if text is None else guid(text)
        if text is not None and value is None:
            raise self._wrong(where, key, "a GUID")
        return value

    def _number(self, given: dict[str, Any], key: str, where: str, default: int, most: int = _MOST) -> int:
        value = given.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            raise self._wrong(where, key, f"a number from 0 to {most}")
        return value

    def _wrong(self, where: str, key: str, allowed: str) -> UsageError:
        return UsageError(f"{self._source}: {where}: `{key}` must be {allowed}")


def _rectangle(value: object, size: tuple[int, int]) -> Rectangle | None:
    """Return [left, top, width, height] if it is within an image of this size, else None."""
    if not isinstance(value, list) or len(value) != 4 or not all(type(number) is int for number in value):
        return None
    left, top, width, height = value
    within = min(left, top) >= 0 < min(width, height) and left + width <= size[0] and top + height <= size[1]
    return (left, top, width, height) if within else None
