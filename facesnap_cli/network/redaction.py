"""The one place where a key is taken out of what comes back: answers are shown, logged and journalled."""

from __future__ import annotations

import re

from facesnap_cli.common.secret import Secret
from facesnap_cli.network.responses import Response

_SHORTEST = 16  # anything shorter is no key, and would be found in what is none
_ESCAPE = re.compile(rb"\\(?:u00([2-7][0-9A-Fa-f])|.)", re.DOTALL)
_SHOWN = b"***"


class Redactor:
    """Knows the keys that were sent, also those that were replaced since, and hides them. Safe for several threads."""

    def __init__(self) -> None:
        # In any case: a header's name is compared in lower case. Replaced as a whole, never changed.
        self._patterns: tuple[tuple[str, re.Pattern[str], re.Pattern[bytes]], ...] = ()

    def add(self, secret: Secret) -> None:
        """Hide this key from now on."""
        key = secret.reveal().removeprefix("Bearer ")
        if len(key) < _SHORTEST or any(known == key for known, *_ in self._patterns):
            return
        found = re.escape(key)
        patterns = re.compile(found, re.IGNORECASE), re.compile(found.encode(), re.IGNORECASE)
        self._patterns = (*self._patterns, (key, *patterns))

    def text(self, text: str) -> str:
        """Return `text` without the keys."""
        for _, pattern, _ in self._patterns:
            text = pattern.sub(_SHOWN.decode(), text)
        return text

    def response(self, response: Response) -> Response:
        """Return an answer without the keys: in its reason, in the names and values of headers, in its body."""
        headers = {self.text(name): self.text(value) for name, value in response.headers.items()}
        return Response(response.status, self.text(response.reason), headers, self._body(response.body))

    def _body(self, body: bytes) -> bytes:
        r"""Return a body without the keys, also where JSON's escapes (`\u0064`) spell them."""
        if b"\\" in body:
            spelt_out = _ESCAPE.sub(_plain, body)
            if self._bytes(spelt_out) != spelt_out:
                body = spelt_out
        return self._bytes(body)

    def _bytes(self, content: bytes) -> bytes:
        for *_, pattern in self._patterns:
            content = pattern.sub(_SHOWN, content)
        return content


def _plain(escape: re.Match[bytes]) -> bytes:
    """Return the character of an escape that need not be one; others stay."""
    if escape[0] == rb"\/":
        return b"/"
    character = bytes([int(escape[1], 16)]) if escape[1] else b""
    return character if character and character not in b'"\\\x7f' else escape[0]
