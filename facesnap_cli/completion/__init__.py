"""What TAB offers: the command line understood as far as it is typed, values, and four small shell scripts."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence


def complete(arguments: Sequence[str]) -> int:
    """Print what TAB can offer for `--line LINE` (with the program's name) or `-- WORD...` (without), and return 0.

    The shell scripts call it. It never fails: a shell could do nothing with an error.
    """
    from facesnap_cli.completion import table
    from facesnap_cli.completion.offer import offer, words_of
    from facesnap_cli.completion.values import values

    words = words_of(arguments[1]) if arguments[:1] == ["--line"] else arguments[1:]
    found = offer(table.read(), words, values(os.environ))
    sys.stdout.write("\n".join(found.lines()) + "\n")
    return 0
