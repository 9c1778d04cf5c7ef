"""Describe the Azure Face account that settings lead to."""

from __future__ import annotations

from facesnap_cli.config.settings import Settings, Source
from facesnap_cli.models.identity import Resource, digest_of_key, has_own_host

_REPLACING = (Source.OPTION, Source.ENVIRONMENT)


def resource_of(settings: Settings) -> Resource:
    """Return what the settings tell of their account, without asking a command or a keyring for its key.

    A profile names the account only if it gives both the endpoint and the key. If the environment or an option gives
    one of them, the same profile may lead elsewhere tomorrow, so the key itself has to be recognized.
    """
    endpoint, subscription_id = settings.endpoint or "", settings.subscription_id
    if _is_named_by_profile(settings):
        return Resource(endpoint, settings.profile, subscription_id)
    # Without a profile a key comes from FACESNAP_KEY, or is the published one of a built-in profile.
    key = None if has_own_host(endpoint) else settings.key
    return Resource(endpoint, None, subscription_id, key_digest=digest_of_key(key, endpoint) if key else None)


def _is_named_by_profile(settings: Settings) -> bool:
    if settings.profile is None or settings.source_of("key") in _REPLACING:
        return False
    own = Settings(settings.file, settings.profile, {}, {})
    return settings.source_of("endpoint") not in _REPLACING or settings.endpoint == own.endpoint
