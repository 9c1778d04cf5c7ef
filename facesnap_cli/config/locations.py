"""Find the configuration file and the directory of the journal."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from facesnap_cli.common.errors import ConfigurationError
from facesnap_cli.common.escape import harmless


def config_path(option: str | None, environment: Mapping[str, str]) -> Path:
    """Return the configuration file's path: `--config`, `FACESNAP_CONFIG`, or the user's configuration directory."""
    chosen = option or environment.get("FACESNAP_CONFIG")
    if chosen:
        return _expanded(chosen, "--config" if option else "FACESNAP_CONFIG")
    return _own_directory("user_config_dir", "FACESNAP_CONFIG") / "config.toml"


def state_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the directory of the journal: `FACESNAP_STATE_DIR`, or the user's state directory."""
    chosen = environment.get("FACESNAP_STATE_DIR")
    if chosen:
        return _expanded(chosen, "FACESNAP_STATE_DIR")
    return _own_directory("user_state_dir", "FACESNAP_STATE_DIR")


def _expanded(text: str, name: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no such user, or no home
        raise ConfigurationError(f"{name} {harmless(text)}: this home directory is not known") from None


def _own_directory(kind: str, variable: str) -> Path:
    """Return a directory in the user's home. Raises ConfigurationError if the user has none."""
    import platformdirs

    path = ""
    with contextlib.suppress(RuntimeError):
        path = getattr(platformdirs, kind)("facesnap", appauthor=False)
    if not os.path.isabs(path):  # it would start at the current directory, among the files of others
        raise ConfigurationError("this user's home directory is not known", hint=f"set HOME, or {variable}")
    return Path(path)
