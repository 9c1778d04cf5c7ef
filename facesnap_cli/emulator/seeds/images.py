"""Find the faces in an image without looking at it, and draw images of given faces.

Two images show the same face if and only if it has the same key: their bytes are the same, or `draw` drew both for the
same face, or a seed says so. Unless it is drawn or marked by a seed, an image of 36 × 36 pixels or more shows exactly
one face, a smaller image none.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from facesnap_cli.emulator.limits import IMAGE_BYTES_MAX, IMAGE_BYTES_MIN
from facesnap_cli.emulator.protocol.service_errors import ServiceError, bad_argument, several_faces

MOST_FACES = 100
QUALITIES = ("low", "medium", "high")
_FACE_PIXELS_MIN = 36
_SIDE = 64
_KEY_BYTES = 16
_MARK = b"facesnap-face\0"

# Left, top, width and height in pixels.
Rectangle = tuple[int, int, int, int]


class Face(NamedTuple):
    """A face in an image: its 16-byte key, its rectangle in pixels, and its quality for recognition."""

    key: bytes
    left: int
    top: int
    width: int
    height: int
    quality: str = "high"

    def overlap(self, left: int, top: int, width: int, height: int) -> int:
        """Return how many pixels of the face are in a rectangle."""
        across = min(self.left + self.width, left + width) - max(self.left, left)
        down = min(self.top + self.height, top + height) - max(self.top, top)
        return max(across, 0) * max(down, 0)


def size_of(image: bytes) -> tuple[int, int]:
    """Return width and height in pixels. Raises ServiceError 400 if it is not a usable image."""
    if len(image) < IMAGE_BYTES_MIN:
        raise ServiceError(400, "InvalidImageSize", "Image size is too small.")
    if len(image) > IMAGE_BYTES_MAX:
        raise ServiceError(400, "InvalidImageSize", "Image size is too big.")
    size = _dimensions(image)
    if size is None:
        raise ServiceError(400, "InvalidImage", "Decoding error, image format unsupported.")
    return size


def find_faces(image: bytes, size: tuple[int, int]) -> list[Face]:
    """Return the faces in an image of this size that no seed marked."""
    if min(size) < _FACE_PIXELS_MIN:
        return []
    keys = _drawn_keys(image) or [image_key(image)]
    return [Face(key, *rectangle) for key, rectangle in zip(keys, strips(size, len(keys)), strict=True)]


def strips(size: tuple[int, int], number: int) -> list[Rectangle]:
    """Return the rectangle of an image cut from left to right into a number of strips."""
    edges = [size[0] * place // max(number, 1) for place in range(number + 1)]
    return [(left, 0, right - left, size[1]) for left, right in pairwise(edges)]


def choose_face(faces: Sequence[Face], size: tuple[int, int], target: str | None) -> Face:
    """Return the one face of an image, or the one within `target` ("left,top,width,height").

    Raises ServiceError 400: InvalidImage for none or several, BadArgument for the target.
    """
    if target is not None:
        rectangle = _target(target, size)
        faces = [face for face in faces if face.overlap(*rectangle)]
        if len(faces) > 1:
            # A rectangle that detect returned may touch those of other faces.
            faces = [max(faces, key=lambda face: face.overlap(*rectangle) / (face.width * face.height))]
    if not faces:
        raise ServiceError(400, "InvalidImage", "No face detected in the image.")
    if len(faces) > 1:
        raise several_faces()
    return faces[0]


def image_key(image: bytes) -> bytes:
    """Return the 16 bytes that identify an image; they are the key of its face if it shows one."""
    keys = _drawn_keys(image)
    if len(keys) == 1:
        return keys[0]
    return hashlib.blake2b(image, digest_size=_KEY_BYTES).digest()


def key_in(image: bytes, place: int) -> bytes:
    """Return the key of a face that is only known by its place among several in an image."""
    return hashlib.blake2b(image_key(image) + place.to_bytes(2), digest_size=_KEY_BYTES).digest()


def draw(*keys: bytes) -> bytes:
    """Return a PNG of 64 × 64 grey pixels a face, side by side, that shows these faces; always the same for them."""
    noise = [hashlib.shake_256(key).digest(_SIDE * _SIDE) for key in keys]
    rows = b"".join(
        b"\0" + b"".join(square[start : start + _SIDE] for square in noise) for start in range(0, _SIDE * _SIDE, _SIDE)
    )
    header = struct.pack(">IIBBBBB", _SIDE * len(keys), _SIDE, 8, 0, 0, 0, 0)
    # A key is binary, which a text chunk must not hold; a private ancillary chunk may hold anything.
    mark = _MARK + b"".join(keys)
    chunks = ((b"IHDR", header), (b"faCe", mark), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    png = b"\x89PNG\r\n\x1a\n"
    for name, content in chunks:
        png += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return png


def _drawn_keys(image: bytes) -> list[bytes]:
    """Return the keys of the faces that `draw` drew in an image, none if it did not draw it."""
    start = image.find(_MARK, 0, 256)
    if start < 0:
        return []
    # The length of the chunk is in front of its name.
    length = int.from_bytes(image[max(start - 8, 0) : max(start - 4, 0)]) - len(_MARK)
    number = min(max(length // _KEY_BYTES, 1), MOST_FACES)
    first = start + len(_MARK)
    return [image[place : place + _KEY_BYTES] for place in range(first, first + number * _KEY_BYTES, _KEY_BYTES)]


def _target(target: str, size: tuple[int, int]) -> Rectangle:
    parts = target.split(",")
    if len(parts) != 4 or not all(re.fullmatch(r"\s*[0-9]{1,9}\s*", part) for part in parts):
        raise bad_argument("Invalid argument targetFace.")
    left, top, width, height = (int(part) for part in parts)
    if width == 0 or height == 0:
        raise bad_argument("Invalid argument targetFace.")
    if left + width > size[0] or top + height > size[1]:
        raise bad_argument("Argument targetFace out of range.")
    return left, top, width, height


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
