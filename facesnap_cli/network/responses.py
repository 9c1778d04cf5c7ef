"""An HTTP response of the service, and what its error body says. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from facesnap_cli.common.errors import UnreachableError
from facesnap_cli.common.escape import harmless

_SHOWN_MESSAGE_CHARS = 500
_MOST_COMPLAINT_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Response:
    """One answer: status, headers (names in lower case) and the body, whole and of bounded size."""

    status: int
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Return the decoded body. Raises UnreachableError where it is not JSON."""
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
        """Whether all of it was done. 206 is a part of an answer that was asked for as a whole."""
        return 200 <= self.status < 300 and self.status != 206


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and its answer as `--debug` and `--raw` show them; the key is not in it."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    response: Response | None
    error: str
    elapsed_s: float
    key_header: str


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """What an error body says, from either envelope: `{"error": {…}}` or the gateway's bare one."""

    code: str
    message: str

    @classmethod
    def of(cls, response: Response) -> ErrorBody:
        try:
            body = _decoded(response.body) if len(response.body) <= _MOST_COMPLAINT_BYTES else None
        except (ValueError, RecursionError):
            body = None
        inner = body.get("error", body) if isinstance(body, dict) else {}
        inner = inner if isinstance(inner, dict) else {}
        code = inner.get("code", inner.get("statusCode", ""))
        message = inner.get("message", "")
        code = str(code) if isinstance(code, str | int) else ""
        return cls(harmless(code)[:100], harmless(message)[:_SHOWN_MESSAGE_CHARS] if isinstance(message, str) else "")


def _decoded(body: bytes) -> Any:
    """Return the JSON in a body. It is UTF-8: another encoding could hide from whoever looks for a key in the bytes."""
    return json.loads(body.decode("utf-8-sig", "surrogatepass"))
