"""The form of a reason: code first, then the export, what was said, and what to do, as sentences."""

import pytest

from audience_export_handler.core.attempt import announce
from audience_export_handler.core.failure import AnswerNotDelivered, ExportFailure
from tests.builders.requests import START

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


def test_advice_may_come_only_later() -> None:
    failure = ExportFailure("DeadlineExceeded", "the export", "it took long", "")
    assert failure.extended(said="", advice="See the log.").reason.endswith("it took long. See the log.")


def test_control_characters_become_spaces_and_other_letters_stay() -> None:
    failure = ExportFailure("Code", "the export", "a\x00b\x1b[31m\x85c\r\nd", "Größe wählen")
    assert failure.reason == "Code: the export: a b [31m c d. Größe wählen."


def test_a_request_may_leave_an_attempt_behind() -> None:
    failure = ExportFailure("Code", "the export", "no", "")
    assert failure.left is None
    attempt = announce("mine", START, None)
    assert failure.leaving(attempt) is failure
    assert failure.left == attempt


@pytest.mark.parametrize("may_have_arrived", [True, False])
def test_an_answer_that_is_not_confirmed_may_have_arrived(may_have_arrived: bool) -> None:
    error = AnswerNotDelivered("no connection", may_have_arrived=may_have_arrived)
    assert str(error) == "no connection"
    assert error.may_have_arrived is may_have_arrived


def test_a_name_keeps_its_spaces() -> None:
    assert ExportFailure("Code", 'export "a  b"', "no", "").reason == 'Code: export "a  b": no.'
