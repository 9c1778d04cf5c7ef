"""Validated parameters of a copy: its source, what to take, and where the copies go."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from facesnap_cli.backups.templates import Template
from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.models.objects import ObjectType
from facesnap_cli.models.validation import check_object_id
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.parameters import TakeParameters, VerifyLevel

if TYPE_CHECKING:
    from facesnap_cli.face_api.account import Account


@dataclass(frozen=True, slots=True)
class TargetName:
    """A target as it is written: `PROFILE` or `PROFILE:OBJECT_ID`, and the id may be a template."""

    profile: str
    template: Template | None

    @property
    def text(self) -> str:
        """The target as it is written."""
        return f"{self.profile}:{self.template.text}" if self.template else self.profile

    @classmethod
    def parse(cls, text: str, name: str = "") -> TargetName:
        """Read a target. `name` replaces `{name}`. Raises UsageError."""
        profile, colon, object_id = text.strip().partition(":")
        if not profile or (colon and not object_id):
            raise UsageError(f"{harmless(text)!r} is not a target", hint="write PROFILE or PROFILE:OBJECT_ID")
        return cls(profile, Template(object_id, name) if colon else None)


@dataclass(frozen=True, slots=True)
class CopyTarget:
    """A target of a copy: an account, and the template of the object's id there."""

    account: Account
    template: Template

    @property
    def label(self) -> str:
        """The target as a plan writes it, the same on every day."""
        return f"{self.account.profile}:{self.template.text}" if self.account.profile else self.template.text


@dataclass(frozen=True, slots=True)
class CopyParameters:
    """Validated parameters of a copy. A finished copy or snapshot up to `take.max_age_s` old is not made again."""

    source: Account
    take: TakeParameters
    targets: tuple[CopyTarget, ...]
    verify: VerifyLevel = VerifyLevel.QUICK
    keep_snapshot: bool = False
    plan: Path | None = None

    def key_of(self, target: CopyTarget) -> str:
        """A hash of the source and one target, under which the steps of its copies are recorded.

        A plan's differs from that of a copy made by hand, which never becomes the plan's to delete.
        """
        template = target.template.text.replace("{name}", target.template.name)
        maker = [] if self.plan else ["by hand"]
        facts = [self._source_key, [target.account.profile, target.account.endpoint, template, *maker]]
        keys = [account.resource.key_digest for account in (self.source, target.account)]
        return _hash([*facts, keys] if any(keys) else facts)

    @property
    def former_key(self) -> str:
        """The hash of the source and all targets under which earlier versions recorded the steps of a copy."""
        targets = [
            [target.account.profile, target.account.endpoint, target.template.text, target.template.name]
            for target in self.targets
        ]
        return _hash([self._source_key, targets])

    @property
    def _source_key(self) -> list[str | None]:
        return [self.source.profile, self.source.endpoint, self.take.object_type, self.take.object_id]


def _hash(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def copy_between(
    dependencies: Dependencies,
    source: Account,
    object_type: ObjectType,
    object_id: str,
    names: Sequence[TargetName],
    *,
    verify: VerifyLevel,
    keep_snapshot: bool,
    max_age_s: float | None,
    plan: Path | None = None,
) -> CopyParameters:
    """Return the parameters of a copy of an object to targets. Raises UsageError if it cannot succeed."""
    now = dependencies.clock.now()
    targets = [
        CopyTarget(dependencies.accounts.usable(name.profile), name.template or Template(object_id)) for name in names
    ]
    seen: list[tuple[CopyTarget, str]] = []
    for target in targets:
        made = check_object_id(target.template.render(now), what="object id of a target")
        resource = target.account.resource
        place = f"{target.account.profile}:{made}"
        if any(made == name and resource.compare(other.account.resource).is_certain for other, name in seen):
            raise UsageError(f"{place} is a target twice")
        if made == object_id and resource.compare(source.resource).is_certain:
            raise UsageError(f"{place} is the source; an apply only creates new objects")
        seen.append((target, made))
    take = TakeParameters(object_type, object_id, _scope(source, targets), max_age_s=max_age_s)
    return CopyParameters(source, take, tuple(targets), verify, keep_snapshot, plan)


def _scope(source: Account, targets: Sequence[CopyTarget]) -> tuple[str, ...]:
    """Return the apply scope: the targets' subscriptions, and if one is unknown the source's configured scope."""
    known = {target.account.subscription_id.lower() for target in targets if target.account.subscription_id}
    nameless = [target.account.profile for target in targets if not target.account.subscription_id]
    configured: tuple[str, ...] = source.settings.apply_scope
    if nameless and not configured:
        raise UsageError(
            f"the subscription id of profile {nameless[0]} is not known, and who may apply must be said",
            hint=f"set subscription_id in profile {nameless[0]}, or apply_scope in profile {source.profile}",
        )
    return tuple(sorted(known | ({entry.lower() for entry in configured} if nameless else set())))
