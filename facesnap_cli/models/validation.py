"""Check what a user gives before anything is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import nearest, shown
from facesnap_cli.common.patterns import pattern
from facesnap_cli.models.ids import OBJECT_ID, is_guid

if TYPE_CHECKING:
    from facesnap_cli.models.objects import ObjectType

PROFILE_NAME = pattern(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
MAX_USER_DATA_BYTES = 16384
_HEADER = pattern(r"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}):[ \t]*([\x20-\x7e\xa0-\xff]{0,4000})")
_OWN_HEADERS = (
    "ocp-apim-subscription-key",
    "authorization",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
)
_KEY = pattern(r"[0-9a-fA-F]{32}|[0-9A-Za-z]{84}")


def parse_object_type(text: str) -> ObjectType:
    """Return the type that `text` names, in upper or lower case. Raises UsageError."""
    from facesnap_cli.models.objects import ObjectType

    for member in ObjectType:
        if member.value.lower() == text.strip().lower():
            return member
    raise UsageError(
        f"{shown(text)} is not an object type",
        hint=f"one of {', '.join(ObjectType)}{nearest(text, ObjectType)}",
    )


def check_object_id(text: str, *, what: str = "object id") -> str:
    """Return `text` if the service accepts it as an object's id. Raises UsageError."""
    if OBJECT_ID.fullmatch(text):
        return text
    lower = text.lower()
    better = f"; try {lower}" if OBJECT_ID.fullmatch(lower) else ""
    raise UsageError(f"{shown(text)} is not an {what}", hint=f"1 to 64 characters of a-z, 0-9, - and _{better}")


def check_apply_scope(entries: list[str], *, what: str = "the apply scope") -> tuple[str, ...]:
    """Return subscription ids (GUIDs) from entries that may hold several, separated by commas.

    Raises UsageError for a text that is not a GUID, for an empty entry (a variable that is not set), and for an id
    given twice, because the service fails such a take without a reason. The error never repeats a pasted key.
    """
    ids = [part.strip() for entry in entries for part in entry.split(",")]
    seen: set[str] = set()
    for subscription_id in ids:
        if not subscription_id:
            raise UsageError(f"an entry of {what} is empty", hint="give subscription ids, with a comma between two")
        if _KEY.fullmatch(subscription_id):
            raise UsageError(
                f"an entry of {what} looks like a key, not like a subscription id",
                hint="the scope takes Azure subscription ids, GUIDs with dashes; rotate the key if others could see it",
            )
        if not is_guid(subscription_id):
            raise UsageError(f"{shown(subscription_id)} in {what} is not a GUID")
        if subscription_id.lower() in seen:
            raise UsageError(f"{subscription_id} is in {what} twice", hint="name each subscription once")
        seen.add(subscription_id.lower())
    return tuple(ids)


def check_user_data(text: str) -> str:
    """Return `text` if it fits into a snapshot's user data. Raises UsageError."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise UsageError("user data is not valid UTF-8") from None
    if size > MAX_USER_DATA_BYTES:
        raise UsageError(f"user data is longer than {MAX_USER_DATA_BYTES} bytes")
    return text


def check_header(text: str) -> tuple[str, str]:
    """Return the name and value of a `--header`. Raises UsageError for a header that could do harm."""
    found = _HEADER.fullmatch(text)
    if not found:
        raise UsageError("--header must be 'NAME: VALUE', on one line")
    if found[1].lower() in _OWN_HEADERS:
        raise UsageError(f"--header cannot set {found[1]}; facesnap sets it")
    return found[1], found[2].strip()
