"""Templates that are deployed refer to the attributes by these names, so a name that changes would break them."""

from botocore.loaders import Loader
from botocore.model import ServiceModel

from cdk_cleanroomsml_contract import attributes


def offered() -> list[str]:
    return [value for name, value in vars(attributes).items() if name.isupper()]


def test_the_names_are_pinned() -> None:
    assert offered() == [
        "Name",
        "Status",
        "OutputLocation",
        "CreateTime",
        "UpdateTime",
        "AudienceGenerationJobArn",
        "AudienceSizeType",
        "AudienceSizeValue",
        "RelevanceScore",
        "Recall",
    ]


def test_they_are_the_members_of_a_listed_export_and_the_scores_of_its_job() -> None:
    """A member that the service adds is one to think about."""
    model = ServiceModel(Loader().load_service_model("cleanroomsml", "service-2"), "cleanroomsml")
    summary = model.shape_for("AudienceExportJobSummary")
    members = {name[0].upper() + name[1:] for name in summary.members}  # type: ignore[attr-defined]
    left_out, as_two = {"Description", "StatusDetails"}, {"AudienceSize"}
    expected = (members - left_out - as_two) | {"AudienceSizeType", "AudienceSizeValue"}
    assert set(offered()) == expected | {attributes.RELEVANCE_SCORE, attributes.RECALL}
