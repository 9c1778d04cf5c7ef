"""Hold the result of an import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from facesnap_cli.common.errors import FacesnapError, PartialFailureError


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The result of an import: its JSON form, notes, and an error if the service refused persons or faces."""

    document: dict[str, object]
    notes: Sequence[str]
    failure: FacesnapError | None


def refusal_of(refused: list[dict[str, object]], object_id: str) -> FacesnapError | None:
    """Return the error for what the service refused; None if it refused nothing."""
    if not refused:
        return None
    first = refused[0]
    return PartialFailureError(
        f"{object_id} is built, but the service refused {len(refused)} of its persons and faces; the first:"
        f" {first['kind']} {first['id']}: {first['reason']}",
        hint="`refused` in the output (-o json) lists them all",
        details={"objectId": object_id},
    )
