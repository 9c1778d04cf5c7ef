"""Serve the seven snapshot operations."""

from __future__ import annotations

from starlette.responses import Response

from facesnap_cli.emulator.container_kinds import KINDS, Kind
from facesnap_cli.emulator.ids import guid, guid_text, is_object_id
from facesnap_cli.emulator.protocol import decode, encode
from facesnap_cli.emulator.protocol.service_errors import bad_argument, operation_not_found
from facesnap_cli.emulator.routes.endpoint import Call, Endpoint, names, never


def _take(call: Call) -> Response:
    kind = _kind(decode.text(call.body, "type"))
    if kind is None:
        raise bad_argument("'type' is invalid.")
    apply_scope = _apply_scope(call)
    if apply_scope is None:
        raise bad_argument("'applyScope' is empty.")
    operation = call.store.snapshots.take(
        call.account,
        call.tier,
        kind=kind,
        object_id=_object_id(call),
        apply_scope=apply_scope,
        user_data=decode.user_data(call.body),
        planned_failure=call.planned_failure,
    )
    return encode.accepted(call.dialect.location_header, f"/operations/{guid_text(operation)}")


def _list(call: Call) -> Response:
    kind = None
    if call.query.get("type"):
        kind = _kind(call.query["type"])
        if kind is None:
            raise bad_argument("'type' is invalid.")
    scope = [entry for entry in call.query.get("applyScope", "").split(",") if entry]
    if not all(guid(entry) for entry in scope):
        raise bad_argument("'applyScope' is invalid.")
    found = call.store.snapshots.list(call.account, kind, scope)
    return encode.json_response([encode.snapshot(snapshot, call.dialect) for snapshot in found])


def _get(call: Call) -> Response:
    return encode.json_response(
        encode.snapshot(call.store.snapshots.get(call.account, _snapshot_id(call)), call.dialect)
    )


def _update(call: Call) -> Response:
    call.store.snapshots.update(
        call.account,
        _snapshot_id(call),
        apply_scope=_apply_scope(call),
        user_data=decode.user_data(call.body),
    )
    return encode.empty_response()


def _delete(call: Call) -> Response:
    call.store.snapshots.delete(call.account, _snapshot_id(call))
    return encode.empty_response()


def _apply(call: Call) -> Response:
    if decode.text(call.body, "mode") not in (None, "CreateNew"):
        raise bad_argument("'mode' is invalid.")
    operation = call.store.snapshots.apply(
        call.account,
        call.tier,
        _snapshot_id(call),
        object_id=_object_id(call),
        planned_failure=call.planned_failure,
        existing_fails_later=call.existing_fails_later,
    )
    return encode.accepted(call.dialect.location_header, f"/operations/{guid_text(operation)}")


def _status(call: Call) -> Response:
    operation_id = guid(call.params["operationId"])
    if operation_id is None:
        raise operation_not_found()
    operation = call.store.operations.get(call.account.name, operation_id)
    return encode.json_response(call.dialect.operation(operation))


def _kind(name: str | None) -> Kind | None:
    return KINDS.get(name or "")


def _object_id(call: Call) -> str:
    object_id = decode.text(call.body, "objectId")
    if object_id is None or not is_object_id(object_id):
        raise bad_argument("'objectId' is invalid.")
    return object_id


def _snapshot_id(call: Call) -> str:
    return call.params["snapshotId"]


def _apply_scope(call: Call) -> list[str] | None:
    """Return the subscription ids in the body, or None if it has no `applyScope`."""
    scope = call.body.get("applyScope")
    if scope is None:
        return None
    if not isinstance(scope, list) or not scope:
        raise bad_argument("'applyScope' is empty.")
    if not all(isinstance(entry, str) and guid(entry) for entry in scope):
        raise bad_argument("'applyScope' is invalid.")
    if len({guid(entry) for entry in scope}) < len(scope):
        raise bad_argument("'applyScope' has the same subscription more than once.")
    return scope


SNAPSHOT_ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/operations/{operationId}", _status, snapshot=True, needs_approval=never),
    Endpoint(
        "POST",
        "/snapshots",
        _take,
        takes="json",
        members=names("type", "objectId", "applyScope", "userData"),
        snapshot=True,
    ),
    Endpoint("GET", "/snapshots", _list, query=names("type", "applyScope"), snapshot=True, needs_approval=never),
    Endpoint("GET", "/snapshots/{snapshotId}", _get, snapshot=True, needs_approval=never),
    Endpoint(
        "PATCH",
        "/snapshots/{snapshotId}",
        _update,
        takes="json",
        members=names("applyScope", "userData"),
        snapshot=True,
        needs_approval=never,
    ),
    Endpoint("DELETE", "/snapshots/{snapshotId}", _delete, snapshot=True, needs_approval=never),
    Endpoint(
        "POST",
        "/snapshots/{snapshotId}/apply",
        _apply,
        takes="json",
        members=names("objectId", "mode"),
        snapshot=True,
    ),
)
