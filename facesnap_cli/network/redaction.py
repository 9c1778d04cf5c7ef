"""Remove keys from responses, because responses are shown, logged and written to the journal."""

from __future__ import annotations

import re
from collections.abc import Iterable

from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.secret import Secret
from facesnap_cli.network.responses import Response

_SHORTEST = 16  # a shorter text is no key, and could occur by chance
_ESCAPE = pattern(rb"\\(?:u00([2-7][0-9A-Fa-f])|.)", re.DOTALL)
_SHOWN = b"***"
_SECRET_HEADER = pattern(r"auth|cookie|key|secret|token|password", re.IGNORECASE)


def redacted_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return request headers as they may be shown: without the value of any that could hold a secret."""
    return {name: _SHOWN.decode() if _SECRET_HEADER.search(name) else value for name, value in headers}


class Redactor:
    """Removes every key that was sent, also replaced ones. Safe for several threads."""

    def __init__(self) -> None:
        self._keys: tuple[str, ...] = ()  # replaced, never changed

    def add(self, secret: Secret) -> None:
        """Remove this key from now on."""
        key = secret.reveal().removeprefix("Bearer ")
        if len(key) >= _SHORTEST and key not in self._keys:
            self._keys = (*self._keys, key)

    def text(self, text: str) -> str:
        """Return `text` without the keys, in upper or lower case, as headers have names in lower case."""
        for key in self._keys:
            if key.lower() in text.lower():
                text = re.sub(re.escape(key), _SHOWN.decode(), text, flags=re.IGNORECASE)
        return text

    def response(self, response: Response) -> Response:
        """Return a response without the keys, in its reason, header names, header values and body."""
        headers = {self.text(name): self.text(value) for name, value in response.headers.items()}
        return Response(response.status, self.text(response.reason), headers, self._body(response.body))

    def _body(self, body: bytes) -> bytes:
        r"""Return a body without the keys, also if JSON escapes (`\u0064`) spell them."""
        if b"\\" in body:
            spelt_out = _ESCAPE.sub(_plain, body)
            if self._bytes(spelt_out) != spelt_out:
                body = spelt_out
        return self._bytes(body)

    def _bytes(self, content: bytes) -> bytes:
        for key in map(str.encode, self._keys):
            if key.lower() in content.lower():
                content = re.sub(re.escape(key), _SHOWN, content, flags=re.IGNORECASE)
        return content


def _plain(escape: re.Match[bytes]) -> bytes:
    """Return the character that an escape stands for, or the escape itself if JSON requires it."""
    if escape[0] == rb"\/":
        return b"/"
    character = bytes([int(escape[1], 16)]) if escape[1] else b""
    return character if character and character not in b'"\\\x7f' else escape[0]
