"""facesnap emulator"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from facesnap_cli.cli import options
from facesnap_cli.cli.command_types import LocalCommand, typer_app
from facesnap_cli.cli.context import App
from facesnap_cli.common.errors import UsageError
from facesnap_cli.config.paths import InputPath, OutputPath, Writing

app = typer_app()


@app.callback()
def emulator() -> None:
    """Run a Face service on this machine: for trying, for tests, for CI."""


@app.command(cls=LocalCommand)
def start(
    ctx: typer.Context,
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Listen here.")] = "127.0.0.1",
    port: Annotated[
        int,
        typer.Option(
            "--port", metavar="PORT", parser=options.whole_number(0, 65535), help="Listen here; 0 takes a free port."
        ),
    ] = 8765,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            parser=options.input_path("--data"),
            help="Keep the state there (default: in memory).",
        ),
    ] = None,
    seed: Annotated[
        str | None,
        typer.Option("--seed", metavar="demo|FILE.json", help="Start with these groups and lists (default: none)."),
    ] = None,
    take_time: Annotated[
        str, typer.Option("--take-time", metavar="S[/1000]", help="Seconds a take lasts, or per 1,000 entries.")
    ] = "2",
    apply_time: Annotated[
        str, typer.Option("--apply-time", metavar="S[/1000]", help="Seconds an apply lasts, or per 1,000 entries.")
    ] = "2",
    train_time: Annotated[
        str, typer.Option("--train-time", metavar="S[/1000]", help="Seconds a training lasts, or per 1,000 entries.")
    ] = "0.2",
    dialect: Annotated[
        str,
        typer.Option("--dialect", metavar="2019-01|2019-06|2020-09|2021-03", help="Answer as the service did then."),
    ] = "2021-03",
    service: Annotated[
        str,
        typer.Option(
            "--service",
            metavar="available|retired|gated|gated-flat",
            help="Refuse snapshots as the service does now, or what needs approval as without it.",
        ),
    ] = "available",
    tier: Annotated[
        str | None,
        typer.Option(
            "--tier",
            metavar="F0|S0",
            help="The tier of all accounts, with its rate limit and quota (default: each one's own).",
        ),
    ] = None,
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", metavar="SPEC", help="Inject a fault: 'METHOD /path key=value ...'. Repeatable."),
    ] = None,
    accounts: Annotated[
        Path | None,
        typer.Option(
            "--accounts",
            metavar="FILE.json",
            parser=options.input_path("--accounts"),
            help="Play these accounts (default: two built-in ones).",
        ),
    ] = None,
    https: Annotated[
        bool, typer.Option("--https", help="Serve HTTPS with a self-made certificate, unless --cert gives one.")
    ] = False,
    cert: Annotated[
        Path | None,
        typer.Option(
            "--cert", metavar="FILE.pem", parser=options.input_path("--cert"), help="Serve HTTPS with this certificate."
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            "--key",
            metavar="FILE.pem",
            parser=options.input_path("--key"),
            help="The certificate's private key, unless in --cert.",
        ),
    ] = None,
    oauth: Annotated[
        str | None,
        typer.Option("--oauth", metavar="basic", help="Accept tokens; check form, issuer, audience and expiry."),
    ] = None,
    loose: Annotated[bool, typer.Option("--loose", help="Accept unknown versions, parameters and members.")] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", metavar="NAME", help="Answer to this host name too. Repeatable."),
    ] = None,
    access_log: Annotated[
        OutputPath | None,
        typer.Option(
            "--access-log",
            metavar="FILE",
            parser=options.output_file("--access-log", Writing.APPENDED),
            help="Append a line for each request there.",
        ),
    ] = None,
) -> None:
    """Start the emulator and run it until Ctrl-C or SIGTERM.

    It prints its endpoint, its keys and a line for each SDK first.

    facesnap emulator start --seed demo --port 0 -o json
    """
    _require_extra()
    from facesnap_cli.emulator.http_server import EmulatorOptions, serve

    app = App.of(ctx)
    if access_log is not None:
        read = {"--accounts": accounts, "--cert": cert, "--key": key}
        app.check_outputs([access_log], [InputPath(path, option) for option, path in read.items() if path is not None])
    emulator_options = EmulatorOptions(
        host=host,
        port=port,
        data=data,
        seed=seed if seed in (None, "demo") else str(options.input_path("--seed")(seed)),
        take_time=take_time,
        apply_time=apply_time,
        train_time=train_time,
        dialect=dialect,
        service=service,
        tier=tier,
        faults=tuple(fault or ()),
        accounts=accounts,
        https=https,
        cert=cert,
        key=key,
        oauth=oauth,
        loose=loose,
        allowed_hosts=tuple(allow_host or ()),
        access_log=None if access_log is None else access_log.path,
        debug=app.options.debug,
    )
    serve(emulator_options, _announcer(app), app.messages)


def _require_extra() -> None:
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        raise UsageError("the emulator is not installed", hint="pip install 'facesnap-cli[emulator]'")


def _announcer(app: App) -> Callable[[dict[str, Any]], None]:
    """Return what prints the banner at once: as text, or for scripts on one line, also with `-o json`."""
    from facesnap_cli.display.columns import View
    from facesnap_cli.display.output import Output
    from facesnap_cli.emulator.banner import banner_lines

    style = app.output_style
    output = Output(style="jsonl" if style == "json" else style, query=app.options.query)
    view = View((), lambda banner: banner["endpoint"])

    def announce(banner: dict[str, Any]) -> None:
        if style == "table" and app.options.query is None:
            output.lines(banner_lines(banner))
        else:
            output.record(banner, view)
        output.flush()

    return announce
