"""What a route is given and how it is declared."""

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
    """One call, read and admitted. `base` is the URL up to and with the version.

    `fate` (a message) and `existing_fails_later` are what a fault has in store for the operation that the call begins.
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
    fate: str | None
    existing_fails_later: bool


@dataclass(frozen=True)
class Endpoint:
    """One operation of the service: `act` runs in a transaction unless the method is GET.

    `members` are those that a JSON body may have, `query` the parameters that the URL may have. `snapshot` and
    `recognition` mark what a service without that feature refuses.
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
