"""From a plan and the configuration to what schedulers need to know."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from facesnap_cli.backups.plans.plan import Plan, PlanItem
from facesnap_cli.backups.schedules.frequency import Frequency
from facesnap_cli.backups.schedules.plan_facts import PlanFacts

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App


def scheduled(app: App, plan: Plan, frequency: Frequency) -> PlanFacts:
    """Return what a scheduler needs to know of a plan. Keys are told of the profiles that are configured here."""
    used = {one or app.settings.profile for item in plan.items for one in (item.source, *_profiles(item))}
    profiles = {name: profile for name, profile in sorted(app.settings.file.profiles.items()) if name in used}
    variables = [profile[key] for profile in profiles.values() for key in ("key_env", "key2_env") if key in profile]
    targets = [target for item in plan.items for target in item.targets]
    metrics = plan.metrics if plan.metrics and plan.metrics.is_relative_to(plan.path.parent) else None
    return PlanFacts(
        plan.path,
        shutil.which("facesnap") or "facesnap",
        frequency,
        tuple(dict.fromkeys(variables)),
        app.clock.now(),
        _zone(app.environment),
        archives=tuple(one.template.glob for one in targets if one.profile == "file" and one.template),
        images=tuple(dict.fromkeys(item.images for item in plan.items if item.images)),
        other_paths=(str(metrics.relative_to(plan.path.parent)),) if metrics else (),
        unreachable_keys=tuple(text for name, profile in profiles.items() if (text := _unreachable_key(name, profile))),
    )


def _profiles(item: PlanItem) -> list[str]:
    return [target.profile for target in item.targets]


def _zone(environment: Mapping[str, str]) -> tzinfo | None:
    """Return the time zone that the environment names; None for the system's."""
    try:
        return ZoneInfo(environment["TZ"].removeprefix(":"))
    except (KeyError, ValueError, OSError):
        return None


def _unreachable_key(name: str, profile: Mapping[str, Any]) -> str:
    """Say why a pipeline would not have a profile's key; nothing where it could."""
    where = next((key for key in ("key", "key_file", "key_command", "keyring") if key in profile), None)
    if "key_env" in profile or where is None:
        return ""
    said = "in the file" if where == "key" else f"from {where}, which only this machine has"
    return f"profile {name} has its key {said}; pipelines need key_env"
