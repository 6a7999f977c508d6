"""The form of a reason: code first, then the export, what was said, and what to do, as sentences."""

import pytest

from audience_export_handler.core.failure import ExportFailure

FORMS = {
    "no full stops": ("it is taken", "Choose another name", "it is taken. Choose another name."),
    "full stops": ("it is taken.", "Choose another name.", "it is taken. Choose another name."),
    "other ends": ("it is taken!", "Is it yours?", "it is taken! Is it yours?"),
    "spaces": ("it is taken \n", " Choose another name ", "it is taken. Choose another name."),
    "no advice": ("it is taken", "", "it is taken."),
}


@pytest.mark.parametrize(("said", "advice", "expected"), FORMS.values(), ids=list(FORMS))
def test_a_reason_is_made_of_sentences(said: str, advice: str, expected: str) -> None:
    failure = ExportFailure("ConflictException", "the export", said, advice)
    assert failure.reason == f"ConflictException: the export: {expected}"
    assert str(failure) == failure.reason
    assert failure.code == "ConflictException"


def test_more_is_said_after_what_was_said_and_after_the_advice() -> None:
    failure = ExportFailure("DeadlineExceeded", "the export", "it took long", "Deploy again.")
    extended = failure.extended(said="It was pending.", advice="See the log.")
    assert extended.reason == "DeadlineExceeded: the export: it took long. It was pending. Deploy again. See the log."
    assert failure.extended(said="", advice="").reason == failure.reason
