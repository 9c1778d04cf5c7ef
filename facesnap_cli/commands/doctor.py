"""facesnap doctor"""

from __future__ import annotations

from typing import Annotated

import typer

from facesnap_cli.cli.command_types import ServiceCommand, typer_app
from facesnap_cli.cli.context import App

app = typer_app()
AsCronOption = Annotated[
    bool, typer.Option("--as-cron", help="Check as cron would run it: bare environment, no terminal.")
]


@app.command(cls=ServiceCommand)
def doctor(ctx: typer.Context, as_cron: AsCronOption = False) -> None:
    """Check configuration, key, endpoint, clock, snapshot feature and journal: a line each, with what to do.

    facesnap doctor --profile prod --as-cron
    """
    from facesnap_cli.cli.health_checks import Examination, examine_as_cron, verdict
    from facesnap_cli.display.columns import FINDING

    app = App.of(ctx)
    findings = examine_as_cron(app) if as_cron else Examination(app).run()
    app.output.records([finding.document() for finding in findings], FINDING)
    app.raise_if(verdict(findings))
