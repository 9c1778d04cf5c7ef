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


@dataclass(frozen=True)
class Call:
    """A request that is authenticated and decoded. `base` is the URL up to and including the version.

    A fault can set `planned_failure`, a message, and `existing_fails_later` for the operation that the call starts.
    """

    store: Store
    dialect: Dialect
    account: Account
    tier: Tier
    base: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, object]
    image: bytes
    planned_failure: str | None
    existing_fails_later: bool


@dataclass(frozen=True)
class Endpoint:
    """One operation of the service. `act` runs in a transaction unless the method is GET.

    `members` are the allowed members of a JSON body, `query` the allowed parameters of the URL. `snapshot` and
    `recognition` mark the features that some services refuse.
    """

    method: str
    path: str
    act: Callable[[Call], Response]
    takes: Literal["nothing", "json", "image"] = "nothing"
    members: frozenset[str] = frozenset()
    query: frozenset[str] = frozenset()
    snapshot: bool = False
    recognition: bool = False


def names(*values: str) -> frozenset[str]:
    """Return the names of members or parameters."""
    return frozenset(values)
