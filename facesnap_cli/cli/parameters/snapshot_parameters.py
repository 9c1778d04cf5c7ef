"""From options to what is parameters: everything checked before the first request."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless, shown
from facesnap_cli.common.time_format import parse_duration
from facesnap_cli.display.prompts import ask, can_ask, confirm
from facesnap_cli.models.ids import SHORTEST_PREFIX, is_guid
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.snapshots import Snapshot
from facesnap_cli.models.validation import (
    MAX_USER_DATA_BYTES,
    check_apply_scope,
    check_object_id,
    check_user_data,
    parse_object_type,
)
from facesnap_cli.operations.parameters import (
    ApplyParameters,
    ListParameters,
    TakeParameters,
    UpdateParameters,
    VerifyLevel,
)

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App
    from facesnap_cli.operations.verify import Place

_ID_ALPHABET = frozenset("0123456789abcdefABCDEF-")


def take_parameters(app: App, *, user_data: str | None, max_age: str | None, tag: bool, force: bool) -> TakeParameters:
    """Return the take that options, environment and profile make together.

    At a terminal a missing object is asked for. Raises UsageError that says what is missing.
    """
    settings = app.settings
    settings.require_profile()
    object_type, object_id, apply_scope = settings.type, settings.object_id, settings.apply_scope
    max_age_s = parse_duration(max_age, option="--max-age") if max_age else None
    text = read_user_data(user_data)
    if force and max_age_s is not None:
        raise UsageError("--max-age uses a young snapshot again and --force takes another one: give one of them")
    can_choose = object_type and apply_scope and can_ask()
    settings.require("take", "type", *([] if can_choose else ["object_id"]), "apply_scope")
    assert object_type
    if object_id is None:
        object_id = _choose_object(app, object_type)
    return TakeParameters(object_type, object_id, apply_scope, text, tag, max_age_s, force)


def list_parameters(
    *, type: str | None, apply_scope: Sequence[str] | None, expires_within: str | None
) -> ListParameters:
    """Return the filters of a list. Raises UsageError."""
    return ListParameters(
        type_filter(type),
        check_apply_scope(list(apply_scope or ())),
        parse_duration(expires_within, option="--expires-within") if expires_within else None,
    )


def update_parameters(
    *,
    apply_scope: Sequence[str] | None,
    add: Sequence[str] | None,
    remove: Sequence[str] | None,
    user_data: str | None,
) -> UpdateParameters:
    """Return the changes of an update. Raises UsageError where there are none, or two that exclude each other."""
    parameters = UpdateParameters(
        check_apply_scope(list(apply_scope)) if apply_scope else None,
        check_apply_scope(list(add or ()), what="--add-scope"),
        check_apply_scope(list(remove or ()), what="--remove-scope"),
        read_user_data(user_data),
    )
    if parameters.apply_scope is not None and (parameters.add or parameters.remove):
        raise UsageError("--apply-scope replaces the scope; it does not go with --add-scope or --remove-scope")
    both = {entry.lower() for entry in parameters.add} & {entry.lower() for entry in parameters.remove}
    if both:
        raise UsageError(f"{min(both)} is both in --add-scope and in --remove-scope")
    if not (parameters.apply_scope or parameters.add or parameters.remove or parameters.user_data is not None):
        raise UsageError(
            "update needs something to change", hint="--apply-scope, --add-scope, --remove-scope or --user-data"
        )
    return parameters


def target_object_id(app: App, snapshot: Snapshot) -> str:
    """Return the id that an apply creates: the option's, the environment's, the profile's, or the source's."""
    object_id = app.settings.object_id or snapshot.object_id
    if object_id is None:
        raise UsageError(
            "apply needs the id of the object to create (--object-id, FACESNAP_OBJECT_ID, or object_id in the profile)",
            hint="the snapshot does not say which object it was taken from",
        )
    return check_object_id(object_id)


def check_mode(text: str) -> str:
    """Return the apply mode on the wire. Raises UsageError."""
    if text.lower() != "createnew":
        raise UsageError(f"--mode {harmless(text)[:40]}: the service knows CreateNew alone")
    return "CreateNew"


def verify_level(text: str, *, wait: bool = True) -> VerifyLevel:
    """Return the level of a `--verify`. Raises UsageError, also for one that would verify nothing as nobody waits."""
    for level in VerifyLevel:
        if level.value == text.lower():
            if level is not VerifyLevel.NONE and not wait:
                raise UsageError("--verify needs the end of the apply; it does not go with --no-wait")
            return level
    raise UsageError(f"--verify {harmless(text)[:40]}: one of {', '.join(VerifyLevel)}")


def verified_source(app: App, level: VerifyLevel, parameters: ApplyParameters) -> Place | None:
    """Return what a copy of the snapshot is to be compared with. Raises UsageError where that is not known."""
    from facesnap_cli.operations.verify import source_of

    if level is VerifyLevel.NONE:
        return None
    return source_of(app.dependencies, app.account, parameters)


def type_filter(text: str | None) -> ObjectType | None:
    """Return the type of a `--type` that narrows, None without one. Raises UsageError."""
    return parse_object_type(text) if text else None


def reference(text: str) -> str:
    """Return what can name a snapshot, in lower case. Raises UsageError."""
    lower = text.strip().lower()
    if lower == "latest" or is_guid(lower):
        return lower
    if SHORTEST_PREFIX <= len(lower) < 36 and _ID_ALPHABET.issuperset(lower):
        return lower
    raise UsageError(
        f"{shown(text)} cannot be a snapshot",
        hint=f"give its id, {SHORTEST_PREFIX} or more characters of its beginning, or latest",
    )


def read_user_data(given: str | None) -> str | None:
    """Return the text of a `--user-data`: itself, a file's (`@FILE`), or stdin's (`-`). Raises UsageError."""
    if given is None:
        return None
    if given == "-":
        try:
            return check_user_data(sys.stdin.read(MAX_USER_DATA_BYTES + 1).removeprefix("\ufeff"))
        except UnicodeDecodeError as error:
            raise UsageError("--user-data -: not UTF-8") from error
    if given.startswith("@"):
        try:
            with Path(given[1:]).open(encoding="utf-8-sig", newline="") as file:
                return check_user_data(file.read(MAX_USER_DATA_BYTES + 1))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise UsageError(f"--user-data {harmless(given)[:200]}: {reason}") from error
    return check_user_data(given)


def confirm_deletion(app: App, snapshots: Sequence[Snapshot], *, given: bool) -> None:
    """Ask at the terminal whether the snapshots may be deleted, unless consent is `given`. Raises UsageError."""
    confirm(
        f"Delete {'it' if len(snapshots) == 1 else f'these {len(snapshots)} snapshots'}?",
        given=given,
        undone="nothing was deleted",
        reporter=app.messages,
        about=[f"about to delete {one.id}: {one.type} {one.object_id or '(object not known)'}" for one in snapshots],
    )


def _choose_object(app: App, object_type: ObjectType) -> str:
    found = list(app.account.objects.list(object_type))
    if not found:
        raise UsageError(f"this account has no {object_type.value}")
    rows = [f"{number:4}  {harmless(one.object_id)}  {harmless(one.name or '')}" for number, one in enumerate(found, 1)]
    by_answer = {str(number): one.object_id for number, one in enumerate(found, 1)}
    by_answer |= {one.object_id: one.object_id for one in found}  # an id may look like a number
    question = "\n".join([*rows, f"Which {object_type.value}? Its number or id: "])
    while answer := ask(question).strip():
        if answer in by_answer:
            return by_answer[answer]
        question = f"{shown(answer)} is neither a number nor an id of these. Which {object_type.value}? "
    raise UsageError("nothing was chosen, so nothing was taken", hint="--object-id names the object")
