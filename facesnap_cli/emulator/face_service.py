"""One emulator: its accounts, state, faults and record of calls, put together from its options."""

from __future__ import annotations

from collections.abc import Collection

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.accounts import BUILT_IN, Account, load_accounts
from facesnap_cli.emulator.clock import Clock
from facesnap_cli.emulator.limits import TIERS, RateLimit, Tier
from facesnap_cli.emulator.options import SERVICES, EmulatorOptions
from facesnap_cli.emulator.pace import parse_pace
from facesnap_cli.emulator.protocol.dialects import DIALECTS
from facesnap_cli.emulator.protocol.faults import Faults, parse_fault
from facesnap_cli.emulator.protocol.recorded_calls import Calls
from facesnap_cli.emulator.protocol.refusals import access_denied
from facesnap_cli.emulator.seeds.files import load_seed
from facesnap_cli.emulator.seeds.load import plant
from facesnap_cli.emulator.store import Store


class Service:
    """What all routes share. Belongs to one thread.

    Raises UsageError where an option is wrong, DatabaseError where the data directory cannot be used.
    """

    def __init__(self, options: EmulatorOptions, clock: Clock) -> None:
        _check("--dialect", options.dialect, DIALECTS)
        _check("--service", options.service, SERVICES)
        if options.tier is not None:
            _check("--tier", options.tier, TIERS)
        self.options = options
        self.clock = clock
        self.dialect = DIALECTS[options.dialect]
        self.accounts = BUILT_IN if options.accounts is None else load_accounts(options.accounts)
        self.calls = Calls()
        self._keys = {key: account for account in self.accounts for key in account.keys}
        self._rates = RateLimit()
        self.faults = Faults(map(parse_fault, options.faults))
        self._seed = () if options.seed is None else load_seed(options.seed, self.accounts)
        self.store = Store(
            options.data,
            clock,
            take_pace=parse_pace(options.take_time, "--take-time"),
            apply_pace=parse_pace(options.apply_time, "--apply-time"),
            train_pace=parse_pace(options.train_time, "--train-time"),
        )
        try:
            if self.store.state.fact("seeded") is None:
                self._plant()
        except BaseException:
            self.close()
            raise

    def reset(self) -> None:
        """Go back to the start: the seed, the faults of the options, no calls, the machine's time."""
        self.store.reset()
        self.calls.clear()
        self._rates = RateLimit()
        self.faults = Faults(map(parse_fault, self.options.faults))
        self._plant()

    def account(self, key: str | None) -> Account | None:
        """Return the account that a key opens, None where it opens none."""
        return None if key is None else self._keys.get(key)

    def admit(self, account: Account | None) -> Account:
        """Let a call pass. Raises ServiceError: 401 without an account, 429 where its rate limit is exceeded."""
        if account is None:
            raise access_denied()
        if self.options.tier is not None:
            self._rates.check(account.name, self.tier(account), self.clock.now())
        return account

    def tier(self, account: Account) -> Tier:
        """Return the limits that hold for an account."""
        return TIERS[self.options.tier or account.tier]

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def _plant(self) -> None:
        with self.store.transaction():
            self.store.state.remember("seeded", self.options.seed or "")
            plant(self.store, self._seed)


def _check(option: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise UsageError(f"{option} {value}: choose from {', '.join(known)}")
