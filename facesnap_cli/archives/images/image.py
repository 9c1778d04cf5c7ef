"""Original images: checked as the service would check them, and matched with faces by the folder they are in."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from facesnap_cli.common.errors import FacesnapError, UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.files import open_regular
from facesnap_cli.face_api.object_api import Face, Person

IMAGE_BYTES_MIN = 1024
IMAGE_BYTES_MAX = 6 * 1024 * 1024
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")
_BEGINNINGS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP"}


NONE_KEPT: Mapping[str, Face] = {}


class ImageError(FacesnapError):
    """An image that the service would not take, or that cannot be read."""

    exit_code = 11
    default_code = "Image"


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image of one face, still on disk. `target_face` is `left,top,width,height` in pixels."""

    path: Path
    target_face: str | None = None
    detection_model: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """An image that the service may take."""

    content: bytes
    format: str
    sha256: str
    target_face: str | None
    detection_model: str | None


class ImageSource(Protocol):
    """Where the images of an object's faces come from."""

    @property
    def origin(self) -> Path:
        """What the user named."""
        ...

    def claim(self, person: Person) -> None:
        """Keep what is here for a person for that one alone. Raises UsageError where it may be another's as well.

        Every person with faces claims before the first match: what an earlier run has matched is not matched again.
        """
        ...

    def match(
        self, person: Person | None, faces: Sequence[Face], kept: Mapping[str, Face] = NONE_KEPT
    ) -> dict[str, ImageFile]:
        """Return the images of a person's faces that have none, or with None of a list's, by face id.

        `kept` are the person's other faces, by the SHA-256 of the image that each has: no other face gets that.
        """
        ...

    def unmatched(self) -> list[str]:
        """Return in words what was given and belongs to no face, once everything has been matched."""
        ...


class ImageDirectory:
    """A directory of images. The image of a face is, in this order,

    a file whose name, without its suffix, is the face's id, in the person's folder or at the top;
    the file that the face's user data names, from the person's folder or from the top, with or without its suffix;
    and last, in the order of their names, what remains in the person's folder.

    A person's folder is named after the person or the person's id. A list's images are all at the top.
    """

    def __init__(self, root: Path):
        self.origin = self._root = root
        self._real_root = root.resolve()
        self._unmatched: list[str] = []
        self._owners: dict[tuple[int, int], str] = {}  # of folders, by what the file system calls them, to person ids

    def claim(self, person: Person) -> None:
        folder = self._folder_of(person)
        if folder is None:
            return
        found = folder.stat()
        owner = self._owners.setdefault((found.st_dev, found.st_ino), person.person_id)
        if owner != person.person_id:
            raise shared(f"{harmless(str(folder))}", person, owner, hint="name the folders by personId")

    def match(
        self, person: Person | None, faces: Sequence[Face], kept: Mapping[str, Face] = NONE_KEPT
    ) -> dict[str, ImageFile]:
        folder = self._folder_of(person) if person else None
        places = [place for place in (folder, self._root) if place]
        found: dict[str, ImageFile] = {}
        for face in faces:
            if path := self._called_as(face, places):
                found[face.face_id] = ImageFile(path)
        if folder:
            taken = {image.path for image in found.values()} | {self._called_as(face, places) for face in kept.values()}
            left = sorted(path for path in folder.iterdir() if _is_image(path) and path not in taken)
            if kept:
                left = [path for path in left if digest_of(path) not in kept]
            faceless = [face.face_id for face in faces if face.face_id not in found]
            found |= {face_id: ImageFile(path) for face_id, path in zip(faceless, left, strict=False)}
            self._unmatched += [str(path) for path in left[len(faceless) :]]
        return found

    def unmatched(self) -> list[str]:
        return self._unmatched

    def _folder_of(self, person: Person) -> Path | None:
        names = [person.person_id]
        if person.name:
            names += [unicodedata.normalize(form, person.name) for form in ("NFC", "NFD")]
        folders = (self._inside(self._root, name) for name in names)
        return next((one for one in folders if one and one.parent == self._root and self._leads_inside(one)), None)

    def _called_as(self, face: Face, places: Sequence[Path]) -> Path | None:
        return next(self._named(face.face_id, places), None) or next(self._named(face.user_data, places), None)

    def _named(self, name: str | None, places: Sequence[Path]) -> Iterator[Path]:
        for place in places:
            for suffix in ("", *SUFFIXES, *(suffix.upper() for suffix in SUFFIXES)):
                path = self._inside(place, f"{name}{suffix}") if name else None
                if path and _is_image(path) and self._leads_inside(path.parent):
                    yield path

    def _inside(self, place: Path, name: str) -> Path | None:
        """Return the path of that name, unless it leads out of the directory: names and user data are not ours."""
        path = place / name
        return path if ".." not in path.parts and path.is_relative_to(self._root) and path != self._root else None

    def _leads_inside(self, folder: Path) -> bool:
        """Tell whether a path is a directory, and no link to one elsewhere."""
        return os.path.isdir(folder) and folder.resolve().is_relative_to(self._real_root)


def shared(place: str, person: Person, other_id: str, *, hint: str) -> UsageError:
    """Return the error for a place of images that may be those of either of two persons."""
    name = harmless(person.name or "")
    return UsageError(f"{place}: two persons are called {name}: {other_id} and {person.person_id}", hint=hint)


def checked_image(image: ImageFile) -> CheckedImage:
    """Read an image. Raises ImageError where the service would not take it: format, or 1 KB to 6 MB."""
    try:
        with open_regular(image.path) as file:
            content = file.read(IMAGE_BYTES_MAX + 1)
    except OSError as error:
        raise ImageError(f"{harmless(str(image.path))}: {error.strerror}") from error
    name = next((name for beginning, name in _BEGINNINGS.items() if content.startswith(beginning)), None)
    if name is None:
        raise ImageError(f"{harmless(str(image.path))}: not a JPEG, PNG, GIF or BMP image")
    if not IMAGE_BYTES_MIN <= len(content) <= IMAGE_BYTES_MAX:
        size = "less than 1 KB" if len(content) < IMAGE_BYTES_MIN else "more than 6 MB"
        raise ImageError(f"{harmless(str(image.path))}: {size}; the service takes 1 KB to 6 MB")
    digest = hashlib.sha256(content).hexdigest()
    return CheckedImage(content, name, digest, image.target_face, image.detection_model)


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file, as an archive keeps its image; None where it cannot be read or is no image."""
    try:
        return checked_image(ImageFile(path)).sha256
    except ImageError:
        return None


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and os.path.isfile(path)  # False, not an error, for a name that is too long
