"""Define the options of an emulator. Light to import: the command line reads them too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

DEFAULT_PORT = 8765
SERVICES = ("available", "retired", "gated", "gated-flat")


@dataclass(frozen=True)
class EmulatorOptions:
    """The options of one emulator.

    `host` may have brackets, as in a URL. `port` 0 takes a free port. `data` is the directory that keeps the state,
    None keeps it in memory. `seed` is `demo` or a file; it is used only if there is no state yet. `take_time`,
    `apply_time` and `train_time` are seconds, or `SECONDS/1000` for seconds per 1,000 entries. `dialect` is one of
    DIALECTS, `service` one of SERVICES. `tier` replaces the tiers of all accounts and turns the rate limit on. `faults`
    are texts that `parse_fault` reads, `accounts` is a file that `read_accounts` reads.

    `https` makes a certificate unless `cert` has one, whose private key is in `key` or in `cert` itself. `oauth` is
    `basic` or None. `loose` accepts versions, parameters and members that nobody knows. `allowed_hosts` are more names
    for the `Host` header. A line for each request is appended to the file `access_log`; `debug` prints whole requests
    and responses on stderr.
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
    https: bool = False
    cert: Path | None = None
    key: Path | None = None
    oauth: str | None = None
    loose: bool = False
    allowed_hosts: tuple[str, ...] = ()
    access_log: Path | None = None
    debug: bool = False

    @property
    def address(self) -> str:
        """The host without the brackets that it has in a URL."""
        return self.host[1:-1] if self.host.startswith("[") and self.host.endswith("]") else self.host

    @property
    def scheme(self) -> str:
        """The scheme of the endpoint."""
        return "https" if self.https or self.cert is not None else "http"
