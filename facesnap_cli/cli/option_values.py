"""Parse the values of options and arguments that several commands share. Each raises UsageError for a wrong value."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from facesnap_cli.common.errors import Unknown, UsageError
from facesnap_cli.common.escape import harmless, shown
from facesnap_cli.config.paths import user_path
from facesnap_cli.models.ids import SHORTEST_PREFIX, is_guid
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.validation import MAX_USER_DATA_BYTES, check_user_data, parse_object_type
from facesnap_cli.operations.parameters import VerifyLevel

if TYPE_CHECKING:
    from facesnap_cli.archives.images.sources import ImageSource

_ID_ALPHABET = frozenset("0123456789abcdefABCDEF-")


def snapshot_reference(text: str) -> str:
    """Return what names a snapshot, in lower case: its id, a beginning of its id, or `latest`."""
    lower = text.strip().lower()
    if lower == "latest" or is_guid(lower):
        return lower
    if SHORTEST_PREFIX <= len(lower) < 36 and _ID_ALPHABET.issuperset(lower):
        return lower
    raise UsageError(
        f"{shown(text)} cannot be a snapshot",
        hint=f"give its id, {SHORTEST_PREFIX} or more characters of its beginning, or latest",
        unknown=Unknown("snapshot", text.strip()),
    )


def type_filter(text: str | None) -> ObjectType | None:
    """Return the object type of a `--type` that narrows a search; None without one."""
    return parse_object_type(text) if text else None


def read_user_data(given: str | None) -> str | None:
    """Return the text of a `--user-data`, which may be in a file (`@FILE`) or on stdin (`-`)."""
    if given is None:
        return None
    if given == "-":
        try:
            return check_user_data(sys.stdin.read(MAX_USER_DATA_BYTES + 1).removeprefix("\ufeff"))
        except UnicodeDecodeError as error:
            raise UsageError("--user-data -: not UTF-8") from error
    if given.startswith("@"):
        try:
            with user_path(given[1:]).open(encoding="utf-8-sig", newline="") as file:
                return check_user_data(file.read(MAX_USER_DATA_BYTES + 1))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise UsageError(f"--user-data {harmless(given)[:200]}: {reason}") from error
    return check_user_data(given)


def verify_level(text: str, *, wait: bool = True) -> VerifyLevel:
    """Return the level of a `--verify`, which cannot go with `--no-wait`."""
    for level in VerifyLevel:
        if level.value == text.lower():
            if level is not VerifyLevel.NONE and not wait:
                raise UsageError("--verify needs the end of the apply; it does not go with --no-wait")
            return level
    raise UsageError(f"--verify {harmless(text)[:40]}: one of {', '.join(VerifyLevel)}")


def image_source_of(path: Path) -> ImageSource:
    """Return the original images of an `--images`: a directory or a manifest."""
    from facesnap_cli.archives.images.sources import image_source

    try:
        return image_source(path)
    except UsageError as error:
        raise UsageError(f"--images {error.message}", hint=error.hint, also=error.also, details=error.details) from None
