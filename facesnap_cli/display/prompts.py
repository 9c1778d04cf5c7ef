"""Questions at a terminal; on stderr, so that stdout stays data."""

from __future__ import annotations

import sys


def ask(question: str) -> str:
    """Return what was typed, without the line break; nothing at the end of the input."""
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def ask_secret(question: str) -> str:
    """Return one line, typed without echo at a terminal, read from stdin elsewhere."""
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    import getpass

    try:
        return getpass.getpass(question)
    except EOFError:
        return ""
