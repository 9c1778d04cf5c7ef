"""From the options of `copy`, or an item of a plan, to a copy that is checked and ready to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from facesnap_cli.backups.copies.copy_parameters import CopyParameters, TargetName, copy_between
from facesnap_cli.common.time_format import parse_duration
from facesnap_cli.operations.parameters import VerifyLevel

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App


def copy_parameters(
    app: App, *, source: str | None, targets: Sequence[str], verify: VerifyLevel, keep: bool, max_age: str | None
) -> CopyParameters:
    """Return the copy that options, environment and profile make. Raises UsageError that says what is missing."""
    account = app.accounts.usable(source)
    object_type, object_id = account.settings.type, account.settings.object_id
    account.settings.require(
        "copy", "type", "object_id", also=[] if targets else ["a target (--to PROFILE[:OBJECT_ID])"]
    )
    assert object_type
    assert object_id
    return copy_between(
        app.dependencies,
        account,
        object_type,
        object_id,
        [TargetName.parse(text, object_id) for text in targets],
        verify=verify,
        keep_snapshot=keep,
        max_age_s=parse_duration(max_age, option="--max-age") if max_age else None,
    )
