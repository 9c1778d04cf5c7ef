"""A text that cannot be printed, logged or pickled by mistake."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A key, a token or a password. Call `reveal` only in the line that sends or stores it."""

    __slots__ = ("_text",)

    def __init__(self, text: str):
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not serialized")
