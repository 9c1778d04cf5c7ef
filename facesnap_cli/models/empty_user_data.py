"""Distinguish empty user data from none. A service that returns an empty text as absent has not lost anything."""

from __future__ import annotations

from collections.abc import Sequence

from facesnap_cli.common.escape import counted


def is_empty_as_absent(kept: object, found: object) -> bool:
    """Return whether the archive keeps an empty text that the service returns as absent."""
    return kept == "" and found is None


def notes_on_empty_as_absent(number: int) -> Sequence[str]:
    """Return a note on texts that are empty in the archive and absent in the service; none if there are none."""
    if not number:
        return ()
    what = counted(number, "text of user data", "texts of user data")
    return (f'{what}, empty ("") in the archive, absent in the service: it may not tell the two apart',)
