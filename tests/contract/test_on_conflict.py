"""A template has the choice as a text, which the handler reads by its name: both stay, or deployed exports break."""

from cdk_cleanroomsml_contract.on_conflict import OnConflict


def test_the_texts_are_pinned() -> None:
    assert [choice.value for choice in OnConflict] == ["FAIL", "ADOPT"]


def test_the_handler_finds_a_choice_by_the_text_in_the_template() -> None:
    assert {choice.value: choice for choice in OnConflict} == dict(OnConflict.__members__)
