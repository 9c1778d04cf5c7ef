"""Find the configuration file and the directory of the journal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from facesnap_cli.common.errors import ConfigurationError, UsageError
from facesnap_cli.config.paths import user_path

_ON_LINUX = {"user_config_dir": ("XDG_CONFIG_HOME", ".config"), "user_state_dir": ("XDG_STATE_HOME", ".local/state")}


class UnknownHomeError(ConfigurationError):
    """This user has no home directory, in which facesnap would look for its files."""


def config_path(option: str | None, environment: Mapping[str, str]) -> Path:
    """Return the configuration file's path: `--config`, `FACESNAP_CONFIG`, or the user's configuration directory."""
    chosen = option or environment.get("FACESNAP_CONFIG")
    if chosen:
        return _expanded(chosen, "--config" if option else "FACESNAP_CONFIG")
    return _own_directory("user_config_dir") / "config.toml"


def state_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the directory of the journal: `FACESNAP_STATE_DIR`, or the user's state directory."""
    chosen = environment.get("FACESNAP_STATE_DIR")
    if chosen:
        return _expanded(chosen, "FACESNAP_STATE_DIR")
    return _own_directory("user_state_dir")


def _expanded(text: str, name: str) -> Path:
    try:
        return user_path(text)
    except UsageError as error:
        raise ConfigurationError(f"{name} {error.message}") from None


def _own_directory(kind: str) -> Path:
    """Return a directory in the user's home. Raises UnknownHomeError if the user has none."""
    # The usual case on Linux, without an import that takes as long as all of facesnap's reading of its configuration.
    if sys.platform == "linux" and os.path.isabs(home := os.environ.get("HOME", "")):
        variable, in_home = _ON_LINUX[kind]
        chosen = os.environ.get(variable, "")
        return Path(chosen if os.path.isabs(chosen) else os.path.join(home, in_home)) / "facesnap"
    import platformdirs

    path = ""
    with contextlib.suppress(RuntimeError):
        path = getattr(platformdirs, kind)("facesnap", appauthor=False)
    if not os.path.isabs(path):  # it would start at the current directory, among the files of others
        raise UnknownHomeError(
            "this user's home directory is not known",
            hint="set HOME, or FACESNAP_STATE_DIR and FACESNAP_CONFIG (or FACESNAP_ENDPOINT and FACESNAP_KEY)",
        )
    return Path(path)
