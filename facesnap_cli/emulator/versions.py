"""Define the versions of the interface: the first part of a path after `/face`."""

from __future__ import annotations

from typing import NamedTuple


class Version(NamedTuple):
    """A version. Of its person directory, only the errors of identify are emulated."""

    name: str
    snapshots: bool
    person_directory: bool


VERSIONS = {
    version.name: version
    for version in (
        Version("v1.0", snapshots=True, person_directory=False),
        Version("v1.0-preview", snapshots=True, person_directory=False),
        Version("v1.1-preview.1", snapshots=False, person_directory=True),
        Version("v1.2-preview.1", snapshots=False, person_directory=True),
        Version("v1.2", snapshots=False, person_directory=False),
        Version("v1.3-preview.1", snapshots=False, person_directory=True),
    )
}


def any_version(name: str) -> Version:
    """Return a version that `--loose` accepts though nobody knows it: it has everything."""
    return Version(name, snapshots=True, person_directory=True)
