"""Build one emulator from its options: accounts, state, faults and recorded calls."""

from __future__ import annotations

from collections.abc import Collection

from facesnap_cli.common.errors import UsageError
from facesnap_cli.emulator.accounts import BUILT_IN, Account, read_accounts
from facesnap_cli.emulator.clock import Clock
from facesnap_cli.emulator.limits import TIERS, RateLimit, Tier
from facesnap_cli.emulator.options import SERVICES, EmulatorOptions
from facesnap_cli.emulator.pace import parse_pace
from facesnap_cli.emulator.protocol.dialects import DIALECTS
from facesnap_cli.emulator.protocol.fault_specs import parse_fault
from facesnap_cli.emulator.protocol.faults import Faults
from facesnap_cli.emulator.protocol.recorded_calls import RecordedCalls
from facesnap_cli.emulator.protocol.service_errors import access_denied
from facesnap_cli.emulator.seeds.files import read_seed
from facesnap_cli.emulator.seeds.load import load
from facesnap_cli.emulator.store import Store


class Service:
    """The emulator behind all routes, used by one thread.

    Raises UsageError if an option is wrong, DatabaseError if the data directory cannot be used.
    """

    def __init__(self, options: EmulatorOptions, clock: Clock) -> None:
        _check_choice("--dialect", options.dialect, DIALECTS)
        _check_choice("--service", options.service, SERVICES)
        if options.tier is not None:
            _check_choice("--tier", options.tier, TIERS)
        self.options = options
        self.clock = clock
        self.dialect = DIALECTS[options.dialect]
        self.accounts = BUILT_IN if options.accounts is None else read_accounts(options.accounts)
        self.calls = RecordedCalls()
        self._keys = {key: account for account in self.accounts for key in account.keys}
        self._rates = RateLimit()
        self.faults = Faults(map(parse_fault, options.faults))
        self._seed = () if options.seed is None else read_seed(options.seed, self.accounts)
        self.store = Store(
            options.data,
            clock,
            take_pace=parse_pace(options.take_time, "--take-time"),
            apply_pace=parse_pace(options.apply_time, "--apply-time"),
            train_pace=parse_pace(options.train_time, "--train-time"),
        )
        try:
            if self.store.state.fact("seeded") is None:
                self._load()
        except BaseException:
            self.close()
            raise

    def reset(self) -> None:
        """Restore the start: the seed, the faults of the options, no recorded calls, the machine's time."""
        self.store.reset()
        self.calls.clear()
        self._rates = RateLimit()
        self.faults = Faults(map(parse_fault, self.options.faults))
        self._load()

    def account(self, key: str | None) -> Account | None:
        """Return the account of a key, or None."""
        return None if key is None else self._keys.get(key)

    def admit(self, account: Account | None) -> Account:
        """Return the account of a request that may be served.

        Raises ServiceError: 401 without an account, 429 above the rate limit.
        """
        if account is None:
            raise access_denied()
        if self.options.tier is not None:
            self._rates.check(account.name, self.tier(account), self.clock.now())
        return account

    def tier(self, account: Account) -> Tier:
        """Return the tier whose limits apply to an account."""
        return TIERS[self.options.tier or account.tier]

    def close(self) -> None:
        """Close the database."""
        self.store.close()

    def _load(self) -> None:
        with self.store.transaction():
            self.store.state.set_fact("seeded", self.options.seed or "")
            load(self.store, self._seed)


def _check_choice(option: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        raise UsageError(f"{option} {value}: choose from {', '.join(known)}")
