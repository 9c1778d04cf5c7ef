"""Describe an HTTP response of the service, and read its error body."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from facesnap_cli.common.errors import UnreachableError
from facesnap_cli.common.escape import harmless

_SHOWN_MESSAGE_CHARS = 500
_MAX_ERROR_BYTES = 64 * 1024


class Response(NamedTuple):
    """An HTTP response: status, headers (names in lower case) and the complete body, of limited size."""

    status: int
    reason: str = ""
    headers: Mapping[str, str] = MappingProxyType({})
    body: bytes = b""

    def json(self) -> Any:
        """Return the decoded body. Raises UnreachableError if it is not JSON."""
        try:
            return _decoded(self.body)
        except (ValueError, RecursionError):
            kind = harmless(self.headers.get("content-type", "no content type"))[:80]
            raise UnreachableError(
                f"the service answered {self.status} with something that is not JSON ({kind})",
                code="BadAnswer",
                hint="a proxy or a captive portal may have answered; --debug shows the answer",
            ) from None

    @property
    def is_success(self) -> bool:
        """Whether the request succeeded. 206 did not: the whole was requested, and a part came."""
        return 200 <= self.status < 300 and self.status != 206


class Exchange(NamedTuple):
    """A request and its response as `--debug` and `--raw` show them, without the key."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    response: Response | None
    error: str
    elapsed_s: float
    key_header: str


class ErrorBody(NamedTuple):
    """Code and message of an error body, with the envelope `{"error": {…}}` or, from the gateway, without.

    `innererror`, if there is one, is more specific: its code counts, and its message follows the other one.
    """

    code: str
    message: str

    @classmethod
    def of(cls, response: Response) -> ErrorBody:
        try:
            body = _decoded(response.body) if len(response.body) <= _MAX_ERROR_BYTES else None
        except (ValueError, RecursionError):
            body = None
        error = body.get("error", body) if isinstance(body, dict) else {}
        code, messages = "", dict[str, None]()
        while isinstance(error, dict):
            found = error.get("code", error.get("statusCode"))
            code = str(found) if isinstance(found, str | int) and found != "" else code
            if isinstance(said := error.get("message"), str) and said:
                messages[said] = None
            error = error.get("innererror")
        return cls(harmless(code)[:100], harmless(" ".join(messages))[:_SHOWN_MESSAGE_CHARS])


def _decoded(body: bytes) -> Any:
    """Return the JSON in a body. Raises ValueError if it is not JSON in UTF-8."""
    # Another encoding could hide a key from the redactor, which searches bytes.
    return json.loads(body.removeprefix(BOM_UTF8).decode("utf-8", "surrogatepass"))
