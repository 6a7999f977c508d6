"""Blocks of lines at the console's width: words wrap, long names break only if a line of their own is too short.

rich's tables break names in narrow columns, and pad each line with blanks.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions
from rich.text import Text

# Columns that a text has at least.
_NARROWEST = 4


@dataclass(frozen=True)
class Block:
    """A coloured word, and lines to the right of it."""

    word: str
    style: str
    lines: tuple[str, ...]
    indent: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the lines."""
        wrapped = [part for line in self.lines for part in wrap(line, options.max_width - self.indent)]
        yield Text.assemble((self.word.ljust(self.indent), self.style), wrapped[0])
        yield from (Text(" " * self.indent + line) for line in wrapped[1:])


@dataclass(frozen=True)
class Columns:
    """A text, columns of fixed width to the right of it, and a line below it."""

    text: str
    columns: tuple[tuple[str, int], ...]
    below: str = ""
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the lines."""
        cells = "".join(
            f"  {value.rjust(width) if width < 10 else value.ljust(width)}" for value, width in self.columns
        )
        room = options.max_width - len(cells)
        first, *rest = wrap(self.text, room)
        yield Text.assemble(first.ljust(room), (cells.rstrip(), self.style))
        yield from (Text(line) for line in rest)
        yield from (Text(f"  {line}") for line in wrap(self.below, options.max_width - 2) if line)


@dataclass(frozen=True)
class Code:
    """A call: on one line if that fits, else with an argument on each line. It can be copied either way."""

    function: str
    arguments: tuple[str, ...]
    indent: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the lines."""
        space = " " * self.indent
        line = f"{space}{self.function}({', '.join(self.arguments)})"
        if len(line) <= options.max_width:
            yield Text(line)
            return
        yield Text(f"{space}{self.function}(")
        yield from (Text(f"{space}    {argument},") for argument in self.arguments)
        yield Text(f"{space})")


def wrap(text: str, width: int) -> list[str]:
    """Return the lines of a text; a word that is longer than a line is broken, nothing is cut.

    A text has at least some columns: on a console that is too narrow for them, the console breaks the lines again.
    """
    return textwrap.wrap(text, max(_NARROWEST, width), break_on_hyphens=False) or [""]
