"""Check original images as the service does, and declare the interface of their sources."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from facesnap_cli.common.errors import FacesnapError, UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.files import open_regular
from facesnap_cli.models.objects import Face, Person

IMAGE_BYTES_MIN = 1024
IMAGE_BYTES_MAX = 6 * 1024 * 1024
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp")
_BEGINNINGS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP"}
NONE_KEPT: Mapping[str, Face] = {}


class ImageError(FacesnapError):
    """An image that the service would refuse, or that cannot be read."""

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
    """An image that the service may accept."""

    content: bytes
    format: str
    sha256: str
    target_face: str | None
    detection_model: str | None


class ImageSource(Protocol):
    """A source of images for an object's faces."""

    @property
    def origin(self) -> Path:
        """The directory or file that the user named."""
        ...

    def claim(self, person: Person) -> None:
        """Reserve a person's images for that person. Raises UsageError if they may be another person's.

        Call it for every person with faces before the first `match`, which leaves out persons of an earlier run.
        """
        ...

    def match(
        self, person: Person | None, faces: Sequence[Face], kept: Mapping[str, Face] = NONE_KEPT
    ) -> dict[str, ImageFile]:
        """Return images for a person's faces that have none, by face id. The person None means a list's faces.

        `kept` are the person's other faces, by the SHA-256 of their images, which no other face gets.
        """
        ...

    def unmatched(self) -> list[str]:
        """Return a line for each image that matches no face, after everything was matched."""
        ...


def shared(place: str, person: Person, other_id: str, *, hint: str) -> UsageError:
    """Return the error for images that may belong to either of two persons."""
    name = harmless(person.name or "")
    return UsageError(f"{place}: two persons are called {name}: {other_id} and {person.person_id}", hint=hint)


def checked_image(image: ImageFile) -> CheckedImage:
    """Read an image. Raises ImageError if the service would refuse its format or size (1 KB to 6 MB)."""
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
    """Return the SHA-256 of an image file, by which archives store it; None if it is not a readable image."""
    try:
        return checked_image(ImageFile(path)).sha256
    except ImageError:
        return None
