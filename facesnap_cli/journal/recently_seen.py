"""Keep the snapshots and objects that a profile saw lately, for TAB, which must not ask the service."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.common.files import make_private_directory
from facesnap_cli.common.time_format import format_time, parse_time
from facesnap_cli.models.identity import Resource
from facesnap_cli.models.snapshots import Snapshot

KEPT = timedelta(hours=1)
OBJECTS_KEPT = timedelta(days=7)
_UNREADABLE = (OSError, OverflowError, ValueError, TypeError, KeyError, AttributeError, FacesnapError)


class Listing(NamedTuple):
    """The snapshots that an account showed, and when it last listed all of them.

    `ahead` is how far the service's clock was ahead of this machine's.
    """

    snapshots: Sequence[Snapshot] = ()
    listed_time: datetime | None = None
    ahead: timedelta = timedelta()


class _SeenFile:
    """One account's file (mode 0600) in the state directory. It is a cache: every error is ignored."""

    _suffix = ".json"

    def __init__(self, directory: Path, account: Resource):
        from urllib.parse import quote

        name = quote(account.profile or f"{account.endpoint} {account.key_digest or ''}", safe="")
        self._path = directory / "seen" / f"{name}{self._suffix}"

    def _save(self, stored: Mapping[str, object]) -> None:
        beside = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with contextlib.suppress(OSError):
            make_private_directory(self._path.parent, inside=self._path.parent.parent)
            with open(beside, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                json.dump(stored, file)
            os.replace(beside, self._path)


class RecentSnapshots(_SeenFile):
    """The snapshots that an account showed."""

    def read(self, now: datetime) -> Listing:
        """Return the snapshots seen within the hour that have not expired, newest first."""
        try:
            stored = json.loads(self._path.read_bytes())
            saved, listed = parse_time(stored["savedTime"]), parse_time(stored["listedTime"])
            found = [_snapshot(entry) for entry in stored["snapshots"]]
            ahead = timedelta(seconds=stored.get("aheadSeconds", 0.0))
        except _UNREADABLE:
            return Listing()
        if saved is None or abs(now - saved) >= KEPT:
            return Listing()
        alive = [snapshot for snapshot in found if snapshot.expires_time and snapshot.expires_time - now > ahead]
        newest_first = sorted(alive, key=lambda snapshot: format_time(snapshot.created_time) or "", reverse=True)
        return Listing(newest_first, listed, ahead)

    def add(
        self,
        snapshots: Iterable[Snapshot],
        now: datetime,
        *,
        ahead: timedelta | None = None,
        are_all: bool = False,
    ) -> None:
        """Add snapshots to the known ones; with `are_all` replace them. `ahead` is as in a Listing."""
        known = Listing([], now) if are_all else self.read(now)
        known = known if ahead is None else known._replace(ahead=ahead)
        found = {snapshot.id: snapshot for snapshot in [*known.snapshots, *snapshots]}
        self._write(known._replace(snapshots=list(found.values())), now)

    def remove(self, snapshots: Iterable[Snapshot], now: datetime) -> None:
        """Forget deleted snapshots."""
        gone, known = {snapshot.id for snapshot in snapshots}, self.read(now)
        self._write(
            known._replace(snapshots=[snapshot for snapshot in known.snapshots if snapshot.id not in gone]), now
        )

    def _write(self, seen: Listing, now: datetime) -> None:
        self._save(
            {
                "savedTime": format_time(now),
                "listedTime": format_time(seen.listed_time),
                "aheadSeconds": seen.ahead.total_seconds(),
                "snapshots": [_stored(snapshot) for snapshot in seen.snapshots],
            }
        )


class RecentObjects(_SeenFile):
    """The type, id and name of each object that an account showed."""

    _suffix = ".objects.json"

    def read(self, now: datetime) -> list[tuple[str, str, str | None]]:
        """Return the objects that were listed within a week."""
        try:
            stored = json.loads(self._path.read_bytes())
            saved = parse_time(stored["savedTime"])
            found = [(str(object_type), str(object_id), name) for object_type, object_id, name in stored["objects"]]
        except _UNREADABLE:
            return []
        return found if saved and abs(now - saved) < OBJECTS_KEPT else []

    def replace(self, types: Iterable[str], found: Iterable[tuple[str, str, str | None]], now: datetime) -> None:
        """Remember all objects of some types in the place of those known before."""
        others = [each for each in self.read(now) if each[0] not in types]
        self._save({"savedTime": format_time(now), "objects": [*found, *others]})


def _stored(snapshot: Snapshot) -> dict[str, object]:
    document = snapshot.document()
    return {name: document[name] for name in ("id", "type", "applyScope", "createdTime", "objectId")}


def _snapshot(entry: dict[str, str | None]) -> Snapshot:
    return Snapshot.from_wire(entry)._replace(object_id=entry["objectId"])
