"""docs/errors.md shows every code that a deployment can fail with, with the reason that the code makes."""

import inspect
import re
from pathlib import Path

from audience_export_handler.core import advice, reasons
from tests.builders.failures import EXAMPLES, documented, refreshed

PAGE = (Path(__file__).parents[2] / "docs" / "errors.md").read_text()


def test_the_examples_are_what_the_code_makes() -> None:
    assert refreshed(PAGE) == PAGE, "make reasons writes them"


def test_every_example_is_shown_once() -> None:
    assert sorted(documented(PAGE)) == sorted(EXAMPLES)


def test_an_example_has_the_code_of_its_section() -> None:
    assert {code: failure.code for code, failure in EXAMPLES.items()} == {code: code for code in EXAMPLES}


def test_every_code_of_the_handler_and_every_code_with_advice_has_a_section() -> None:
    own = set(re.findall(r'ExportFailure\(\s*"(\w+)"', inspect.getsource(reasons)))
    assert len(own) >= 12
    assert own | set(advice._ADVICE) <= set(EXAMPLES)


def test_every_section_says_what_happened_and_what_to_do() -> None:
    sections = re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]
    assert len(sections) == len(EXAMPLES)
    for section in sections:
        assert "\n**What happened.** " in section, section[:40]
        assert "\n**What to do.** " in section, section[:40]
