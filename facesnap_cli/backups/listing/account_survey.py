"""Ask each account once for its objects, and the journal once for its records, however many backups are listed."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.backup_records import backups_of
from facesnap_cli.journal.store import Journal
from facesnap_cli.models.backups import BackupRecord
from facesnap_cli.models.identity import Resource
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.operations import Operation


class AccountSurvey:
    """A view of accounts and the journal at one moment. Safe for several threads."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._names: dict[tuple[int, ObjectType], list[str] | FacesnapError] = {}
        self._records: dict[str, list[BackupRecord]] = {}
        self._newest: dict[tuple[Resource, str], dict[str, BackupRecord]] = {}
        self._applies: dict[tuple[int, str], list[Operation]] = {}
        self._lock = threading.RLock()

    def names(self, account: Account, kind: ObjectType) -> Sequence[str]:
        """Return the ids of an account's objects of a type. Raises what the request raised, which is sent once."""
        with self._lock:
            key = id(account), kind
            if key not in self._names:
                try:
                    self._names[key] = [found.object_id for found in account.objects.list(kind)]
                except FacesnapError as error:
                    self._names[key] = error
            found = self._names[key]
        if isinstance(found, FacesnapError):
            raise found
        return found

    def records(self, object_type: str) -> list[BackupRecord]:
        """Return the records of all backups of objects of a type."""
        with self._lock:
            if object_type not in self._records:
                self._records[object_type] = backups_of(self._journal, object_type)
            return self._records[object_type]

    def records_in(self, resource: Resource, object_type: str) -> dict[str, BackupRecord]:
        """Return the newest record of each name in an account."""
        with self._lock:
            key = resource, object_type
            if key not in self._newest:
                in_order = sorted(self.records(object_type), key=lambda record: record.made_time)
                self._newest[key] = {
                    record.place: record
                    for record in in_order
                    if record.target_resource and record.target_resource.compare(resource).is_certain
                }
            return self._newest[key]

    def applies(self, account: Account, object_type: str) -> list[Operation]:
        """Return the applies to an account, newest first."""
        with self._lock:
            key = id(account), object_type
            if key not in self._applies:
                self._applies[key] = self._journal.applies_to(account.resource, object_type)
            return self._applies[key]
