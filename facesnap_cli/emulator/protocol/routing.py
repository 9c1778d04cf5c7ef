"""Find the endpoint of a path. Words of a path compare without case; ids keep theirs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from facesnap_cli.emulator.routes import OBJECT_ENDPOINTS, SNAPSHOT_ENDPOINTS, Endpoint
from facesnap_cli.emulator.versions import VERSIONS, Version, any_version

# `str.lower` would also make ASCII letters of other characters: a `k` of the Kelvin sign.
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Match(NamedTuple):
    """The destination of a request. `path` is what follows the version, with its words in lower case.

    Without a known version, `path` is the whole path.
    """

    version: Version | None
    path: str
    params: dict[str, str]
    endpoint: Endpoint | None


@dataclass
class _Node:
    """The endpoints at one path, by method, and the nodes below it: by a word, or by an id that is `id_key`."""

    words: dict[str, _Node] = field(default_factory=dict)
    id_key: str = ""
    below_id: _Node | None = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    def add(self, endpoint: Endpoint) -> None:
        """Add an endpoint below this node, by its template."""
        node = self
        for part in endpoint.path.split("/")[1:]:
            if part.startswith("{"):
                node.id_key = part[1:-1]
                node.below_id = node.below_id or _Node()
                node = node.below_id
            else:
                node = node.words.setdefault(part, _Node())
        node.endpoints[endpoint.method] = endpoint


class Routes:
    """The endpoints of all versions. With `loose`, a version that nobody knows has all of them."""

    def __init__(self, *, loose: bool) -> None:
        self._loose = loose
        self._objects = _tree(OBJECT_ENDPOINTS)
        self._everything = _tree((*SNAPSHOT_ENDPOINTS, *OBJECT_ENDPOINTS))

    def match(self, method: str, raw_path: str) -> Match:
        """Return where a request goes. `raw_path` still has its percent-encoding: an id may contain `%2F`."""
        # The portal shows endpoints with a slash at their end, to which clients add another.
        parts = raw_path.lstrip("/").split("/")
        version = self._version(parts)
        if version is None:
            return Match(None, unquote(raw_path), {}, None)
        node: _Node | None = self._everything if version.snapshots else self._objects
        path, params = "", {}
        for part in parts[2:]:
            word = part.translate(_LOWER)
            if node is not None and word in node.words:
                node, path = node.words[word], f"{path}/{word}"
                continue
            value = unquote(part)
            path += f"/{value}"
            if node is not None and value:
                params[node.id_key] = value
                node = node.below_id
            else:
                node = None
        return Match(version, path, params, None if node is None else node.endpoints.get(method))

    def _version(self, parts: list[str]) -> Version | None:
        if len(parts) < 3 or parts[0].translate(_LOWER) != "face":
            return None
        name = parts[1].translate(_LOWER)
        return VERSIONS.get(name) or (any_version(name) if self._loose and name else None)


def _tree(endpoints: Iterable[Endpoint]) -> _Node:
    root = _Node()
    for endpoint in endpoints:
        root.add(endpoint)
    return root
