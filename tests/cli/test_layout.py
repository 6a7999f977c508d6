"""How lines wrap."""

import pytest

from cdk_cleanroomsml_cli.layout import wrap


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
