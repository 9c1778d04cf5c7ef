"""Open the file of `--log-file`, after checking that the command neither reads nor writes it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from facesnap_cli import __version__
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import ConfigurationError, FacesnapError, UsageError
from facesnap_cli.config.locations import UnknownHomeError, config_path, state_directory
from facesnap_cli.config.output_checks import check_outputs
from facesnap_cli.config.paths import InputPath, OutputPath, user_path
from facesnap_cli.display.log_file import LogFile
from facesnap_cli.display.messages import Messages


def open_log(app: App, command: str, params: Sequence[Any], values: Mapping[str, Any]) -> None:
    """Write the events of a command to its `--log-file` from now on.

    `values` are those of the command's own parameters. Raises UsageError if the file is one of them.
    """
    log = app.options.log_file
    assert log
    inputs = [*_inputs(params, values), *_remembered_plans(app, values), *_configured(app)]
    check_outputs([*_outputs(values), log], inputs, _state_directory(app))
    app.log = LogFile(log.path, app.clock, Messages().warn)
    app.log.write(f"{command} started (version {__version__})")


def _outputs(values: Mapping[str, Any]) -> list[OutputPath]:
    # Only the log is checked now; the command checks its own outputs when it knows all that it reads.
    return [value._replace(is_required=False) for value in values.values() if isinstance(value, OutputPath)]


def _inputs(params: Sequence[Any], values: Mapping[str, Any]) -> Iterator[InputPath]:
    """Yield the files that the command line names for reading."""
    for param in params:
        value = values.get(param.name)
        name = param.metavar.strip("[].") if param.param_type_name == "argument" else max(param.opts, key=len)
        description = f"the file of {name}, which this command reads"
        if isinstance(value, Path):
            yield InputPath(value, description)
        elif isinstance(value, str) and (value.startswith("@") or "FILE" in (param.metavar or "")):
            with contextlib.suppress(UsageError):
                yield InputPath(user_path(value.removeprefix("@")), description)


def _remembered_plans(app: App, values: Mapping[str, Any]) -> list[InputPath]:
    """Return the plans that ran here, which a command reads if it takes a plan and none is given."""
    from facesnap_cli.journal.run_records import remembered_plans_of

    state = _state_directory(app)
    if state is None or values.get("plan", ...) is not None:
        return []
    return [
        InputPath(Path(path), "a plan that ran here, which this command reads") for path in remembered_plans_of(state)
    ]


def _configured(app: App) -> Sequence[InputPath]:
    """Return the configuration file and the files that it names; the file alone if it is wrong."""
    try:
        return app.settings.named_files()
    except FacesnapError:
        with contextlib.suppress(ConfigurationError):
            return [InputPath(config_path(app.options.config, app.environment), "the configuration file")]
        return ()


def _state_directory(app: App) -> Path | None:
    with contextlib.suppress(UnknownHomeError):
        return state_directory(app.environment)
    return None
