"""Read the members of the service's JSON strictly: a wrong type is never taken for a missing value."""

from __future__ import annotations

from datetime import datetime

from facesnap_cli.common.errors import UnreachableError
from facesnap_cli.common.escape import storable
from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.time_format import parse_time

MOST_CHARS = 2000  # of a message, an account, a resource location
_ID = pattern(r"[0-9A-Za-z_-]{1,64}")


class Fields:
    """The members of a JSON object that the service sent. `what` names the object in errors: `a person`.

    Names compare without case, because their spelling changed over the years. A member that is null counts as missing.
    Every method raises UnreachableError for a value of another type.
    """

    def __init__(self, body: object, what: str):
        if not isinstance(body, dict):
            raise unreadable(f"the service answered something that is not {what}")
        self._members = {key.lower(): value for key, value in body.items()}
        self._what = what

    def id(self, name: str) -> str:
        """Return an id that is safe in URLs, files and tables. It must not be missing."""
        value = self.required_text(name)
        if not _ID.fullmatch(value):
            raise unreadable(f"the service answered {self._what} whose {name} cannot be an id")
        return value

    def ids(self, name: str) -> tuple[str, ...] | None:
        """Return a list of ids; None if it is missing."""
        values = self.items(name)
        if values is None:
            return None
        found = tuple(Fields({name: value}, self._what).id(name) for value in values)
        if len({value.lower() for value in found}) < len(found):
            raise unreadable(f"the service answered {self._what} whose {name} has an id twice")
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts that are not empty. It must not be missing."""
        values = self.required_items(name)
        return tuple(Fields({name: value}, self._what).required_text(name) for value in values)

    def items(self, name: str) -> list[object] | None:
        """Return a list of anything; None if it is missing."""
        value = self._members.get(name.lower())
        if value is None or isinstance(value, list):
            return value
        raise self._wrong_type(name, "a list")

    def required_items(self, name: str) -> list[object]:
        """Return a list of anything that must not be missing."""
        values = self.items(name)
        if values is None:
            raise self._missing(name)
        return values

    def text(self, name: str) -> str | None:
        """Return a text, which may be empty; None if it is missing."""
        value = self._members.get(name.lower())
        if value is None or isinstance(value, str):
            return None if value is None else storable(value)
        raise self._wrong_type(name, "a text")

    def required_text(self, name: str) -> str:
        """Return a text that must be neither missing nor empty."""
        value = self.text(name)
        if not value:
            raise self._missing(name)
        return value

    def short_text(self, name: str) -> str | None:
        """Return a text, cut if it is longer than any text that the service means to send; None if it is empty."""
        text = self.text(name) or None
        return f"{text[:MOST_CHARS]}…" if text and len(text) > MOST_CHARS else text

    def time(self, name: str) -> datetime | None:
        """Return a UTC time; None if it is missing, or written in a way that is not known."""
        return parse_time(self.text(name))

    def _missing(self, name: str) -> UnreachableError:
        return unreadable(f"the service answered something that is not {self._what}: it has no {name}")

    def _wrong_type(self, name: str, expected: str) -> UnreachableError:
        return unreadable(f"the service answered {self._what} whose {name} is not {expected}")


def unreadable(message: str) -> UnreachableError:
    """Return the error for a response from which nothing may be concluded."""
    return UnreachableError(message, code="BadAnswer", hint="--debug shows the answer")


def check_same(found: str, expected: str, what: str) -> None:
    """Raise UnreachableError if a response is about another thing than the one that was requested."""
    if found.lower() != expected.lower():
        raise unreadable(f"{what}: the service answered another one, {found}")
