"""Call the service's seven snapshot operations, one method each."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from facesnap_cli.common.errors import (
    CredentialsError,
    FacesnapError,
    FeatureMissingError,
    NotFoundError,
    OutcomeUnknownError,
    UsageError,
)
from facesnap_cli.common.escape import harmless
from facesnap_cli.common.hints import Hint
from facesnap_cli.common.patterns import pattern
from facesnap_cli.face_api.paging import each_once, read_list
from facesnap_cli.models.snapshots import Snapshot
from facesnap_cli.models.wire_values import check_same
from facesnap_cli.network.client import Client, quoted

if TYPE_CHECKING:
    from facesnap_cli.models.objects import ObjectType
    from facesnap_cli.models.operations import OperationResponse
    from facesnap_cli.network.responses import Response

VERSIONS_WITHOUT_SNAPSHOTS = ("v1.2",)
# Matches the whole header: two locations, joined by a comma, are ambiguous.
_OPERATION_LOCATION = pattern(r"(?:[^\s,?#]*/)?operations/([0-9A-Za-z][0-9A-Za-z-]{0,63})/?(?:\?[^\s,]*)?")


class SnapshotApi:
    """The snapshot operations of one account.

    Every method raises FeatureMissingError if the endpoint does not offer snapshots (any more), and UnreachableError
    for a response that cannot be read: a list with a strange element is never shorter.
    """

    def __init__(self, client: Client):
        self._client = client

    def take(
        self, *, object_type: ObjectType, object_id: str, apply_scope: Sequence[str], user_data: str | None
    ) -> str:
        """Start a take and return its operation id.

        Raises OutcomeUnknownError if the service may have started one without returning its id.
        Source: Snapshot - Take.
        """
        body: dict[str, object] = {"type": object_type.value, "objectId": object_id, "applyScope": list(apply_scope)}
        if user_data is not None:
            body["userData"] = user_data
        what = f"take {object_type.value} {object_id}"
        response = self._request("POST", "/snapshots", json=body, what=what)
        return _operation_id(response, what)

    def list(self, *, object_type: ObjectType | None = None, apply_scope: Sequence[str] = ()) -> list[Snapshot]:
        """Return the snapshots that this subscription may see, in the service's order. Source: Snapshot - List."""
        params = {"type": object_type.value if object_type else None, "applyScope": ",".join(apply_scope) or None}
        what = "list snapshots"
        body = self._request("GET", "/snapshots", params=params, what=what).json()
        found = read_list(body, Snapshot.from_wire, what)
        return [*each_once([found], lambda snapshot: snapshot.id, what)]

    def get(self, snapshot_id: str) -> Snapshot:
        """Return one snapshot. Raises NotFoundError if it does not exist (any more). Source: Snapshot - Get."""
        path, what = f"/snapshots/{quoted(snapshot_id)}", f"get snapshot {snapshot_id}"
        snapshot = Snapshot.from_wire(self._request("GET", path, what=what).json())
        check_same(snapshot.id, snapshot_id, what)
        return snapshot

    def update(
        self, snapshot_id: str, *, apply_scope: Sequence[str] | None = None, user_data: str | None = None
    ) -> None:
        """Replace the scope, the user data or both; None leaves it unchanged. Source: Snapshot - Update."""
        body: dict[str, object] = {}
        if apply_scope is not None:
            body["applyScope"] = list(apply_scope)
        if user_data is not None:
            body["userData"] = user_data
        path = f"/snapshots/{quoted(snapshot_id)}"
        self._request("PATCH", path, json=body, what=f"update snapshot {snapshot_id}")

    def delete(self, snapshot_id: str) -> None:
        """Delete a snapshot. Raises NotFoundError if it does not exist. Source: Snapshot - Delete."""
        path = f"/snapshots/{quoted(snapshot_id)}"
        self._request("DELETE", path, what=f"delete snapshot {snapshot_id}")

    def apply(self, snapshot_id: str, *, object_id: str, mode: str = "CreateNew") -> str:
        """Start an apply to this account and return its operation id.

        Raises OutcomeUnknownError if the service may have started one without returning its id.
        Source: Snapshot - Apply.
        """
        path, what = f"/snapshots/{quoted(snapshot_id)}/apply", f"apply snapshot {snapshot_id} to {object_id}"
        response = self._request("POST", path, json={"objectId": object_id, "mode": mode}, what=what)
        return _operation_id(response, what)

    def operation(self, operation_id: str, *, retry: bool = True, within_s: float | None = None) -> OperationResponse:
        """Return the status of an operation, also of a failed one.

        A poll gives `retry` False, because it is repeated anyway, and `within_s`, its time limit.

        Raises NotFoundError if the service does not know the operation. Source: Snapshot - Get Operation Status.
        """
        path, what = f"/operations/{quoted(operation_id)}", f"get operation {operation_id}"
        from facesnap_cli.models.operations import OperationResponse

        response = self._request("GET", path, what=what, retry=retry, within_s=within_s)
        return OperationResponse.from_wire(response.json())

    def probe(self) -> None:
        """Raise FeatureMissingError if the endpoint does not offer snapshots.

        The request is an empty take, which the service refuses before it acts. A POST, because an account without
        approval refuses only that.
        """
        with contextlib.suppress(UsageError):
            self._request("POST", "/snapshots", json={}, what="ask for snapshots", retry=False)

    def _request(self, method: str, path: str, *, what: str, json: object = None, **more: Any) -> Response:
        try:
            return self._client.request(method, path, what=what, json=json, **more)
        except (CredentialsError, NotFoundError) as error:
            if _says_enough(error) or (path != "/snapshots" and self._has_collection()):
                raise
            raise self._without_feature(error) from error

    def _without_feature(self, error: FacesnapError) -> FeatureMissingError:
        from facesnap_cli.network.service_errors import feature_missing

        options = self._client.options
        missing = feature_missing(error.message, options.endpoint)
        if options.api_version in VERSIONS_WITHOUT_SNAPSHOTS:
            why = f"{options.api_version} never had snapshots: api_version v1.0 may"
            missing.hint = Hint.joined((why, missing.hint))
        return missing

    def _has_collection(self) -> bool:
        """Return whether the snapshot collection exists: a 404 can mean one snapshot or the whole feature."""
        try:
            self._client.request("GET", "/snapshots", what="list snapshots", retry=False)
        except (NotFoundError, FeatureMissingError):
            return False
        except FacesnapError:
            return True
        return True


def _says_enough(error: FacesnapError) -> bool:
    """Return whether an error is about this request alone: only the collection shows whether the feature is there."""
    if isinstance(error, CredentialsError):
        return error.code != "UnsupportedFeature"
    return error.code.endswith(("NotFound", "NotTrained")) and error.code != NotFoundError.default_code


def _operation_id(response: Response, what: str) -> str:
    """Return the id in a response's Operation-Location; nothing else of the header is trusted."""
    location = response.headers.get("operation-location", "")
    found = _OPERATION_LOCATION.fullmatch(location)
    if response.status != 202 or not found:
        raise OutcomeUnknownError(
            f"{what}: the service answered {response.status} without a usable operation id",
            details={"operationLocation": harmless(location)[:200]},
        )
    return found[1]
