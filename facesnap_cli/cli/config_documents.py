"""What `config list` and `config show` tell of the profiles, without telling a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from facesnap_cli.cli.profile_edits import config_file
from facesnap_cli.common.errors import FacesnapError
from facesnap_cli.config.definitions import SETTINGS
from facesnap_cli.config.settings import Settings, choose
from facesnap_cli.face_api.credentials import key_sources_of

if TYPE_CHECKING:
    from facesnap_cli.cli.context import App


def setting_documents(settings: Settings) -> list[dict[str, object]]:
    """Return every setting with its value and source; a key is there as `***`."""
    documents: list[dict[str, object]] = [
        {"name": "profile", "value": settings.profile, "source": settings.describe_choice()}
    ]
    for name, setting in SETTINGS.items():
        value = settings.value_of(name)
        if value is None and name.startswith("key"):
            continue
        documents.append({"name": name, "value": setting.show(value), "source": settings.describe_source(name)})
    return documents


def profile_documents(app: App) -> list[dict[str, object]]:
    """Return what is to be known of each profile, also where the one that is chosen does not exist: that is warned of.

    Raises ConfigurationError where the file is wrong.
    """
    file = config_file(app)
    default = None
    try:
        default = choose(file, profile=app.options.profile, options={}, environment=app.environment).profile
    except FacesnapError as error:
        app.messages.warn(error.message)
    return [_profile(Settings(file, name, {}, {}), default) for name in Settings(file, None, {}, {}).profile_names]


def _profile(one: Settings, default: str | None) -> dict[str, object]:
    sources = ["entra"] if one.auth == "entra" else key_sources_of(one)
    return {
        "name": one.profile,
        "default": one.profile == default,
        "endpoint": one.endpoint,
        "subscriptionId": one.subscription_id,
        "keySource": sources[0] if sources else None,
    }
