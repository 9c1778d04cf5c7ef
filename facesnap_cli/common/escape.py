"""Text from others made harmless, and numbers, durations and times as people write them. Stdlib only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from facesnap_cli.common.errors import UsageError

# Control characters (C0, DEL, C1), line and paragraph separators, directional formatting (which can make a
# terminal show text in another order than it is in), other invisible format characters, lone surrogates.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_SHORT_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)([smhd]?)", re.ASCII)
_UNIT_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST_S = 3650 * 86400.0
_SHOWN_CHARS = 80
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:[Zz]|\+00:00)?")


def harmless(text: str) -> str:
    """Return `text` on one line, with every character that a terminal could obey as a visible escape."""
    return _HARMFUL.sub(_visible, text)


def shown(text: str) -> str:
    """Return `text` in quotes for a message: harmless, and cut where it is long."""
    safe = harmless(text)
    return repr(safe if len(safe) <= _SHOWN_CHARS else f"{safe[:_SHOWN_CHARS]}…")


def harmless_json(text: str) -> str:
    r"""Return serialized JSON with the same characters as `\uXXXX`, which JSON reads as the originals.

    Line breaks between tokens stay: inside of strings JSON has escaped them already.
    """
    return _HARMFUL.sub(lambda match: match[0] if match[0] in "\n\t" else _json_escape(match[0]), text)


def _visible(match: re.Match[str]) -> str:
    character = match[0]
    number = ord(character)
    if character in _SHORT_ESCAPES:
        return _SHORT_ESCAPES[character]
    if number <= 0xFF:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def nearest(text: str, choices: Iterable[str]) -> str:
    """Return `; did you mean CHOICE?` for the choice that `text` probably is a misspelling of, or nothing."""
    from difflib import get_close_matches

    by_lower = {choice.lower(): choice for choice in choices}
    found = get_close_matches(text.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[found[0]]}?" if found else ""


def counted(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun: `1 snapshot`, `2,000 snapshots`; `many` where the plural has not just an s."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def storable(text: str) -> str:
    """Return `text` with U+FFFD for half characters (lone surrogates), which neither UTF-8 nor SQLite can hold."""
    return _SURROGATE.sub("\ufffd", text)


def parse_duration(text: str, *, option: str = "") -> float:
    """Return the seconds that `90`, `90s`, `15m`, `20h` or `2d` stands for. Raises UsageError, which names `option`."""
    named = f"{option}: {shown(text)}" if option else shown(text)
    match = _DURATION.fullmatch(text.strip().lower())
    if not match:
        raise UsageError(f"{named} is not a duration", hint="write for example 90s, 15m, 20h or 2d")
    seconds = float(match[1]) * _UNIT_S[match[2]]
    if seconds > _LONGEST_S:
        raise UsageError(f"{named} is longer than ten years")
    return seconds


def written_duration(seconds: float) -> str:
    """Return `seconds` as `parse_duration` reads it: `90s`, `5m`, `20h`, `90d`."""
    unit = next((one for one in ("d", "h", "m") if seconds and seconds % _UNIT_S[one] == 0), "s")
    return f"{seconds / _UNIT_S[unit]:.3f}".rstrip("0").rstrip(".") + unit


def format_duration(seconds: float) -> str:
    """Return `seconds` for people: `4s`, `2m05s`, `3h20m`, `1d04h`."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def format_left(seconds: float) -> str:
    """Return a time that is left for people, in hours as snapshots live: `47h12m`, `12m`, `<1m`, `expired`."""
    minutes = int(seconds // 60)
    if seconds <= 0:
        return "expired"
    if minutes < 60:
        return f"{minutes}m" if minutes else "<1m"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def parse_time(text: object) -> datetime | None:
    """Return the UTC time that the service wrote, or None for anything else.

    The service writes up to seven fractional digits and no offset but `Z`; microseconds are kept.
    """
    match = _TIME.fullmatch(text.strip()) if isinstance(text, str) and len(text) < 64 else None
    if not match:
        return None
    try:
        whole = datetime.fromisoformat(f"{match[1]}T{match[2]}").replace(tzinfo=UTC)
    except ValueError:
        return None
    return whole.replace(microsecond=int((match[3] or "").ljust(6, "0")[:6]))


def format_time(moment: datetime | None) -> str | None:
    """Return RFC 3339 in UTC, fractions trimmed of trailing zeros; None stays None."""
    if moment is None:
        return None
    base = moment.astimezone(UTC).replace(tzinfo=None)
    fraction = f".{base.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{base.replace(microsecond=0).isoformat()}{fraction}Z"
