"""Write the map from old to new ids to a file for other programs."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from facesnap_cli.common.errors import OutputError, UsageError
from facesnap_cli.common.files import replaced

COLUMNS = ("kind", "name", "personId", "oldId", "newId", "userData")
SUFFIXES = (".csv", ".json")


def check_id_map(path: Path) -> None:
    """Raise UsageError unless the suffix of a path names a format."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"--id-map {path}: it must end in {' or '.join(SUFFIXES)}")


def write_id_map(path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    """Write the map as CSV with a header or as a JSON array, with mode 0600, completely or not at all.

    Raises OutputError.
    """
    try:
        with replaced(path) as file:
            _write(file, path, rows)
    except OSError as error:
        raise OutputError(f"the id map {path} could not be written: {error.strerror}") from error


def _write(file: IO[str], path: Path, rows: Iterable[Mapping[str, object]]) -> None:
    if path.suffix.lower() == ".csv":
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return
    separator = "[\n"
    for row in rows:
        file.write(separator + json.dumps(dict(row), ensure_ascii=False))
        separator = ",\n"
    file.write("\n]\n" if separator == ",\n" else "[]\n")
