"""How lines wrap: nothing that a reader needs is cut, and each line fits the console."""

import pytest
from rich.console import Console, RenderableType

from cdk_cleanroomsml_cli.layout import Block, Code, Columns, wrap


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("fits", 10, ["fits"]),
        ("", 10, [""]),
        ("of job my-long-name", 12, ["of job", "my-long-name"]),
        ("abcdefghij", 4, ["abcd", "efgh", "ij"]),
    ],
    ids=["short", "empty", "a name with hyphens", "longer than a line"],
)
def test_wrap(text: str, width: int, lines: list[str]) -> None:
    assert wrap(text, width) == lines


def printed(renderable: RenderableType, width: int) -> list[str]:
    """The lines at a width, as they are, with blanks at the end."""
    console = Console(width=width, markup=False, highlight=False)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get().splitlines()


def coloured(renderable: RenderableType) -> str:
    console = Console(width=40, force_terminal=True, color_system="standard", legacy_windows=False)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


class TestBlock:
    def test_its_lines_are_to_the_right_of_its_word(self) -> None:
        block = Block("fails", "red", ("Campaigns/Spring", "taken"), indent=8)
        assert printed(block, 40) == ["fails   Campaigns/Spring", "        taken"]

    def test_a_long_line_wraps_below_itself(self) -> None:
        block = Block("fails", "red", ("one two three", "four"), indent=8)
        assert printed(block, 15) == ["fails   one two", "        three", "        four"]
        assert printed(block, 14) == ["fails   one", "        two", "        three", "        four"]

    def test_only_its_word_is_coloured(self) -> None:
        assert coloured(Block("fails", "red", ("taken",), indent=6)) == "\x1b[31mfails \x1b[0mtaken\n"


class TestColumns:
    columns = (("7", 7), ("CREATE_PENDING", 16))

    def test_numbers_are_to_the_right_and_words_to_the_left(self) -> None:
        assert printed(Columns("Export", self.columns), 40) == ["Export               7  CREATE_PENDING"]

    def test_nine_characters_are_a_column_of_numbers_and_ten_one_of_words(self) -> None:
        shown = printed(Columns("", (("9", 9), ("10", 10), ("|", 1))), 27)
        assert shown == ["           9  10          |"]

    def test_a_text_that_is_too_long_goes_on_below(self) -> None:
        """It has the room that the columns leave: 40 less 2 + 7 and 2 + 16."""
        shown = printed(Columns("one two three four five", self.columns), 40)
        assert shown == ["one two three        7  CREATE_PENDING", "four five"]
        assert printed(Columns("thirteen four", self.columns), 40)[0].startswith("thirteen four  ")
        assert printed(Columns("fourteen fours", self.columns), 40)[1:] == ["fours"]

    def test_a_text_below_is_indented_by_two_and_wraps(self) -> None:
        shown = printed(Columns("Export", (("7", 7),), below="a-long-name or-two"), 20)
        assert shown == ["Export             7", "  a-long-name or-two"]
        shown = printed(Columns("Export", (("7", 7),), below="a-long-name or-two"), 19)
        assert shown == ["Export            7", "  a-long-name", "  or-two"]

    @pytest.mark.parametrize("width", [1, 10, 27, 28, 30])
    def test_a_console_that_is_too_narrow_still_shows_all_of_it(self, width: int) -> None:
        shown = "".join(printed(Columns("Campaigns/Export", self.columns, below="spring"), width))
        assert sorted(shown.replace(" ", "")) == sorted("Campaigns/Export7CREATE_PENDINGspring")

    def test_without_one_there_is_no_line(self) -> None:
        assert len(printed(Columns("Export", self.columns), 40)) == 1

    def test_only_its_columns_are_coloured(self) -> None:
        assert coloured(Columns("Export", (("7", 7),), style="red")).rstrip() == " ".join(
            ["Export" + " " * 24, "\x1b[31m        7\x1b[0m"]
        )
        assert "\x1b" not in coloured(Columns("Export", self.columns))


class TestCode:
    code = Code("Export", ("...", "name='mine'"), indent=2)

    def test_it_is_one_line_if_that_fits(self) -> None:
        line = "  Export(..., name='mine')"
        assert printed(self.code, len(line)) == [line]

    def test_else_each_argument_has_a_line(self) -> None:
        lines = ["  Export(", "      ...,", "      name='mine',", "  )"]
        assert printed(self.code, len("  Export(..., name='mine')") - 1) == lines
