"""Suggest the commands that usually come after another one."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from facesnap_cli.common.hints import NO_COMMAND, Command, command

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App


def applying(app: App, snapshot: str, apply_scope: Collection[str]) -> Command:
    """Return the command that applies a snapshot in an account of its scope; empty if no profile leads to one."""
    target = app.accounts.other_profile(apply_scope)
    return command("apply", snapshot, "--profile", target) if target else NO_COMMAND
