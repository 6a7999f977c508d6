"""The picture of the demo is drawn from the text beside it; tests/test_demo.py compares the text with a run."""

import re

from website import recording


def test_the_picture_shows_the_text() -> None:
    assert recording.draw(recording.TEXT.read_text()) == recording.PICTURE.read_text(), "make recording draws it"


def test_the_picture_loads_nothing_from_elsewhere() -> None:
    picture = recording.PICTURE.read_text()
    assert not re.findall(r"url\((?!#)|@import|href=\"http|<image", picture)
    assert max(map(len, recording.TEXT.read_text().splitlines())) <= recording.WIDTH


def test_times_make_no_difference_and_words_do() -> None:
    one = "== cdk synth\n  12.0 s as expected: it exists, created 2026-11-27T12:54:35.791000+00:00\n"
    other = "== cdk synth\n   9.5 s as expected: it exists, created 2027-01-01T00:00:00+00:00\n"
    assert recording.without_times(one) == recording.without_times(other)
    assert recording.without_times(one) != recording.without_times(other.replace("exists", "is there"))


def test_the_excerpt_is_from_the_check_to_the_taken_name() -> None:
    output = "first\n\n== cdk synth, and more\na\n\n== cdk deploy\nb\n\n== cdk deploy with a size that\nc\n"
    assert recording.excerpt(output) == "== cdk synth, and more\na\n\n== cdk deploy\nb\n"
