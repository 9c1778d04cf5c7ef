"""Decide when two things are the same: accounts of the service, objects, and items of a plan.

The answer is same, different or unknown. Whoever reuses, skips, counts as covered, replaces or deletes needs *same*.
Whoever protects (a source from deletion, a take from being sent twice, a quota) acts on *unknown* as on *same*.
Facts are compared as they are stored; there is no key that changes when another fact is learned.
"""

from __future__ import annotations

import enum
import re
from typing import NamedTuple

from facesnap_cli.common.patterns import pattern
from facesnap_cli.common.secret import Secret

# One resource has one such host, and no other resource has it.
_CUSTOM_SUBDOMAIN = pattern(r"https://[a-z0-9][a-z0-9-]*\.cognitiveservices\.azure\.(com|us|cn)", re.IGNORECASE)
_REGIONAL = pattern(r"https://[a-z0-9]+\.api\.cognitive\.(microsoft\.com|azure\.cn|microsoft\.us)", re.IGNORECASE)


class Sameness(enum.Enum):
    """Whether two things are one."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"

    @property
    def is_certain(self) -> bool:
        """Whether they are certainly one, which reusing, replacing and deleting need."""
        return self is Sameness.SAME

    @property
    def is_possible(self) -> bool:
        """Whether they may be one, which is enough to protect."""
        return self is not Sameness.DIFFERENT

    def __and__(self, other: Sameness) -> Sameness:
        """Return the sameness of two pairs taken together: one difference is enough."""
        pair = (self, other)
        if Sameness.DIFFERENT in pair:
            return Sameness.DIFFERENT
        return Sameness.UNKNOWN if Sameness.UNKNOWN in pair else Sameness.SAME


class Resource(NamedTuple):
    """Known facts about one Azure Face account.

    `profile` is the profile that names its endpoint and key. Without one, `key_digest` is the digest of its key.
    `account` is its ARM path (`/subscriptions/GUID/resourceGroups/…/accounts/NAME`), which only its own snapshots show.
    """

    endpoint: str
    profile: str | None = None
    subscription_id: str | None = None
    account: str | None = None
    key_digest: str | None = None

    @property
    def shared_name(self) -> str:
        """A name that all processes of this machine have for the resource; of several resources it may be the same."""
        if has_own_host(self.endpoint):
            return self.endpoint.lower()
        return f"{self.endpoint.lower()} {self.key_digest or self.subscription_id or ''}".rstrip()

    def compare(self, other: Resource) -> Sameness:
        """Return whether both are the same Azure Face account.

        ARM paths decide if both are known. A custom-subdomain host names one resource by itself. At the same shared
        host (a regional endpoint, a proxy) the subscription tells two apart, and one profile or one key makes them the
        same. Two keys may be one resource's: it has two, and they are rotated.
        """
        if self.account and other.account:
            return _same(self.account, other.account)
        if self._subscription and other._subscription and self._subscription != other._subscription:
            return Sameness.DIFFERENT
        if has_own_host(self.endpoint) and has_own_host(other.endpoint):
            return _same(self.endpoint, other.endpoint)
        if self.endpoint.lower() != other.endpoint.lower():
            both_regional = _REGIONAL.fullmatch(self.endpoint) and _REGIONAL.fullmatch(other.endpoint)
            return Sameness.DIFFERENT if both_regional else Sameness.UNKNOWN
        named_by, other_named_by = (self.profile, self.key_digest), (other.profile, other.key_digest)
        return Sameness.SAME if named_by == other_named_by != (None, None) else Sameness.UNKNOWN

    def compare_subscription(self, other: Resource) -> Sameness:
        """Return whether both accounts belong to one subscription, whose quota they then share."""
        if self._subscription and other._subscription:
            return Sameness.SAME if self._subscription == other._subscription else Sameness.DIFFERENT
        return Sameness.SAME if self.compare(other).is_certain else Sameness.UNKNOWN

    @property
    def is_named(self) -> bool:
        """Whether its profile, its key or its host tells it from every other account."""
        return self._replace(account=None).compare(self).is_certain

    @property
    def _subscription(self) -> str | None:
        """The subscription's id in lower case, from the ARM path if that is known."""
        if self.account:
            return subscription_of(self.account) or (self.subscription_id or "").lower() or None
        return self.subscription_id.lower() if self.subscription_id else None


class ObjectIdentity(NamedTuple):
    """A group or list of one account. `object_type` is the wire's word (`PersonGroup`)."""

    resource: Resource
    object_type: str
    object_id: str

    def __str__(self) -> str:
        resource = self.resource
        by = (
            f"profile {resource.profile}"
            if resource.profile
            else "whose key came from the environment"
            if resource.key_digest
            else ""
        )
        return f"{self.object_type} {self.object_id} at {resource.endpoint}" + (f" ({by})" if by else "")

    def compare(self, other: ObjectIdentity) -> Sameness:
        """Return whether both are the same object: its account, its type and its id."""
        if (self.object_type, self.object_id) != (other.object_type, other.object_id):
            return Sameness.DIFFERENT
        return self.resource.compare(other.resource)


def has_own_host(endpoint: str) -> bool:
    """Return whether an endpoint's host is a custom subdomain, which only one account has."""
    return _CUSTOM_SUBDOMAIN.fullmatch(endpoint) is not None


def digest_of_key(key: Secret, endpoint: str) -> str:
    """Return the digest by which a key is recognized at a shared host. It reveals neither the key nor other hosts."""
    import hmac

    text = f"facesnap resource\n{endpoint.lower()}"
    return hmac.digest(key.reveal().strip().encode(), text.encode(), "sha256").hex()[:16]


def subscription_of(account: str) -> str | None:
    """Return the subscription's id in an ARM path, in lower case; None if the path does not start with one."""
    parts = account.lower().strip("/").split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "subscriptions" else None


def _same(one: str, other: str) -> Sameness:
    return Sameness.SAME if one.lower().rstrip("/") == other.lower().rstrip("/") else Sameness.DIFFERENT
