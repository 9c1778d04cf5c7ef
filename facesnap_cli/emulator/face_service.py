"""Build one emulator from its options: accounts, state, faults and recorded calls."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.sqlite import DatabaseError
from facesnap_cli.emulator.accounts import BUILT_IN, Account, read_accounts
from facesnap_cli.emulator.clock import TICKS_PER_S, Clock
from facesnap_cli.emulator.limits import TIERS, RateLimit, Tier
from facesnap_cli.emulator.options import SERVICES, EmulatorOptions
from facesnap_cli.emulator.pace import parse_pace
from facesnap_cli.emulator.protocol.dialects import DIALECTS
from facesnap_cli.emulator.protocol.fault_specs import parse_fault
from facesnap_cli.emulator.protocol.faults import Faults
from facesnap_cli.emulator.protocol.guard import HostNames
from facesnap_cli.emulator.protocol.recorded_calls import RecordedCalls
from facesnap_cli.emulator.protocol.service_errors import ServiceError, access_denied, token_denied
from facesnap_cli.emulator.seeds.files import Seed, read_seed
from facesnap_cli.emulator.seeds.load import load
from facesnap_cli.emulator.store import Store
from facesnap_cli.emulator.tokens import OAUTH_LEVELS, TokenError, bearer_token, check_token


class Service:
    """The emulator behind all routes, used by one thread.

    Raises UsageError if an option is wrong, DatabaseError if the data directory cannot be used.
    """

    def __init__(self, options: EmulatorOptions, clock: Clock) -> None:
        _check_choice("--dialect", options.dialect, DIALECTS)
        _check_choice("--service", options.service, SERVICES)
        if options.tier is not None:
            _check_choice("--tier", options.tier, TIERS)
        if options.oauth is not None:
            _check_choice("--oauth", options.oauth, OAUTH_LEVELS)
        self.options = options
        self.clock = clock
        self.dialect = DIALECTS[options.dialect]
        self.accounts = BUILT_IN if options.accounts is None else read_accounts(options.accounts)
        self.names = HostNames(options.address, options.allowed_hosts, [account.name for account in self.accounts])
        self.calls = RecordedCalls()
        self._keys = {key: account for account in self.accounts for key in account.keys}
        self._rates = RateLimit()
        self.faults = Faults(map(parse_fault, options.faults))
        self._seed = Seed() if options.seed is None else read_seed(options.seed, self.accounts)
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
        except BaseException as error:
            self.close()
            if isinstance(error, sqlite3.OperationalError):
                raise DatabaseError(f"the seed cannot be written to {options.data or 'memory'}: {error}") from error
            raise

    def reset(self) -> None:
        """Restore the start: the seed, the faults of the options, no recorded calls, the machine's time."""
        self.store.reset()
        self.calls.clear()
        self._rates = RateLimit()
        self.faults = Faults(map(parse_fault, self.options.faults))
        self._load()

    def authenticate(self, key: str | None, authorization: str | None, host: str) -> Account | ServiceError:
        """Return the account of a request, or the error that it gets.

        A token belongs to the account that is the first label of the host name, by default to the first account.
        """
        account = None if key is None else self._keys.get(key)
        if account is not None:
            return account
        token = None if self.options.oauth is None else bearer_token(authorization)
        if token is None:
            return access_denied()
        try:
            check_token(token, self.clock.now() / TICKS_PER_S)
        except TokenError as error:
            return token_denied(str(error))
        label = host.lower().partition(":")[0].partition(".")[0]
        return next((account for account in self.accounts if account.name.lower() == label), self.accounts[0])

    def admit(self, caller: Account | ServiceError) -> Account:
        """Return the account of a request that may be served.

        Raises ServiceError: 401 without an account, 429 above the rate limit.
        """
        if isinstance(caller, ServiceError):
            raise caller
        if self.options.tier is not None:
            self._rates.check(caller.name, self.tier(caller), self.clock.now())
        return caller

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
