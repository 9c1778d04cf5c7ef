"""A plan's schedule for the machine itself: cron and systemd."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta

from facesnap_cli.backups.schedules.plan_facts import Scheduled


def crontab(one: Scheduled) -> list[str]:
    """A line for `crontab -e`. Cron keeps the machine's time zone."""
    command = shlex.join([one.program, "run", str(one.plan.resolve()), "--quiet"]).replace("%", r"\%")
    offset = _offset(one, one.now)
    utc, local = one.rhythm.at(), one.rhythm.at(offset)
    moves = len({_offset(one, one.now.replace(month=month, day=1)) for month in (1, 4, 7, 10)}) > 1
    saving = "; where daylight saving begins and ends, it moves by an hour" if moves else ""
    return [
        f"# Cron keeps this machine's time: {utc} UTC is {local} here now{saving}. Mail or [notify] tells of failures.",
        f"{one.rhythm.cron_in(offset)} {command}",
    ]


def systemd(one: Scheduled) -> list[str]:
    """A service and a timer."""
    command = " ".join(_systemd_quoted(word) for word in (one.program, "run", str(one.plan.resolve()), "--quiet"))
    return [
        f"# ~/.config/systemd/user/{one.name}.service",
        "[Unit]",
        f"Description=facesnap run {one.plan.name.replace('%', '%%')}",
        "",
        "[Service]",
        "Type=oneshot",
        "TimeoutStartSec=infinity",
        '# for a profile with key_file = "${CREDENTIALS_DIRECTORY}/face.key":',
        "# LoadCredential=face.key:%h/.config/facesnap/face.key",
        f"ExecStart={command}",
        "",
        f"# ~/.config/systemd/user/{one.name}.timer; then: systemctl --user enable --now {one.name}.timer",
        "[Unit]",
        f"Description=When to run {one.name}",
        "",
        "[Timer]",
        f"OnCalendar={one.rhythm.calendar}",
        "Persistent=true",
        "",
        "[Install]",
        "WantedBy=timers.target",
        "# while nobody is logged in, it runs only after: loginctl enable-linger",
    ]


def _offset(one: Scheduled, moment: datetime) -> timedelta:
    """Return how far the machine's time is ahead of UTC at a moment."""
    return moment.astimezone(one.zone).utcoffset() or timedelta()


def _systemd_quoted(word: str) -> str:
    escaped = word.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if escaped != word or any(char in word for char in " '\t;") else word
