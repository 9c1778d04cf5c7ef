"""The options that recur, each declared once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from facesnap_cli.common.errors import UsageError
from facesnap_cli.common.escape import harmless
from facesnap_cli.config.paths import OutputPath, Writing, output_path, user_path


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a number of an option, and says in words what it may be."""

    def number(text: str) -> int:
        if str(text).isascii() and str(text).isdigit() and least <= int(str(text)[:9]) <= most:
            return int(text)
        raise typer.BadParameter(f"must be a whole number from {least} to {most}")

    return number


def input_path(name: str) -> Callable[[str], Path]:
    """Return what reads the path of something that a command reads."""

    def parse(text: str) -> Path:
        try:
            return user_path(text)
        except UsageError as error:
            raise UsageError(f"{name} {error.message}") from None

    return parse


def output_file(name: str, writing: Writing) -> Callable[[str], OutputPath]:
    """Return what reads the path of a file that a command writes; `App.check_outputs` checks it."""

    def parse(text: str) -> OutputPath:
        label = f"{name} {harmless(text)}"
        try:
            return output_path(text, label, writing)
        except UsageError as error:
            raise UsageError(f"{label}: {error.message}") from None

    return parse


# The help itself names a default that is not the parameter's own, such as that of a setting.
ProfileOption = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="PROFILE",
        help="Use this profile (default: FACESNAP_PROFILE, or the file's default).",
    ),
]
ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config", metavar="FILE", help="Use this configuration file (default: the one that config path prints)."
    ),
]
OutputOption = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="FORMAT", help="table, json, jsonl, tsv, id or none (default: table)."),
]
QueryOption = Annotated[str | None, typer.Option("--query", metavar="JMESPATH", help="Print only this of the JSON.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress and no notes.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say more on stderr.")]
DebugOption = Annotated[bool, typer.Option("--debug", help="Show each request and answer; the key stays hidden.")]
LogFileOption = Annotated[
    OutputPath | None,
    typer.Option(
        "--log-file",
        metavar="FILE",
        parser=output_file("--log-file", Writing.APPENDED),
        help="Append what --verbose shows to this file, with times.",
    ),
]
NoColorOption = Annotated[bool, typer.Option("--no-color", help="Print without colours.")]
HeaderOption = Annotated[
    list[str] | None, typer.Option("--header", metavar="'K: V'", help="Send this header too. Repeatable.")
]
RawOption = Annotated[bool, typer.Option("--raw", help="Print the service's answers as they come, and nothing else.")]
HttpTimeoutOption = Annotated[
    str | None, typer.Option("--http-timeout", metavar="DURATION", help="Time for one request (default: 30s).")
]
MaxRetriesOption = Annotated[
    str | None, typer.Option("--max-retries", metavar="N", help="How often a request is sent again (default: 4).")
]
ProxyOption = Annotated[
    str | None, typer.Option("--proxy", metavar="URL", help="Go through this proxy (default: HTTPS_PROXY).")
]
CaBundleOption = Annotated[
    str | None,
    typer.Option("--ca-bundle", metavar="FILE", help="Trust the authorities in this PEM file (default: the system's)."),
]

TypeOption = Annotated[
    str | None,
    typer.Option(
        "--type",
        "-t",
        metavar="TYPE",
        help="FaceList, LargeFaceList, PersonGroup or LargePersonGroup (default: the profile's type).",
    ),
]
TypeFilterOption = Annotated[
    str | None,
    typer.Option(
        "--type",
        "-t",
        metavar="TYPE",
        help="Only this type: FaceList, LargeFaceList, PersonGroup or LargePersonGroup.",
    ),
]
ObjectIdOption = Annotated[
    str | None,
    typer.Option("--object-id", "-i", metavar="OBJECT_ID", help="The object's id (default: the profile's object_id)."),
]
NewObjectIdOption = Annotated[
    str | None,
    typer.Option(
        "--object-id",
        "-i",
        metavar="OBJECT_ID",
        help="The id of the object to make (default: the profile's object_id, or else the source's id).",
    ),
]
ApplyScopeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--apply-scope",
        "-s",
        metavar="GUID",
        help="A subscription that may apply the snapshot (default: the profile's apply_scope). Repeatable.",
    ),
]
UserDataOption = Annotated[
    str | None,
    typer.Option("--user-data", metavar="TEXT", help="Text to keep with the snapshot: text, @FILE, or - for stdin."),
]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Return when the service has accepted it.")]
TimeoutOption = Annotated[
    str | None,
    typer.Option(
        "--timeout", metavar="DURATION", help="Wait no longer than this, then exit with 8 (default: no limit)."
    ),
]
PollIntervalOption = Annotated[
    str | None,
    typer.Option(
        "--poll-interval", metavar="DURATION", help="Poll at this fixed interval (default: 1s at first, later rarer)."
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", "-n", help="Show what would be done, and do nothing.")]
SnapshotArgument = Annotated[
    str, typer.Argument(metavar="SNAPSHOT", help="Its id, 6 or more characters of its beginning, or latest.")
]
OperationsArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[OPERATION]...", help="Operation ids, or their beginnings.")
]
ArchiveArgument = Annotated[
    Path,
    typer.Argument(metavar="ARCHIVE", parser=input_path("ARCHIVE"), help="A file that facesnap export has written."),
]
