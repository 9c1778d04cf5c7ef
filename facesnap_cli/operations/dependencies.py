"""Hold the journal, clock, accounts and reporter of a run, which are built once."""

from __future__ import annotations

import threading
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from facesnap_cli.common.clock import Clock
    from facesnap_cli.common.errors import FacesnapError
    from facesnap_cli.common.reporter import Reporter
    from facesnap_cli.common.threads import ThreadPool
    from facesnap_cli.config.settings import Settings
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.journal.store import Journal
    from facesnap_cli.journal.transfers import Transfers
    from facesnap_cli.models.identity import Resource
    from facesnap_cli.network.service_clock import ClockDifference
    from facesnap_cli.operations.accounts import Accounts
    from facesnap_cli.operations.polling import Schedule

_WARN_AGAIN_S = 60.0


class Dependencies:
    """The journal, the clock, the accounts and the reporter of a run. Safe for several threads.

    The journal is opened, and settings are read, when they are first needed: most reading commands need no journal.
    """

    def __init__(
        self,
        state_directory: Path,
        clock: Clock,
        accounts: Accounts,
        reporter: Reporter,
        clock_difference: ClockDifference,
    ):
        self.state_directory = state_directory
        self.clock = clock
        self.accounts = accounts
        self.reporter = reporter
        self.clock_difference = clock_difference
        self._journal: Journal | None = None
        self._thread_pool: ThreadPool | None = None
        self._quiet_until: dict[type[FacesnapError], float] = {}
        self._noted: set[str] = set()
        self._lock = threading.Lock()

    @property
    def journal(self) -> Journal:
        """The journal. Raises JournalError or DatabaseError if it cannot be opened."""
        with self._lock:
            if self._journal is None:
                from facesnap_cli.journal.store import Journal

                self._journal = Journal(self.state_directory, self.clock, self.reporter)
            return self._journal

    @property
    def opened_journal(self) -> Journal | None:
        """The journal, if this run has used it."""
        return self._journal

    @property
    def thread_pool(self) -> ThreadPool:
        """The threads that all copies of a run share, because each thread keeps a connection to each account."""
        with self._lock:
            if self._thread_pool is None:
                from facesnap_cli.common.threads import ThreadPool

                self._thread_pool = ThreadPool()
            return self._thread_pool

    @property
    def settings(self) -> Settings:
        """The settings of the chosen profile."""
        return self.accounts.settings

    @property
    def schedule(self) -> Schedule:
        """The delays between polls, from `--poll-interval`."""
        from facesnap_cli.operations.polling import Schedule

        return Schedule(interval_s=self.settings.poll_interval)

    @property
    def timeout_s(self) -> float | None:
        """The longest wait for an operation, from `--timeout`; None for no limit."""
        return self.settings.timeout

    def object_of(self, snapshot_id: str) -> str | None:
        """Return the object that a snapshot was taken from, if the journal knows it.

        Reading the service needs no journal, so one that cannot be read is only a warning.
        """
        from facesnap_cli.common.sqlite import DatabaseError
        from facesnap_cli.journal.store import JournalError

        try:
            return self.journal.object_of(snapshot_id)
        except (DatabaseError, JournalError) as error:
            self.warn_of(error)
            return None

    def known_resource(self, account: Account) -> Resource:
        """Return what is known of an account, with its ARM path if the journal has it.

        Exports need no journal, so one that cannot be read is only a warning.
        """
        from facesnap_cli.common.sqlite import DatabaseError
        from facesnap_cli.journal.account_paths import with_account
        from facesnap_cli.journal.store import JournalError

        try:
            return with_account(self.journal, account.resource)
        except (DatabaseError, JournalError) as error:
            self.warn_of(error)
            return account.resource

    def forget_old_operations(self) -> None:
        """Delete takes, applies, exports and imports that ended longer ago than `keep_journal`, if that can be written.

        Called after the requests of a command: without a response nothing shows that this machine's clock is right.
        """
        from facesnap_cli.journal.store import JournalError

        if self.clock_difference.confirms_clock:
            with suppress(JournalError):  # a command that has to write says what is wrong with the journal
                self.journal.forget(timedelta(seconds=self.settings.keep_journal))
        self.forget_old_transfers()

    def forget_old_transfers(self) -> None:
        """Delete exports and imports that ended longer ago than `keep_journal`, with the states of those imports."""
        from facesnap_cli.common.sqlite import DatabaseError
        from facesnap_cli.journal.transfers import Transfers

        if self.clock_difference.confirms_clock and Transfers.are_listed(self.state_directory):
            with suppress(DatabaseError), closing(self.open_transfers()) as transfers:
                transfers.forget(timedelta(seconds=self.settings.keep_journal))

    def open_transfers(self) -> Transfers:
        """Return the list of exports and imports."""
        from facesnap_cli.journal.transfers import Transfers

        return Transfers(self.state_directory, self.clock, self.reporter)

    def note_once(self, text: str) -> None:
        """Note what helps a person, once in a run."""
        with self._lock:
            is_new = text not in self._noted
            self._noted.add(text)
        if is_new:
            self.reporter.note(text)

    def warn_of(self, error: FacesnapError) -> None:
        """Warn about an error that does not stop the command, at most once a minute per kind."""
        now = self.clock.monotonic()
        with self._lock:
            is_new = now >= self._quiet_until.get(type(error), 0.0)
            if is_new:
                self._quiet_until[type(error)] = now + _WARN_AGAIN_S
        if is_new:
            self.reporter.warn(f"{error.message}; going on")

    def close(self) -> None:
        """Close the connections and the journal."""
        self.accounts.close()
        if self._journal:
            self._journal.close()
