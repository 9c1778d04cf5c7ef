"""What an emulator can be told when it starts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8765
SERVICES = ("available", "retired", "gated")


@dataclass(frozen=True)
class EmulatorOptions:
    """How to run one emulator.

    `port` 0 takes a free one. `data` is a directory that keeps the state, None keeps it in memory. `seed` is `demo` or
    a file, used where there is no state yet. `take_time`, `apply_time` and `train_time` are seconds, or `SECONDS/1000`
    for every 1,000 entries. `dialect` is one of DIALECTS, `service` one of SERVICES. `tier` overrides the tiers of the
    accounts and enforces its rate limit, which is off otherwise. `faults` are specs as faults.py reads them, `accounts`
    a file as accounts.py reads it.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    data: Path | None = None
    seed: str | None = None
    take_time: float | str = 2.0
    apply_time: float | str = 2.0
    train_time: float | str = 0.2
    dialect: str = "2021-03"
    service: str = "available"
    tier: str | None = None
    faults: tuple[str, ...] = ()
    accounts: Path | None = None
