"""Recognize a reference of the wrong kind, such as an operation's id where a command takes a snapshot."""

from __future__ import annotations

from pathlib import Path

from facesnap_cli.common.errors import Unknown
from facesnap_cli.common.hints import Command, Hint, command
from facesnap_cli.journal.read_only import JOURNAL, rows
from facesnap_cli.journal.transfers import transfers_path
from facesnap_cli.models.ids import SHORTEST_PREFIX
from facesnap_cli.models.operations import OPEN_STATES

_BEGINS = f"({{0}} = ?1 OR (length(?1) >= {SHORTEST_PREFIX} AND substr({{0}}, 1, length(?1)) = ?1))"
_OPERATION = f"""
    SELECT coalesce(operation_id, intent), kind, object_type || ' ' || object_id, state, snapshot_id FROM operations
    WHERE {_BEGINS.format("lower(operation_id)")} OR {_BEGINS.format("intent")}
    ORDER BY intended_time DESC LIMIT 1
"""  # noqa: S608 - ours
_SNAPSHOT = f"""
    SELECT snapshot_id, object_type || ' ' || object_id FROM operations
    WHERE {_BEGINS.format("snapshot_id")} ORDER BY kind = 'take' DESC, owner = '' LIMIT 1
"""  # noqa: S608 - ours
_OBJECT = "SELECT object_type FROM operations WHERE object_id = ?1 ORDER BY intended_time DESC LIMIT 1"
_TRANSFER = f"""
    SELECT id, kind || ' of ' || object_type || ' ' || object_id FROM transfers
    WHERE {_BEGINS.format("id")} ORDER BY started_time DESC LIMIT 1
"""  # noqa: S608 - ours


def known_as(state_directory: Path, unknown: Unknown) -> Hint:
    """Return what this machine remembers a reference as, with the commands that take it; empty if as nothing else."""
    key = unknown.reference.lower()
    journal, transfers = state_directory / JOURNAL, transfers_path(state_directory)
    for kind, path, query, described in (
        ("operation", journal, _OPERATION, _operation),
        ("operation", transfers, _TRANSFER, _transfer),
        ("snapshot", journal, _SNAPSHOT, _snapshot),
        ("object", journal, _OBJECT, _object),
    ):
        if kind != unknown.kind and (found := rows(path, query, key)):
            what, usage = described(*found[0])
            return it_is(what, unknown.kind, usage)
    return Hint()


def it_is(what: str, expected: str, usage: Command) -> Hint:
    """Return the hint that a reference is not of the expected kind, with a command that takes it."""
    return Hint(f"this is {what}, not {'an' if expected[0] in 'aio' else 'a'} {expected}: ", usage)


def _operation(operation_id: str, kind: str, what: str, state: str, snapshot_id: str | None) -> tuple[str, Command]:
    if kind == "take" and snapshot_id:
        return f"an operation, the take of {what}", command("show", snapshot_id)
    return f"an operation, the {kind} of {what} ({state})", command(
        "wait" if state in OPEN_STATES else "status", operation_id
    )


def _transfer(transfer_id: str, what: str) -> tuple[str, Command]:
    return f"the {what}", command("status", transfer_id)


def _snapshot(snapshot_id: str, what: str) -> tuple[str, Command]:
    return f"a snapshot of {what}", command("show", snapshot_id)


def _object(object_type: str) -> tuple[str, Command]:
    return f"the id of a {object_type}", command("list", "--type", object_type)
