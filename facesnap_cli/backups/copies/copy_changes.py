"""Compare a copy with what was recorded of it, so that another object by its name does not count as the copy."""

from __future__ import annotations

from facesnap_cli.face_api.account import Account
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.operations.verify import counted_facts, observe


def flaw_of_copy(account: Account, record: BackupRecord) -> str:
    """Return why the object at a record's place is not the recorded copy (any more), as a predicate; empty if it is.

    Sends a few requests. Raises NotFoundError if nothing is there.
    """
    if record.state is BackupState.DELETED:
        return "has the name of a copy that was deleted"
    kind = ObjectType.from_wire(record.source.object_type)
    recorded = record.facts or counted_facts(kind, record.persons, record.faces)
    found = observe(account, kind, record.place)
    changed = [part for part, value in recorded.items() if found.get(part) != value]
    return f"has changed since it was copied ({', '.join(changed)})" if changed else ""
