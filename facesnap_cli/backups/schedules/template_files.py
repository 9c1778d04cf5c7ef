"""Fill in the files of `templates/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources

from facesnap_cli.common.patterns import pattern

# As in the .in files of configure: neither shell, systemd, YAML nor GitHub's ${{ }} gives @name@ a meaning.
_PLACEHOLDER = pattern("@([a-z_]+)@")


def fill(template: str, **values: str | Sequence[str]) -> list[str]:
    """Return a template's lines with each @name@ replaced by its value.

    A line with the placeholder of a list is repeated for each entry, so an empty list removes the line. Values must be
    quoted for the place where they stand: see quoting.py.
    """
    text = resources.files(__package__).joinpath("templates", template).read_text(encoding="utf-8")
    lines = []
    for line in text.splitlines():
        used = {name: values[name] for name in _PLACEHOLDER.findall(line)}
        entries = next((value for value in used.values() if not isinstance(value, str)), [""])
        for entry in entries:
            lines.append(_filled(line, {name: v if isinstance(v, str) else entry for name, v in used.items()}))
    return lines


def _filled(line: str, values: Mapping[str, str]) -> str:
    # Replaced in one pass: a value that looks like a placeholder stays as it is.
    return _PLACEHOLDER.sub(lambda match: values[match[1]], line)
