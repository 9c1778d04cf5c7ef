"""The snapshots that a profile has seen within the hour, kept for TAB: it must not ask the service."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.models.snapshots import Snapshot

KEPT = timedelta(hours=1)


class Seen(NamedTuple):
    """What a profile has seen, and when it has last seen all that there was."""

    snapshots: Sequence[Snapshot] = ()
    listed_time: datetime | None = None


class SeenSnapshots:
    """One profile's file (mode 0600) in the state directory. Losing it costs nothing, so nothing here fails."""

    def __init__(self, directory: Path, profile: str | None):
        from urllib.parse import quote

        self._path = directory / "seen" / f"{quote(profile, safe='') if profile else ''}.json"

    def read(self, now: datetime) -> Seen:
        """Return what was seen within the hour and has not expired, newest first; nothing where there is no file."""
        try:
            stored = json.loads(self._path.read_bytes())
            saved, listed = parse_time(stored["savedTime"]), parse_time(stored["listedTime"])
            found = [_snapshot(entry) for entry in stored["snapshots"]]
        except (OSError, ValueError, TypeError, KeyError, AttributeError, FacesnapError):
            return Seen()
        if saved is None or abs(now - saved) >= KEPT:
            return Seen()
        alive = [one for one in found if one.expires_time is not None and one.expires_time > now]
        return Seen(sorted(alive, key=lambda one: format_time(one.created_time) or "", reverse=True), listed)

    def add(self, snapshots: Iterable[Snapshot], now: datetime, *, are_all: bool = False) -> None:
        """Keep snapshots beside those known; `are_all` in place of them."""
        known = Seen([], now) if are_all else self.read(now)
        found = {one.id: one for one in [*known.snapshots, *snapshots]}
        self._write(known._replace(snapshots=list(found.values())), now)

    def remove(self, snapshots: Iterable[Snapshot], now: datetime) -> None:
        """Forget snapshots that are no more."""
        gone, known = {one.id for one in snapshots}, self.read(now)
        self._write(known._replace(snapshots=[one for one in known.snapshots if one.id not in gone]), now)

    def _write(self, seen: Seen, now: datetime) -> None:
        stored = {
            "savedTime": format_time(now),
            "listedTime": format_time(seen.listed_time),
            "snapshots": [_stored(one) for one in seen.snapshots],
        }
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            make_private_directory(self._path.parent, inside=self._path.parent.parent)
            with open(beside, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                json.dump(stored, file)
            os.replace(beside, self._path)


def _stored(snapshot: Snapshot) -> dict[str, object]:
    document = snapshot.document()
    return {name: document[name] for name in ("id", "type", "createdTime", "objectId")}


def _snapshot(entry: dict[str, str | None]) -> Snapshot:
    return Snapshot.from_wire(entry)._replace(object_id=entry["objectId"])
