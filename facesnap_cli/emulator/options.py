"""Define the options of an emulator. Light to import: the command line reads them too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8765
SERVICES = ("available", "retired", "gated")


@dataclass(frozen=True)
class EmulatorOptions:
    """The options of one emulator.

    `port` 0 takes a free port. `data` is the directory that keeps the state, None keeps it in memory. `seed` is `demo`
    or a file; it is used only if there is no state yet. `take_time`, `apply_time` and `train_time` are seconds, or
    `SECONDS/1000` for seconds per 1,000 entries. `dialect` is one of DIALECTS, `service` one of SERVICES. `tier`
    replaces the tiers of all accounts and turns the rate limit on. `faults` are texts that `parse_fault` reads,
    `accounts` is a file that `read_accounts` reads.
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
