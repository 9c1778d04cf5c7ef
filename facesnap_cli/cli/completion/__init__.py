"""Offer words and values to TAB: parse the typed line, list candidates, print the shell scripts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def complete(arguments: Sequence[str]) -> int:
    """Print what TAB can offer for `--line LINE` (with the program's name) or `-- WORD...` (without), and return 0.

    The shell scripts call it. It never fails: a shell could do nothing with an error.
    """
    from facesnap_cli.cli.completion import command_words
    from facesnap_cli.cli.completion.candidates import offer, words_of
    from facesnap_cli.cli.completion.value_candidates import values

    words = words_of(arguments[1]) if arguments[:1] == ["--line"] else arguments[1:]
    found = offer(command_words.read(), words, values(os.environ))
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 0
