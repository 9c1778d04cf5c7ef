"""The table of commands. A command's module is imported when the command is chosen."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.main import get_command

from facesnap_cli import __version__
from facesnap_cli.cli.command_types import HELP, CommandGroup, local_options, params_of, service_options
from facesnap_cli.cli.context import App
from facesnap_cli.cli.topics import OPTIONS, TOPICS, text_of


class Entry(NamedTuple):
    """A command: its module in `facesnap_cli.commands`, the group it is shown in, and its help in a line."""

    module: str
    group: str
    help: str


TABLE = {
    "take": Entry("take", "Snapshots", "Take a snapshot of an object and wait for it."),
    "apply": Entry("apply", "Snapshots", "Apply a snapshot to the profile's subscription and wait."),
    "list": Entry("list", "Snapshots", "List the snapshots that this subscription may see."),
    "show": Entry("show", "Snapshots", "Show one snapshot, with the time it has left."),
    "update": Entry("update", "Snapshots", "Change a snapshot's scope or user data."),
    "delete": Entry("delete", "Snapshots", "Delete snapshots."),
    "status": Entry("status", "Operations", "Look once at operations: those given, or all open ones."),
    "wait": Entry("wait", "Operations", "Wait for operations: those given, or all open ones."),
    "copy": Entry("copy", "Backups", "Copy an object to other accounts: take, apply, verify."),
    "run": Entry("run", "Backups", "Back up everything that a plan file names."),
    "backups": Entry("backups", "Backups", "List the backups that there are, or the runs of plans."),
    "restore": Entry("restore", "Backups", "Rebuild an object from a backup, or add what it lacks."),
    "schedule": Entry("schedule", "Backups", "Print what runs a plan regularly: cron, systemd, pipelines."),
    "export": Entry("export", "Archives", "Read an object into an archive file."),
    "import": Entry("import_", "Archives", "Build an object from an archive file."),
    "inspect": Entry("inspect", "Archives", "Show what an archive holds."),
    "diff": Entry("diff", "Archives", "Compare an archive with another one, or with the service."),
    "objects": Entry("objects", "Setup", "List the person groups and face lists of an account."),
    "config": Entry("config", "Setup", "Make, show and change the configuration."),
    "doctor": Entry("doctor", "Setup", "Check configuration, key, endpoint and journal."),
    "completion": Entry("completion", "Setup", "Print the script that completes command lines with TAB."),
    "emulator": Entry("emulator", "Setup", "Run a local Face service."),
}


def version_option(
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version.")] = False,
) -> None:
    """The option of the program itself."""


class Facesnap(CommandGroup):
    """The program's commands. A command's module is imported when the command is chosen."""

    def __init__(self) -> None:
        super().__init__(
            name="facesnap",
            help="Back up and restore Azure Face person groups and face lists.",
            params=[*params_of(version_option), *params_of(local_options), *params_of(service_options)],
            rich_markup_mode=None,
            context_settings=HELP,
        )
        self.commands: dict[str, Any] = dict.fromkeys(TABLE)  # the names, for suggestions; see get_command

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Understand `help COMMAND` as `COMMAND --help`, and print the text of a topic for `help TOPIC`."""
        if args[:1] != ["help"]:
            return super().parse_args(ctx, args)
        _, *asked = args
        if asked and asked[0] in TOPICS:
            sys.stdout.write(self._text_of(ctx, asked[0]))
            ctx.exit()
        if asked and asked[0] not in TABLE and not asked[0].startswith("-"):
            from facesnap_cli.cli.other_words import unknown_command

            raise unknown_command(
                asked[0], "facesnap help", {name: entry.help for name, entry in TABLE.items()} | TOPICS
            )
        return super().parse_args(ctx, [*asked, "--help"])

    def _text_of(self, ctx: Any, topic: str) -> str:
        if topic != OPTIONS:
            return text_of(topic)
        formatter = ctx.make_formatter()
        self.write_options(ctx, formatter)
        return str(formatter.getvalue()).lstrip("\n")

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in TABLE:
            return None
        command = get_command(import_module(f"facesnap_cli.commands.{TABLE[cmd_name].module}").app)
        command.name = cmd_name
        return command

    def short_help_of(self, name: str) -> str:
        return TABLE[name].help

    def list_commands(self, ctx: Any) -> list[str]:
        return list(TABLE)

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, which fits 32 lines of 80 columns."""
        width = max(map(len, TABLE))
        formatter.write(f"Usage: facesnap COMMAND [OPTIONS]\n{self.help}\n")
        for group in dict.fromkeys(entry.group for entry in TABLE.values()):
            formatter.write(f"{group}:\n")
            for name, entry in TABLE.items():
                if entry.group == group:
                    formatter.write(f"  {name:{width}}  {entry.help}\n")
        formatter.write(f"More: facesnap help COMMAND|{'|'.join(TOPICS)}\n")

    def invoke(self, ctx: Any) -> Any:
        if ctx.params.pop("version"):
            sys.stdout.write(f"facesnap {__version__}\n")
            return None
        App.of(ctx).add_options(ctx.params)
        return super().invoke(ctx)
