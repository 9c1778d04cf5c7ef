"""Write values as text: as JSON, or as the cells of a table."""

from __future__ import annotations

import json
from typing import Any

from facesnap_cli.common.escape import harmless, harmless_json
from facesnap_cli.common.hints import Command, command_line


def dump(data: Any, indent: int | None = None, *, ascii_only: bool = False) -> str:
    """Return data as JSON, with the characters escaped that control a terminal."""
    return harmless_json(json.dumps(data, indent=indent, ensure_ascii=ascii_only, default=str))


def cell(value: Any) -> str:
    """Return a value as text on one line without tabs."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Command):
        return command_line(value)
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return harmless(",".join(value))
    return harmless(dump(value) if isinstance(value, list | dict) else str(value))


def cells(item: Any) -> list[str]:
    """Return the values of an object or array, or a single value, as cells."""
    values = item.values() if isinstance(item, dict) else item if isinstance(item, list) else [item]
    return [cell(value) for value in values]
