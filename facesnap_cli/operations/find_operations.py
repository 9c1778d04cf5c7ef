"""Find operations by what a user calls them."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from facesnap_cli.common.errors import FacesnapError, NotFoundError, Unknown
from facesnap_cli.common.hints import Hint, command
from facesnap_cli.journal.known_ids import it_is
from facesnap_cli.models.ids import is_guid
from facesnap_cli.models.operations import Operation, OperationKind

if TYPE_CHECKING:
    from facesnap_cli.operations.dependencies import Dependencies


def find_operation(dependencies: Dependencies, reference: str) -> Operation:
    """Return the operation of this id or intent, or the only one whose id or intent begins so.

    The service is asked for an id that the journal does not know, and its operation is added to the journal. Raises
    NotFoundError if neither knows it.
    """
    if not is_guid(reference):
        return find_known_operation(dependencies, reference)
    if known := dependencies.journal.find(reference):
        return known
    account = dependencies.accounts.chosen
    try:
        response = account.snapshots.operation(reference)
    except NotFoundError as error:
        error.unknown = Unknown("operation", reference)
        error.hint = error.hint or Hint("check --profile: it may be another account's operation")
        with suppress(FacesnapError):
            snapshot = account.snapshots.get(reference)
            what = f"a snapshot of {snapshot.type} {snapshot.object_id or '(object not known)'}"
            error.hint = it_is(what, "operation", command("show", snapshot.id))
        raise
    now = dependencies.clock.now()
    found = Operation.intended(
        OperationKind.TAKE,
        profile=account.profile,
        endpoint=account.endpoint,
        subscription_id=account.subscription_id,
        key_digest=account.resource.key_digest,
        object_type="",
        object_id="",
        owner="",
        now=now,
    )
    created = response.created_time and account.service_clock.to_local(response.created_time)
    return dependencies.journal.add_found(found.submitted(reference.lower(), created or now).polled(response, now))


def find_known_operation(dependencies: Dependencies, reference: str) -> Operation:
    """Return the operation that the journal knows by this reference. Raises NotFoundError if it knows none."""
    known = dependencies.journal.find(reference)
    if known is None:
        raise NotFoundError(
            f"the journal knows no operation {reference}",
            hint=Hint(command("status", "--all"), " shows those that it knows"),
            unknown=Unknown("operation", reference),
        )
    return known
