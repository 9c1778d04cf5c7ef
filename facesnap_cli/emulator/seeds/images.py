"""Find the face in an image without looking at it, and draw images of given faces.

Two images show the same face if and only if `face_key` is the same: their bytes are the same, or `draw` drew both for
the same face. Every image of 36 × 36 pixels or more shows exactly one face, a smaller image none.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass

from facesnap_cli.emulator.limits import IMAGE_BYTES_MAX, IMAGE_BYTES_MIN
from facesnap_cli.emulator.protocol.service_errors import ServiceError, bad_argument

_FACE_PIXELS_MIN = 36
_SIDE = 64
_MARK = b"facesnap-face\0"


@dataclass(frozen=True)
class Face:
    """The face in an image: its 16-byte key and its rectangle in pixels."""

    key: bytes
    left: int
    top: int
    width: int
    height: int


def find_face(image: bytes, target: str | None = None) -> Face:
    """Return the one face in `image`, within `target` ("left,top,width,height") if given.

    Raises ServiceError 400: InvalidImageSize, InvalidImage, or BadArgument for the target.
    """
    face = detect(image)
    if face is None:
        raise ServiceError(400, "InvalidImage", "No face detected in the image.")
    if target is not None:
        _check_target(target, face)
    return face


def detect(image: bytes) -> Face | None:
    """Return the face in `image`, or None. Raises ServiceError 400 if it is not a usable image."""
    if len(image) < IMAGE_BYTES_MIN:
        raise ServiceError(400, "InvalidImageSize", "Image size is too small.")
    if len(image) > IMAGE_BYTES_MAX:
        raise ServiceError(400, "InvalidImageSize", "Image size is too big.")
    size = _dimensions(image)
    if size is None:
        raise ServiceError(400, "InvalidImage", "Decoding error, image format unsupported.")
    if min(size) < _FACE_PIXELS_MIN:
        return None
    return Face(face_key(image), 0, 0, *size)


def face_key(image: bytes) -> bytes:
    """Return the 16 bytes that identify the face in `image`."""
    start = image.find(_MARK, 0, 256)
    if start >= 0:
        return image[start + len(_MARK) : start + len(_MARK) + 16]
    return hashlib.blake2b(image, digest_size=16).digest()


def draw(key: bytes) -> bytes:
    """Return a PNG of 64 × 64 grey pixels whose `face_key` is `key`, always the same for a key."""
    noise = hashlib.shake_256(key).digest(_SIDE * _SIDE)
    rows = b"".join(b"\0" + noise[start : start + _SIDE] for start in range(0, len(noise), _SIDE))
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    # The key is binary, which a text chunk must not hold; a private ancillary chunk may hold anything.
    chunks = ((b"IHDR", header), (b"faCe", _MARK + key), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n"
    for name, content in chunks:
        png += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return png


def _check_target(target: str, face: Face) -> None:
    parts = target.split(",")
    if len(parts) != 4 or not all(part.strip().isdecimal() for part in parts):
        raise bad_argument("Invalid argument targetFace.")
    left, top, width, height = (int(part) for part in parts)
    if width == 0 or height == 0:
        raise bad_argument("Invalid argument targetFace.")
    if left + width > face.width or top + height > face.height:
        raise bad_argument("Argument targetFace out of range.")


def _dimensions(image: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels, or None if the format is not JPEG, PNG, GIF or BMP."""
    if image.startswith(b"\x89PNG\r\n\x1a\n") and image[12:16] == b"IHDR":
        return struct.unpack(">II", image[16:24])
    if image[:6] in (b"GIF87a", b"GIF89a"):
        return struct.unpack("<HH", image[6:10])
    if image.startswith(b"BM"):
        width, height = struct.unpack("<ii", image[18:26])
        return width, abs(height)
    if image.startswith(b"\xff\xd8"):
        return _jpeg_dimensions(image)
    return None


def _jpeg_dimensions(image: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 9 <= len(image) and image[position] == 0xFF:
        marker = image[position + 1]
        if marker == 0xFF:
            position += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", image[position + 5 : position + 9])
            return width, height
        else:
            (length,) = struct.unpack(">H", image[position + 2 : position + 4])
            position += 2 + length
    return None
