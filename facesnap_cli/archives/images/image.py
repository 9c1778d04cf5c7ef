"""Check original images as the service does."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.files import open_regular

IMAGE_BYTES_MIN = 1024
IMAGE_BYTES_MAX = 6 * 1024 * 1024
_BEGINNINGS = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG", b"GIF87a": "GIF", b"GIF89a": "GIF", b"BM": "BMP"}
_TIFF = (b"II*\0", b"MM\0*")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")
_HEAD_BYTES = 16
_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif")
)


class ImageError(FacesnapError):
    """An image that the service would refuse, or that cannot be read. `reason` is the message without the path.

    `is_other_file`: neither its content nor its name is that of an image.
    """

    exit_code = 11
    default_code = "Image"

    def __init__(self, path: Path, reason: str, *, is_unknown: bool = False):
        super().__init__(f"{harmless(str(path))}: {reason}")
        self.reason = reason
        self.is_other_file = is_unknown and path.suffix.lower() not in _SUFFIXES


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """An image that the service may accept."""

    content: bytes
    format: str
    sha256: str


def checked_image(path: Path) -> CheckedImage:
    """Read an image. Raises ImageError if the service would refuse its format or size (1 KB to 6 MB)."""
    content = _read(path, IMAGE_BYTES_MAX + 1)
    return CheckedImage(content, _format(path, content, len(content)), hashlib.sha256(content).hexdigest())


def check_beginning(path: Path) -> None:
    """Raise ImageError if an image's size or first bytes show that the service would refuse it."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ImageError(path, error.strerror or "") from error
    _format(path, _read(path, _HEAD_BYTES), size)


def format_of(content: bytes) -> str:
    """Return the format of an image; empty if it is none that the service takes."""
    return next((name for beginning, name in _BEGINNINGS.items() if content.startswith(beginning)), "")


def _read(path: Path, limit: int) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(limit)
    except OSError as error:
        raise ImageError(path, error.strerror or os.strerror(error.errno or 0)) from error


def _format(path: Path, content: bytes, size: int) -> str:
    if not size:
        raise ImageError(path, "the file is empty", is_unknown=True)
    name = format_of(content)
    if not name:
        other = _other_format(content[:_HEAD_BYTES])
        what = f"a {other} image, and facesnap converts none" if other else "not a JPEG, PNG, GIF or BMP image"
        raise ImageError(path, what, is_unknown=other is None)
    if not IMAGE_BYTES_MIN <= size <= IMAGE_BYTES_MAX:
        what = "less than 1 KB" if size < IMAGE_BYTES_MIN else "more than 6 MB"
        raise ImageError(path, f"{what}; the service takes 1 KB to 6 MB")
    return name


def _other_format(head: bytes) -> str | None:
    """Return the name of an image format that the service does not take."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head.startswith(_TIFF):
        return "TIFF"
    if head[4:8] == b"ftyp":
        return "HEIC" if head[8:12] in _HEIF_BRANDS else "AVIF" if head[8:12] == b"avif" else None
    return None
