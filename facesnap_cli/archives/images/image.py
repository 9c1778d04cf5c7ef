"""An original image, checked as the service would check it, and the interface of where images come from."""

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
