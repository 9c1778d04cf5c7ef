"""Questions at a terminal; on stderr, so that stdout stays data."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable

from facesnap_cli.common.errors import Interruption, UsageError
from facesnap_cli.common.reporter import Reporter

_SIGNALS_EVERY_S = 0.1


def can_ask() -> bool:
    """Return whether there is a terminal to ask at."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> str:
    """Return what was typed, without the line break; nothing at the end of the input."""
    sys.stderr.write(question)
    sys.stderr.flush()
    if os.name == "posix" and sys.stdin.isatty():
        # Python handles a signal that comes just before a read only after it: a Ctrl-C would have to be typed twice.
        try:
            while not select.select([sys.stdin], [], [], _SIGNALS_EVERY_S)[0]:
                pass
        except Interruption:
            sys.stderr.write("\n")  # what follows begins a line of its own
            raise
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


def require_consent(command: str, *, given: bool, hint: str = "--yes does it") -> None:
    """Raise UsageError unless consent is `given` or there is a terminal to ask for it at."""
    if not given and not can_ask():
        raise UsageError(f"{command} needs confirmation, and there is no terminal to ask at", hint=hint)


def confirm(question: str, *, given: bool, undone: str, reporter: Reporter, about: Iterable[str] = ()) -> None:
    """Ask for consent unless it is `given`.

    A warning for each text of `about` precedes the question. Raises UsageError for any answer but yes, with a message
    that ends with `undone`: what was not done.
    """
    if given:
        return
    for text in about:
        reporter.warn(text)
    if ask(f"{question} [y/N] ").lower() not in ("y", "yes"):
        raise UsageError(f"not confirmed; {undone}")
