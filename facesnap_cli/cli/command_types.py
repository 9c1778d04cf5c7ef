"""Give every command the common options, before or after the command's name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from facesnap_cli.cli import options
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import UsageError

MAY_BE_EMPTY = frozenset({"--user-data"})
HELP = {"help_option_names": ["--help", "-h"], "max_content_width": 100}


def local_options(
    profile: options.ProfileOption = None,
    config: options.ConfigOption = None,
    output: options.OutputOption = None,
    query: options.QueryOption = None,
    quiet: options.QuietOption = False,
    verbose: options.VerboseOption = False,
    debug: options.DebugOption = False,
    log_file: options.LogFileOption = None,
    no_color: options.NoColorOption = False,
) -> None:
    """The options of every command."""


def service_options(
    header: options.HeaderOption = None,
    raw: options.RawOption = False,
    http_timeout: options.HttpTimeoutOption = None,
    max_retries: options.MaxRetriesOption = None,
    proxy: options.ProxyOption = None,
    ca_bundle: options.CaBundleOption = None,
) -> None:
    """The options of commands that call the service."""


@cache
def params_of(declaration: Callable[..., None]) -> tuple[Any, ...]:
    """Return the parameters that a function declares."""
    app = typer.Typer(add_completion=False)
    app.command()(declaration)
    return tuple(get_command(app).params)


class LocalCommand(TyperCommand):
    """A command with the common options, which it hands to the App before it runs."""

    common: tuple[Callable[..., None], ...] = (local_options,)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.help, self.examples = split_examples(self.help or "")
        self.own_params = list(self.params)
        own = {name for param in self.params for name in param.opts}
        extra = [param for declaration in self.common for param in params_of(declaration)]
        self.params = [*self.params, *(param for param in extra if not own.intersection(param.opts))]

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        refuse_empty_values(self, ctx, args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        if service_options not in self.common:
            _refuse_service_options(ctx)
        own = {param.name for param in self.own_params}
        App.of(ctx).add_options({name: value for name, value in ctx.params.items() if name not in own})
        ctx.params = {name: value for name, value in ctx.params.items() if name in own}
        if App.of(ctx).options.log_file:
            from facesnap_cli.cli.log_option import open_log

            open_log(App.of(ctx), ctx.command_path, self.own_params, ctx.params)
        return super().invoke(ctx)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Name arguments as the help does: Typer would put them into braces, which are a choice elsewhere."""
        arguments = [param for param in self.get_params(ctx) if param.param_type_name == "argument"]
        return [self.options_metavar or "", *(param.make_metavar(ctx=ctx) for param in arguments)]

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        write_examples(formatter, self.examples)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        common = {id(param) for declaration in self.common for param in params_of(declaration)}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and id(param) not in common:
                sections["Arguments" if param.param_type_name == "argument" else "Options"].append(record)
        for title, records in sections.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)
        formatter.write_paragraph()
        formatter.write_text("--profile, --output and the other common options: facesnap help options")


class ServiceCommand(LocalCommand):
    """A command that calls the service."""

    common = (local_options, service_options)


class CommandGroup(TyperGroup):
    """A command that only has sub-commands. Without one it shows its help on stderr and is a usage error."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.help, self.examples = split_examples(self.help or "")

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args:
            sys.stderr.write(f"{ctx.get_help()}\n")
            name = ctx.command_path.partition(" ")[2]
            raise UsageError(f"{name} needs a command".lstrip())
        refuse_empty_values(self, ctx, args)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command of a line. Raises UsageError with the commands that an unknown word may stand for."""
        known = self.list_commands(ctx)
        if args[0] not in known and not args[0].startswith("-") and not ctx.resilient_parsing:
            from facesnap_cli.cli.other_words import unknown_command

            raise unknown_command(args[0], ctx.command_path, {name: self.short_help_of(name) for name in known})
        return super().resolve_command(ctx, args)

    def format_options(self, ctx: Any, formatter: Any) -> None:
        self.format_commands(ctx, formatter)
        self.write_options(ctx, formatter)

    def write_options(self, ctx: Any, formatter: Any) -> None:
        """Write the group's own options without its commands."""
        records = [record for param in self.get_params(ctx) if (record := param.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        write_examples(formatter, self.examples)

    def short_help_of(self, name: str) -> str:
        """Return what a command's line in the list says."""
        return str(self.commands[name].get_short_help_str(100))


def refuse_empty_values(command: Any, ctx: Any, args: list[str]) -> None:
    """Raise UsageError for an option or argument with an empty value.

    It is what a script passes on whose variable is not set: to ignore it would do something else than was asked for.
    """
    given, _, _ = command.make_parser(ctx).parse_args(args=list(args))
    for param in command.get_params(ctx):
        value = given.get(param.name)
        values = value if isinstance(value, list | tuple) else [value]
        if MAY_BE_EMPTY.intersection(param.opts) or not any(isinstance(v, str) and not v.strip() for v in values):
            continue
        name = param.metavar.strip("[].") if param.param_type_name == "argument" else max(param.opts, key=len)
        raise UsageError(
            f"{name} is given an empty value",
            hint="give it a value, or leave it out; is a shell variable unset?",
        )


def _refuse_service_options(ctx: Any) -> None:
    """Raise UsageError for an option before a local command's name that only commands which call the service heed."""
    root = ctx.find_root()
    for param in params_of(service_options):
        if root.get_parameter_source(param.name).name == "COMMANDLINE":
            raise UsageError(
                f"{param.opts[0]} does not go with {ctx.command_path}", hint="it is for commands that call the service"
            )


def typer_app() -> typer.Typer:
    """Return a Typer for one command module."""
    return typer.Typer(
        cls=CommandGroup,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=HELP,
    )


def split_examples(text: str) -> tuple[str, list[str]]:
    """Return a help text without its paragraphs of command lines, and those lines."""
    paragraphs = text.split("\n\n")
    examples = [each for each in paragraphs if each.startswith(("facesnap ", "source <(facesnap "))]
    return "\n\n".join(each for each in paragraphs if each not in examples), "\n".join(examples).splitlines()


def write_examples(formatter: Any, lines: list[str]) -> None:
    """Write the examples as they are: a command line that were wrapped could not be pasted."""
    if lines:
        with formatter.section("Examples" if len(lines) > 1 else "Example"):
            for line in lines:
                formatter.write(f"{' ' * formatter.current_indent}{line}\n")
