"""Read requests: bodies, query parameters, and the checks that need no state."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException

from starlette.requests import Request

from facesnap_cli.emulator.ids import guid
from facesnap_cli.emulator.limits import (
    FACE_USER_DATA_LENGTH,
    IMAGE_BYTES_MAX,
    JSON_BYTES_MAX,
    NAME_LENGTH,
    PAGE,
    USER_DATA_LENGTH,
)
from facesnap_cli.emulator.protocol.service_errors import ServiceError, bad_argument

RECOGNITION_MODELS = ("recognition_01", "recognition_02", "recognition_03", "recognition_04")
DETECTION_MODELS = ("detection_01", "detection_02", "detection_03")
_DOWNLOAD_TIMEOUT_S = 10.0


async def read_body(request: Request, limit: int) -> bytes | None:
    """Read the request's body to its end. Return it, or None if it has more than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        if len(body) <= limit:
            body += chunk
    return bytes(body) if len(body) <= limit else None


async def read_json(request: Request, members: frozenset[str], *, loose: bool) -> dict[str, object]:
    """Return the body as a JSON object without its null members.

    Raises ServiceError: 415 for another content type, 413 for a body that is too long, 400 unless it is an object.
    Unless it is read loosely, it must have no other members than `members`.
    """
    body = await read_body(request, JSON_BYTES_MAX)
    if body is None:
        raise ServiceError(413, "RequestEntityTooLarge", "Request body is too large.")
    if _content_type(request) != "application/json":
        raise unsupported_media_type()
    return json_object(body, members, loose=loose)


async def read_image(request: Request, *, loose: bool) -> bytes:
    """Return the image in the body (octet-stream), or at the URL in the body (JSON {"url"}).

    Raises ServiceError: 415 for another content type, 400 for an image that is too big or a URL that does not work.
    """
    body = await read_body(request, IMAGE_BYTES_MAX)
    if body is None:
        raise ServiceError(400, "InvalidImageSize", "Image size is too big.")
    content_type = _content_type(request)
    if content_type == "application/octet-stream":
        return body
    if content_type != "application/json":
        raise unsupported_media_type()
    url = text(json_object(body, frozenset({"url"}), loose=loose), "url")
    if not url or not url.lower().startswith(("http://", "https://")):
        raise ServiceError(400, "InvalidURL", "Invalid image URL.")
    return await asyncio.to_thread(_download, url)


def json_object(body: bytes, members: frozenset[str], *, loose: bool) -> dict[str, object]:
    """Return a JSON object without its null members, as `read_json` does. Raises ServiceError 400."""
    try:
        document = json.loads(body)
        # Half of a surrogate pair is valid JSON, but SQLite cannot store it.
        json.dumps(document, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise bad_argument("JSON parsing error.") from None
    if not isinstance(document, dict):
        raise bad_argument("Request body is invalid.")
    present = {key: value for key, value in document.items() if value is not None}
    # The service ignores unknown members. The emulator refuses them, so that a misspelt name is noticed.
    if not loose and not members.issuperset(present):
        raise bad_argument("Request body is invalid.")
    return present


def unsupported_media_type() -> ServiceError:
    """Return the 415 for a body of the wrong content type."""
    return ServiceError(415, "BadArgument", "Invalid Media Type.")


def text(body: Mapping[str, object], key: str) -> str | None:
    """Return a string member, or None if it is absent. Raises ServiceError 400 if it is not a string."""
    value = body.get(key)
    if value is not None and not isinstance(value, str):
        raise bad_argument("Request body is invalid.")
    return value


def name(body: Mapping[str, object], *, required: bool) -> str | None:
    """Return the `name`. Raises ServiceError 400 if it is empty, too long, or absent though required."""
    value = text(body, "name")
    if value == "" or (required and value is None):
        raise bad_argument("'name' is empty.")
    if value is not None and len(value) > NAME_LENGTH:
        raise bad_argument("'name' is too long.")
    return value


def user_data(source: Mapping[str, object], limit: int = USER_DATA_LENGTH) -> str | None:
    """Return the `userData` of up to `limit` characters. Raises ServiceError 400."""
    value = text(source, "userData")
    if value is not None and len(value) > limit:
        raise bad_argument("'userData' is too long.")
    return value


def face_user_data(source: Mapping[str, object]) -> str | None:
    """Return the `userData` of a face. Raises ServiceError 400."""
    return user_data(source, FACE_USER_DATA_LENGTH)


def model(source: Mapping[str, object], key: str, known: tuple[str, ...]) -> str:
    """Return the name of a model, by default the oldest of `known`. Raises ServiceError 400."""
    value = text(source, key) or known[0]
    if value not in known:
        raise bad_argument(f"'{key}' is invalid.")
    return value


def number(source: Mapping[str, object], key: str, default: int, low: int, high: int) -> int:
    """Return a whole number between `low` and `high`. Raises ServiceError 400."""
    value = source.get(key, default)
    if isinstance(value, str) and re.fullmatch("[0-9]{1,15}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise bad_argument(f"'{key}' is invalid.")
    return value


def boolean(query: Mapping[str, str], key: str, *, default: bool = False) -> bool:
    """Return a query parameter that is true or false. Raises ServiceError 400."""
    value = query.get(key, str(default)).lower()
    if value not in ("true", "false"):
        raise bad_argument(f"'{key}' is invalid.")
    return value == "true"


def page(query: Mapping[str, str]) -> tuple[str, int]:
    """Return `start` and `top` of a paged list, both optional. Raises ServiceError 400."""
    start = query.get("start", "")
    if len(start) > 64:
        raise bad_argument("'start' is too long.")
    return start, number({"top": query.get("top") or PAGE}, "top", PAGE, 1, PAGE)


def page_of_guids(query: Mapping[str, str]) -> tuple[bytes, int]:
    """Return `start` and `top` of a paged list whose ids are GUIDs. Raises ServiceError 400."""
    start, top = page(query)
    first = guid(start) if start else b""
    if first is None:
        raise bad_argument("'start' is invalid.")
    return first, top


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _download(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=_DOWNLOAD_TIMEOUT_S) as response:  # noqa: S310 - http(s) was checked
            return bytes(response.read(IMAGE_BYTES_MAX + 1))
    except (OSError, ValueError, HTTPException):
        raise ServiceError(400, "InvalidURL", "Invalid image URL or error downloading from target server.") from None
