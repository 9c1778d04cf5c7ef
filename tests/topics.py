"""Turn pages of the reference into the plain texts that `facesnap help TOPIC` prints: a part of `make docs`."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

WIDTH = 79
# Where the text of a topic ends in its page: what follows is too much for a terminal.
_ENDS = {"images": "\n## The next export\n"}
_WIDEST_FIRST_COLUMN = 22
_LIST_ITEM = re.compile(r"(- |\d+\. )")


def text_of_topic(topic: str, page: str) -> str:
    """Return a page as text of at most 80 columns, without its title and the paragraph that says its purpose."""
    _, _, after = page.partition(_ENDS.get(topic, "\0"))[0].partition("\nAfter this page ")
    blocks = after.partition("\n\n")[2].strip().split("\n\n")
    return "\n\n".join("\n".join(_block(block)) for block in _with_whole_fences(blocks)) + "\n"


def _with_whole_fences(blocks: Sequence[str]) -> Iterator[str]:
    """Yield blocks, those of a fence together."""
    fence: list[str] = []
    for block in blocks:
        fence.append(block)
        if "\n\n".join(fence).count("```") % 2 == 0:
            yield "\n\n".join(fence)
            fence = []


def _block(block: str) -> Iterator[str]:
    if block.startswith("#"):
        yield f"{_plain(block.lstrip('# '))}:"
    elif block.startswith("```"):
        yield from (f"    {line}".rstrip() for line in block.splitlines()[1:-1])
    elif block.startswith("|"):
        yield from _table(block.splitlines())
    elif _LIST_ITEM.match(block):
        for item in re.split(r"\n(?=- |\d+\. )", block):
            mark = _LIST_ITEM.match(item)
            indent = " " * len(mark[0]) if mark else ""
            yield from textwrap.wrap(_plain(item), WIDTH, subsequent_indent=indent, break_on_hyphens=False)
    else:
        yield from textwrap.wrap(_plain(block), WIDTH, break_on_hyphens=False)


def _table(lines: Sequence[str]) -> Iterator[str]:
    """Yield the rows of a table: the first cell, and beside or below it the others, the last ones with their titles."""
    titles, _, *rows = [[_plain(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    width = max(len(row[0]) for row in rows)
    is_wide = width > _WIDEST_FIRST_COLUMN
    indent = " " * (6 if is_wide else width + 4)
    for first, *others in rows:
        named = [(title, text) for title, text in zip(titles[1:], others, strict=True) if text]
        # The column without a title, or else the second one, is the text.
        named.sort(key=lambda cell: cell[0] != (titles[1] if all(titles) else ""))
        texts = [text if number == 0 else f"{title}: {text}" for number, (title, text) in enumerate(named)]
        paragraphs = [textwrap.wrap(text, WIDTH - len(indent), break_on_hyphens=False) for text in texts]
        below = [f"{indent}{line}".rstrip() for paragraph in paragraphs for line in paragraph]
        if is_wide or not below:
            yield from (*textwrap.wrap(first, WIDTH, initial_indent="  ", subsequent_indent="    "), *below)
        else:
            yield f"  {first:{width}}  {below[0].strip()}"
            yield from below[1:]


def _plain(text: str) -> str:
    """Return a text without the marks of Markdown."""
    text = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", " ".join(text.split()))
    return text.replace("`", "").replace("**", "").replace("\\|", "|")
