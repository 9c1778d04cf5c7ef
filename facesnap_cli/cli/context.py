"""What a command needs, each part built when it is first used."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from facesnap_cli.common.clock import Clock, SystemClock
from facesnap_cli.common.errors import FacesnapError, OutputError, StillRunningError, UsageError
from facesnap_cli.common.hints import NO_COMMAND, Command, Hint
from facesnap_cli.display.messages import Messages

if TYPE_CHECKING:
    from facesnap_cli.cli.resume_hints import Watched
    from facesnap_cli.config.settings import Settings
    from facesnap_cli.display.columns import View
    from facesnap_cli.display.output import Output
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.face_api.snapshot_api import SnapshotApi
    from facesnap_cli.journal.recent_snapshots import RecentSnapshots
    from facesnap_cli.journal.store import Journal
    from facesnap_cli.models.operations import Operation
    from facesnap_cli.network.responses import Exchange
    from facesnap_cli.operations.wait import OperationProgress, Others, Outcome, Waiter


@dataclass(frozen=True, slots=True)
class CommonOptions:
    """The options of every command. Those that are settings (`output`, `proxy`, …) go to Settings."""

    profile: str | None = None
    config: str | None = None
    query: str | None = None
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_color: bool = False
    raw: bool = False
    header: tuple[str, ...] = ()


_COMMON = frozenset(field.name for field in fields(CommonOptions))


class App:
    """The running program: options, settings, and the parts that commands use."""

    def __init__(self, environment: Mapping[str, str] = os.environ, clock: Clock | None = None):
        self.environment = environment
        self.clock = clock or SystemClock()
        self.options = CommonOptions()
        self._chosen: dict[str, Any] = {}
        self._accounts: dict[str | None, Account] = {}
        self._journal_opened = False
        self._troubles: dict[str, float] = {}
        self._lock = threading.RLock()

    @classmethod
    def of(cls, context: Any) -> App:
        """Return the App of a Typer context."""
        app: App = context.obj
        return app

    def add_options(self, given: Mapping[str, Any]) -> None:
        """Take common options in; what stands after the command's name wins over what stands before it."""
        common = {name: value for name, value in given.items() if name in _COMMON and value}
        if "header" in common:
            common["header"] = (*self.options.header, *common["header"])
        self.options = replace(self.options, **common)
        if self.options.query:
            from facesnap_cli.display.query import Query

            Query(self.options.query)  # what is wrong with it is told before anything is sent
        self.choose(**{name: value for name, value in given.items() if name not in _COMMON})

    def choose(self, **options: Any) -> None:
        """Take in a command's own options that are settings, such as `object_id`; None chooses nothing."""
        self._chosen.update({name: value for name, value in options.items() if value is not None and value != []})

    def arguments(self) -> list[str]:
        """Return this run's common options for another run of the program, which may start in another directory."""
        given = {**self._chosen, "profile": self.options.profile}
        names = ("profile", "http_timeout", "max_retries", "proxy")
        words = [[f"--{name.replace('_', '-')}", str(given[name])] for name in names if given.get(name)]
        headers = [f"--header={text}" for text in self.options.header]
        return [*(word for pair in words for word in pair), *self.files(), *headers]

    def files(self) -> list[str]:
        """Return the options of this run that name files, for another run of the program."""
        return [word for pair in self._files().items() for word in pair]

    def complete(self, words: Command) -> Sequence[str]:
        """Return the words of a suggested command with the options with which this run found account and files."""
        from facesnap_cli.cli.suggestions import completed

        profile = {"--profile": self.options.profile} if self.options.profile else {}
        return completed(words, {**profile, **self._files()})

    def _files(self) -> dict[str, str]:
        given = {"--config": self.options.config, "--ca-bundle": self._chosen.get("ca_bundle")}
        return {name: os.path.abspath(os.path.expanduser(path)) for name, path in given.items() if path}

    @cached_property
    def watched(self) -> Watched:
        """This run's operations."""
        from facesnap_cli.cli.resume_hints import Watched

        return Watched()

    @cached_property
    def messages(self) -> Messages:
        return Messages(quiet=self.options.quiet, verbose=self.options.verbose, debug=self.options.debug)

    @cached_property
    def settings(self) -> Settings:
        from facesnap_cli.config.settings import load

        return load(
            profile=self.options.profile,
            config=self.options.config,
            options=self._chosen,
            environment=self.environment,
        )

    @property
    def account(self) -> Account:
        """The chosen profile's account."""
        return self._account(self.settings)

    @property
    def snapshots(self) -> SnapshotApi:
        return self.account.snapshots

    @cached_property
    def journal(self) -> Journal:
        from facesnap_cli.config.locations import state_directory
        from facesnap_cli.journal.store import Journal

        journal = Journal(state_directory(self.environment), self.clock, self.messages)
        self._journal_opened = True
        return journal

    @property
    def seen(self) -> RecentSnapshots:
        """The snapshots of the chosen profile that TAB offers."""
        from facesnap_cli.config.locations import state_directory
        from facesnap_cli.journal.recent_snapshots import RecentSnapshots

        return RecentSnapshots(state_directory(self.environment), self.settings.profile)

    @cached_property
    def output(self) -> Output:
        from facesnap_cli.display.output import Output

        return Output(
            style="none" if self.options.raw else self.output_style,
            query=self.options.query,
            styled=self.color,
            now=self.clock.now,
            tell=self.messages.tell,
            remark=self.messages.remark,
        )

    @cached_property
    def output_style(self) -> str:
        """The output's format, also where the configuration is wrong."""
        from facesnap_cli.config.settings import output_style

        return output_style(lambda: self.settings, self._chosen, self.environment)

    @property
    def color(self) -> bool:
        """Whether anything may be coloured or bold; a bar without colour still moves the cursor."""
        plain = self.options.no_color or self.environment.get("NO_COLOR") or self.environment.get("TERM") == "dumb"
        return not plain

    def account_named(self, profile: str) -> Account:
        """Return the account of another profile. Raises UsageError where there is none."""
        if profile == self.settings.profile:
            return self.account
        return self._account(self.settings.for_profile(profile))

    def account_of(self, operation: Operation) -> Account:
        """Return the account that started the operation. Raises UsageError where it is not configured (any more)."""
        if operation.profile in (None, self.settings.profile):
            account = self.account
        elif operation.profile in self.settings.profile_names:
            account = self.account_named(operation.profile)
        else:
            account = self._account_like(operation)
        hint = "choose its profile, or set FACESNAP_ENDPOINT and FACESNAP_KEY to that account's"
        if account.endpoint != operation.endpoint:
            raise UsageError(
                f"{operation.title} was started at {operation.endpoint}, but {account.endpoint} is configured now",
                hint=hint,
            )
        theirs, ours = operation.subscription_id, account.subscription_id
        if theirs and ours and theirs.lower() != ours.lower():  # regional endpoints are shared by many accounts
            raise UsageError(f"{operation.title} was started in another subscription, {theirs}", hint=hint)
        return account

    def _account_like(self, operation: Operation) -> Account:
        """Return the account of the operation's endpoint and subscription: its profile may have been renamed."""
        for name in dict.fromkeys([self.settings.profile, *self.settings.profile_names]):
            with contextlib.suppress(FacesnapError):  # another profile's mistake is not for this command to tell
                account = self.account_named(name) if name else self.account
                own = (account.endpoint, account.subscription_id)
                if operation.subscription_id and own == (operation.endpoint, operation.subscription_id):
                    return account
        raise UsageError(
            f"{operation.title} was started with profile {operation.profile}, which is not in"
            f" {self.settings.file.path}, nor is another one of its endpoint and subscription",
            hint="--config names another configuration file",
        )

    def object_of(self, snapshot_id: str) -> str | None:
        """Return the object that a snapshot was taken from, if the journal can tell; to read needs no journal."""
        from facesnap_cli.common.sqlite import DatabaseError
        from facesnap_cli.journal.store import JournalError

        try:
            return self.journal.object_of(snapshot_id)
        except (DatabaseError, JournalError) as error:
            self._on_trouble(error)
            return None

    def waiter(self, on_update: Callable[[Operation], None] = lambda operation: None) -> Waiter:
        from facesnap_cli.operations.wait import Waiter

        return Waiter(self.journal, self.account_of, self.clock, on_update, self._on_trouble)

    def wait(
        self, operations: Sequence[Operation], *, first_is_enough: bool = False, others: Others | None = None
    ) -> list[Outcome]:
        """Wait for operations with progress on stderr, under the settings' timeout and poll interval."""
        from facesnap_cli.journal.store import JournalError
        from facesnap_cli.operations.polling import Schedule

        self.watched.add(*operations)
        with contextlib.suppress(JournalError):  # a journal that cannot be written is no reason not to wait
            self.journal.forget(timedelta(seconds=self.settings.keep_journal))
        with self.progress([operation.intent for operation in operations], is_wait=True) as progress_of:
            outcomes = self.waiter(lambda operation: progress_of(operation.intent).update(operation)).wait(
                operations,
                schedule=Schedule(interval_s=self.settings.poll_interval),
                timeout_s=self.settings.timeout,
                first_is_enough=first_is_enough,
                others=others or {},
            )
        for outcome in outcomes if self.watched.repeatable else ():
            if isinstance(outcome.failure, StillRunningError):
                outcome.failure.hint = Hint("to go on, and to verify the copy, run the same command again")
                outcome.failure.resume = NO_COMMAND
        return outcomes

    @contextlib.contextmanager
    def progress(self, names: Sequence[str], *, is_wait: bool = False) -> Iterator[Callable[[str], OperationProgress]]:
        """Show items of a run on stderr while the block runs; yields the progress of each by its name.

        The items of a wait are operations, named by their intents.
        """
        from facesnap_cli.display.run_progress import show_run
        from facesnap_cli.journal.durations import estimate_s

        progress = show_run(
            self.clock,
            names,
            quiet=self.options.quiet or not names,
            color=self.color,
            estimate_of=lambda operation: estimate_s(self.journal, operation),
            on_operation=self.watched.add,
            is_wait=is_wait,
        )
        try:
            yield progress.items.__getitem__
        finally:
            progress.close()

    def finish(self, operation: Operation, *, wait: bool, finished: View) -> Operation:
        """Wait for one operation if asked to, print it, and return it. Raises what it failed with."""
        from facesnap_cli.display.columns import OPERATION
        from facesnap_cli.operations.quota import quota

        self.watched.add(operation)
        self.messages.info(str(quota(self.account, self.journal, self.clock, operation.kind)))
        if not wait:
            self.output.record(operation.document(self.clock.now()), OPERATION)
            return operation
        [outcome] = self.wait([operation])
        self.output.record(outcome.operation.document(self.clock.now()), finished)
        self.raise_if(outcome.failure)
        return outcome.operation

    def way_on(self) -> tuple[Hint, Command]:
        """Return how to take up this run's unfinished operations again: a hint and a command, empty without any."""
        if not self._journal_opened:
            return self.watched.way_on()
        from facesnap_cli.journal.store import JournalError

        own: list[Operation] = []
        with contextlib.suppress(JournalError):
            own = self.journal.own_open_operations()
        return self.watched.way_on(own)

    def end_output(self) -> None:
        """Let the output be whole. Raises what it failed with, with the line that shows again what was done."""
        try:
            if "output" in self.__dict__:
                self.output.flush()
        except OutputError as trouble:
            if not trouble.advice:
                trouble.hint, trouble.resume = self.watched.way_to_result()
            raise

    def raise_if(self, failure: FacesnapError | None) -> None:
        """Raise what a batch ended with, after its results were printed."""
        if failure:
            raise failure

    def close(self) -> None:
        """Close connections and the journal."""
        for account in self._accounts.values():
            account.close()
        if self._journal_opened:
            self.journal.close()

    def _account(self, settings: Settings) -> Account:
        from facesnap_cli.face_api.account import Account
        from facesnap_cli.models.validation import check_header

        with self._lock:
            if settings.profile not in self._accounts:
                settings.check()
                headers = tuple(check_header(text) for text in self.options.header)
                self._accounts[settings.profile] = Account(
                    settings, self.clock, self._observer(self.output), headers, self.messages
                )
            return self._accounts[settings.profile]

    def _on_trouble(self, error: FacesnapError) -> None:
        """Tell of what does not end a command, the same trouble once a minute at most."""
        now = self.clock.monotonic()
        kind = type(error).__name__
        if now >= self._troubles.get(kind, 0.0):
            self._troubles[kind] = now + 60.0
            self.messages.warn(f"{error.message}; going on")

    def _observer(self, output: Output) -> Callable[[Exchange], None]:
        """Return what shows exchanges. Taking the output reports a wrong format before anything is sent."""

        def observe(exchange: Exchange) -> None:
            self.messages.exchange(exchange)
            if self.options.raw:
                output.exchange(exchange)

        return observe
