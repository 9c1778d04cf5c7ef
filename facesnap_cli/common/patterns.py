"""Compile regular expressions when they are first used, because most commands use few of those they import."""

from __future__ import annotations

import re
from typing import Any, AnyStr, cast


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return a regular expression that compiles itself on first use; an error in `text` shows only then."""
    return cast("re.Pattern[AnyStr]", _LazyPattern(text, flags))


class _LazyPattern:
    """A stand-in for `re.Pattern`. Each method is looked up once, so later calls cost nothing extra."""

    def __init__(self, text: str | bytes, flags: int):
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, found)
        return found
