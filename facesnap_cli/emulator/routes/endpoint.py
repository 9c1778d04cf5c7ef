"""Define how an endpoint is declared, and the call that it receives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from starlette.responses import Response

from facesnap_cli.emulator.accounts import Account
from facesnap_cli.emulator.limits import Tier
from facesnap_cli.emulator.protocol.dialects import Dialect
from facesnap_cli.emulator.store import Store
from facesnap_cli.emulator.versions import Version


@dataclass(frozen=True)
class Call:
    """A request that is authenticated and decoded. `location` returns the URL of a path below the version.

    A fault can set `planned_failure`, a message, and `existing_fails_later` for the operation that the call starts.
    """

    store: Store
    dialect: Dialect
    account: Account
    tier: Tier
    version: Version
    location: Callable[[str], str]
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, object]
    image: bytes
    planned_failure: str | None
    existing_fails_later: bool


def always(query: Mapping[str, str]) -> bool:
    """Return True: the operation needs approval."""
    return True


def never(query: Mapping[str, str]) -> bool:
    """Return False: the operation does not need approval."""
    return False


@dataclass(frozen=True)
class Endpoint:
    """One operation of the service. `act` runs in a transaction unless the method is GET.

    `members` are the allowed members of a JSON body, `query` the allowed parameters of the URL. `snapshot` marks what a
    retired service refuses. `needs_approval` says of which queries a service refuses the call without approval.
    """

    method: str
    path: str
    act: Callable[[Call], Response]
    takes: Literal["nothing", "json", "image"] = "nothing"
    members: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    snapshot: bool = False
    needs_approval: Callable[[Mapping[str, str]], bool] = always


def names(*values: str) -> frozenset[str]:
    """Return the names of members or parameters."""
    return frozenset(values)
