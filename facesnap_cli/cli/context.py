"""Hold what a command needs, each part built when it is first used."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from facesnap_cli.common.clock import Clock, SystemClock
from facesnap_cli.common.errors import FacesnapError, OutputError
from facesnap_cli.common.hints import NO_COMMAND, Command, Hint
from facesnap_cli.display.messages import Messages

if TYPE_CHECKING:
    from pathlib import Path

    from facesnap_cli.cli.resume_hints import ResumeHints
    from facesnap_cli.config.paths import InputPath, OutputPath
    from facesnap_cli.config.settings import Settings
    from facesnap_cli.display.columns import View
    from facesnap_cli.display.log_file import LogFile
    from facesnap_cli.display.output import Output
    from facesnap_cli.display.sentences import Document
    from facesnap_cli.face_api.account import Account
    from facesnap_cli.journal.recently_seen import RecentObjects, RecentSnapshots
    from facesnap_cli.models.identity import Resource
    from facesnap_cli.models.operations import Operation
    from facesnap_cli.network.responses import Exchange
    from facesnap_cli.network.service_clock import ClockDifference
    from facesnap_cli.operations.accounts import Accounts
    from facesnap_cli.operations.dependencies import Dependencies


class CommonOptions(NamedTuple):
    """The options of every command that are not settings."""

    profile: str | None = None
    config: str | None = None
    query: str | None = None
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_color: bool = False
    raw: bool = False
    log_file: OutputPath | None = None
    header: tuple[str, ...] = ()


_COMMON = frozenset(CommonOptions._fields)


class App:
    """The running program: options, settings, and the parts that commands use."""

    def __init__(self, environment: Mapping[str, str] = os.environ, clock: Clock | None = None):
        self.environment = environment
        self.clock = clock or SystemClock()
        self.options = CommonOptions()
        self._chosen: dict[str, Any] = {}
        self._has_warned = False
        self.log: LogFile | None = None

    @classmethod
    def of(cls, context: Any) -> App:
        """Return the App of a Typer context."""
        app: App = context.obj
        return app

    def add_options(self, given: Mapping[str, Any]) -> None:
        """Add common options. Those after the command's name win over those before it."""
        common = {name: value for name, value in given.items() if name in _COMMON and value}
        if "header" in common:
            common["header"] = (*self.options.header, *common["header"])
        self.options = self.options._replace(**common)
        if self.options.query:
            from facesnap_cli.display.query import Query

            Query(self.options.query)  # a wrong query is reported before anything is sent
        self._set({name: value for name, value in given.items() if name not in _COMMON})

    def choose(
        self,
        *,
        type: str | None = None,
        object_id: str | None = None,
        apply_scope: list[str] | None = None,
        timeout: str | None = None,
        poll_interval: str | None = None,
    ) -> None:
        """Take in a command's own options that are settings: `settings.object_id` is then the option's value."""
        self._set(
            {
                "type": type,
                "object_id": object_id,
                "apply_scope": apply_scope,
                "timeout": timeout,
                "poll_interval": poll_interval,
            }
        )

    def _set(self, options: Mapping[str, Any]) -> None:
        """Add options that were given, which win over the environment and the profile."""
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

    def explain(self, error: FacesnapError) -> None:
        """Put into the hint what a reference is that names nothing of the kind that the command takes."""
        if error.unknown is None:
            return
        from facesnap_cli.cli.suggestions import explanation
        from facesnap_cli.config.locations import state_directory

        with contextlib.suppress(FacesnapError):
            known = explanation(error.unknown, self.settings, state_directory(self.environment))
            error.hint = known or error.hint

    def _files(self) -> dict[str, str]:
        given = {"--config": self.options.config, "--ca-bundle": self._chosen.get("ca_bundle")}
        return {name: os.path.abspath(os.path.expanduser(path)) for name, path in given.items() if path}

    def check_outputs(self, outputs: Sequence[OutputPath], inputs: Sequence[InputPath]) -> None:
        """Raise an error with everything that is wrong with the files that this command writes.

        `inputs` are the files that it reads besides the configuration and what that names.
        """
        from facesnap_cli.config.locations import state_directory
        from facesnap_cli.config.output_checks import check_outputs

        log = [self.options.log_file] if self.options.log_file else []
        check_outputs([*log, *outputs], [*inputs, *self.settings.named_files()], state_directory(self.environment))

    @property
    def given_profile(self) -> str | None:
        """The profile that `--profile` or FACESNAP_PROFILE chose; None if the configuration file chooses it."""
        return self.options.profile or self.environment.get("FACESNAP_PROFILE") or None

    @cached_property
    def resume_hints(self) -> ResumeHints:
        """The operations of this run, and how to resume them."""
        from facesnap_cli.cli.resume_hints import ResumeHints

        return ResumeHints()

    @cached_property
    def messages(self) -> Messages:
        options = self.options
        return Messages(
            quiet=options.quiet, verbose=options.verbose, debug=options.debug, complete=self.complete, log=self.log
        )

    @cached_property
    def settings(self) -> Settings:
        from facesnap_cli.config.settings import load

        return load(
            profile=self.options.profile,
            config=self.options.config,
            options=self._chosen,
            environment=self.environment,
        )

    @cached_property
    def accounts(self) -> Accounts:
        from facesnap_cli.operations.accounts import Accounts

        return Accounts(lambda: self.settings, self._connect)

    @cached_property
    def dependencies(self) -> Dependencies:
        """The journal, clock, accounts and reporter of operations and backups."""
        from facesnap_cli.config.locations import state_directory
        from facesnap_cli.operations.dependencies import Dependencies

        return Dependencies(
            state_directory(self.environment), self.clock, self.accounts, self.messages, self.clock_difference
        )

    @cached_property
    def clock_difference(self) -> ClockDifference:
        """The difference between this machine's clock and the service's."""
        from facesnap_cli.network.service_clock import ClockDifference

        return ClockDifference(self.messages)

    @property
    def account(self) -> Account:
        """The account of the chosen profile."""
        return self.accounts.chosen

    @property
    def seen(self) -> RecentSnapshots:
        """The snapshots of the account that TAB offers."""
        from facesnap_cli.journal.recently_seen import RecentSnapshots

        return RecentSnapshots(*self._account_in_state())

    @property
    def seen_objects(self) -> RecentObjects:
        """The objects of the account that TAB offers."""
        from facesnap_cli.journal.recently_seen import RecentObjects

        return RecentObjects(*self._account_in_state())

    def _account_in_state(self) -> tuple[Path, Resource]:
        from facesnap_cli.config.locations import state_directory
        from facesnap_cli.config.resources import resource_of

        return state_directory(self.environment), resource_of(self.settings)

    @cached_property
    def output(self) -> Output:
        from facesnap_cli.display.output import Output

        return Output(
            style="none" if self.options.raw else self.output_style,
            query=self.options.query,
            styled=self.color,
            all_fields=self.options.verbose or self.options.debug,
            now=self._service_now,
            tell=self.messages.tell,
            remark=self.messages.remark,
        )

    def _service_now(self) -> datetime:
        """Return the time by which to show what is left of a snapshot."""
        return self.accounts.service_now(self.clock) if "accounts" in self.__dict__ else self.clock.now()

    @cached_property
    def output_style(self) -> str:
        """The output's format, even if the configuration is wrong."""
        from facesnap_cli.config.settings import output_style

        return output_style(lambda: self.settings, self._chosen, self.environment)

    @property
    def color(self) -> bool:
        """Whether anything may be coloured or bold; a bar without colour still moves the cursor."""
        plain = self.options.no_color or self.environment.get("NO_COLOR") or self.environment.get("TERM") == "dumb"
        return not plain

    def resume_advice(self) -> tuple[Hint, Command]:
        """Return a hint and a command to resume this run's open operations; empty without any."""
        journal = self.dependencies.opened_journal if "dependencies" in self.__dict__ else None
        if journal is None:
            return self.resume_hints.resume_advice()
        from facesnap_cli.journal.store import JournalError

        own: list[Operation] = []
        with contextlib.suppress(JournalError):
            own = journal.own_open_operations()
        return self.resume_hints.resume_advice(own)

    def end_output(self) -> None:
        """Write all of the output. Raises what it failed with, with the command that shows the results again."""
        try:
            if "output" in self.__dict__:
                self.output.flush()
        except OutputError as trouble:
            if not trouble.advice:
                trouble.hint, trouble.resume = self.resume_hints.result_advice()
            raise

    def raise_if(self, failure: FacesnapError | None) -> None:
        """Raise the error that a batch ended with, after its results were printed."""
        if failure:
            raise failure

    def report(
        self,
        documents: Sequence[Document],
        view: View,
        failure: FacesnapError | None,
        *,
        rows: Sequence[Document] | None = None,
        total: str = "",
        then: Command = NO_COMMAND,
    ) -> None:
        """Print the results of a copy or a run, and raise what it failed with. See `conclude`.

        After a success, --quiet leaves only a format that was asked for.
        """
        if failure or not self.options.quiet or self.settings.output != "table" or self.options.query:
            self.output.records(documents, view, rows=rows)
        self.conclude(failure, total=total, then=then)

    def conclude(
        self,
        failure: FacesnapError | None = None,
        *,
        total: str = "",
        then: Command = NO_COMMAND,
        is_logged: bool = False,
    ) -> None:
        """End a command whose results are printed: with the `total` of a batch, and the error or the next command.

        Only a terminal shows the next command, unless `is_logged`.
        """
        if total:
            self.messages.note(total)
        self.raise_if(failure)
        if then and not self.options.quiet and not self.output.next_step(self.complete(then)) and is_logged:
            self.messages.note(Hint("next: ", then))

    def close(self) -> None:
        """Close connections, the journal and the log."""
        if "accounts" in self.__dict__:
            self.accounts.close()
        if "dependencies" in self.__dict__:
            self.dependencies.close()
        if self.log:
            self.log.close()

    def _connect(self, settings: Settings) -> Account:
        from facesnap_cli.config.locations import state_directory
        from facesnap_cli.face_api.account import Account
        from facesnap_cli.models.validation import check_header

        settings.check()
        self._warn_about_other_profiles()
        headers = tuple(check_header(text) for text in self.options.header)
        return Account(
            settings,
            self.clock,
            self._observer(self.output),
            headers,
            self.messages,
            self.clock_difference,
            partial(state_directory, self.environment),
        )

    def _warn_about_other_profiles(self) -> None:
        """Warn once about wrong values in profiles that the chosen one is not; `doctor` fails because of them."""
        if not self._has_warned:
            self._has_warned = True
            for complaint in self.settings.complaints_about_others():
                self.messages.warn(complaint)

    def _observer(self, output: Output) -> Callable[[Exchange], None] | None:
        """Return what shows exchanges, if any. Taking the output reports a wrong format before anything is sent."""
        if not (self.options.debug or self.options.raw):
            return None

        def observe(exchange: Exchange) -> None:
            self.messages.exchange(exchange)
            if self.options.raw:
                output.exchange(exchange)

        return observe
