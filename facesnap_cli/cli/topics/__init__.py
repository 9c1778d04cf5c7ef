"""The texts of `facesnap help TOPIC`. `make docs` makes them from the reference in docs/, for machines without it."""

from __future__ import annotations

from pathlib import Path

OPTIONS = "options"  # whose text is made of the options themselves
TOPICS = {
    OPTIONS: "The options of every command.",
    "settings": "The settings of a profile.",
    "plan": "The keys of a plan file.",
    "images": "The files that export --images takes.",
    "durations": "The forms of a DURATION.",
    "exit-codes": "The meaning of each exit status.",
}


def path_of(topic: str) -> Path:
    """Return the file with the text of a topic."""
    return Path(__file__).with_name(f"{topic}.txt")


def text_of(topic: str) -> str:
    """Return the text of a topic, in lines of at most 80 columns."""
    return path_of(topic).read_text(encoding="utf-8")
