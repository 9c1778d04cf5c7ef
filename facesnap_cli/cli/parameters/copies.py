"""From the options of `copy`, or an item of a plan, to a copy that is checked and ready to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from facesnap_cli.backups.copies.copy_parameters import CopyTarget, TargetName, WantedCopy
from facesnap_cli.backups.retention import Template
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.time_format import parse_duration
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.validation import check_object_id
from facesnap_cli.operations.parameters import VerifyLevel, WantedTake

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App
    from facesnap_cli.face_api.account import Account


def wanted_copy(
    app: App, *, source: str | None, targets: Sequence[str], verify: VerifyLevel, keep: bool, max_age: str | None
) -> WantedCopy:
    """Return the copy that options, environment and profile make. Raises UsageError that says what is missing."""
    account = named_account(app, source)
    object_type, object_id = account.settings.type, account.settings.object_id
    account.settings.require(
        "copy", "type", "object_id", also=[] if targets else ["a target (--to PROFILE[:OBJECT_ID])"]
    )
    assert object_type
    assert object_id
    return copy_between(
        app,
        account,
        object_type,
        object_id,
        [TargetName.parse(text, object_id) for text in targets],
        verify=verify,
        keep=keep,
        max_age_s=parse_duration(max_age, option="--max-age") if max_age else None,
    )


def copy_between(
    app: App,
    source: Account,
    object_type: ObjectType,
    object_id: str,
    names: Sequence[TargetName],
    *,
    verify: VerifyLevel,
    keep: bool,
    max_age_s: float | None,
) -> WantedCopy:
    """Return the copy of an object to targets. Raises UsageError for what cannot go well."""
    now = app.clock.now()
    targets = [CopyTarget(named_account(app, name.profile), name.template or Template(object_id)) for name in names]
    seen: set[tuple[str | None, str]] = set()
    for target in targets:
        place = (target.account.profile, check_object_id(target.template.render(now), what="object id of a target"))
        if place in seen:
            raise UsageError(f"{place[0]}:{place[1]} is a target twice")
        if place == (source.profile, object_id) and target.account.endpoint == source.endpoint:
            raise UsageError(f"{place[0]}:{place[1]} is the source; an apply only creates new objects")
        seen.add(place)
    take = WantedTake(object_type, object_id, _scope(source, targets), max_age_s=max_age_s)
    return WantedCopy(source, take, tuple(targets), verify, keep)


def named_account(app: App, profile: str | None) -> Account:
    """Return the account of a profile, or of the chosen one. Raises UsageError where it or its endpoint is missing."""
    account = app.account_named(profile) if profile else app.account
    account.transport  # noqa: B018 (checks the endpoint, and that there is a key)
    return account


def _scope(source: Account, targets: Sequence[CopyTarget]) -> tuple[str, ...]:
    """Return the subscriptions that may apply: the targets', or the source's apply scope where one is not known."""
    known = {one.account.subscription_id.lower() for one in targets if one.account.subscription_id}
    nameless = [one.account.profile for one in targets if not one.account.subscription_id]
    configured = source.settings.apply_scope
    if nameless and not configured:
        raise UsageError(
            f"the subscription id of profile {nameless[0]} is not known, and who may apply must be said",
            hint=f"set subscription_id in profile {nameless[0]}, or apply_scope in profile {source.profile}",
        )
    return tuple(sorted(known | ({entry.lower() for entry in configured} if nameless else set())))
