"""Updates and rollbacks across the whole handler: only another identity starts another export."""

import pytest

from audience_export_handler.core.request import physical_id
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import FAILING_JOB, UNKNOWN_JOB
from tests.builders.events import properties
from tests.fakes.deployment import Deployment


class TestUpdate:
    def test_a_change_outside_the_identity_starts_nothing(self, deployment: Deployment) -> None:
        created = deployment.request()
        updated = deployment.update(created, old=properties(), new=properties(Description="new words"))
        assert len(deployment.starts()) == 1
        assert updated["PhysicalResourceId"] == created["PhysicalResourceId"]
        assert updated["Data"] == created["Data"]

    def test_another_size_is_another_export_under_another_physical_id(self, deployment: Deployment) -> None:
        created = deployment.request()
        updated = deployment.update(
            created, old=properties(), new=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "20"})
        )
        assert updated["Status"] == "SUCCESS"
        assert updated["PhysicalResourceId"] != created["PhysicalResourceId"]
        assert len(set(deployment.starts())) == 2

    def test_another_size_under_the_same_given_name_is_a_conflict(self, deployment: Deployment) -> None:
        created = deployment.request(ResourceProperties=properties(Name="mine"))
        updated = deployment.update(
            created,
            old=properties(Name="mine"),
            new=properties(Name="mine", AudienceSize={"Type": "PERCENTAGE", "Value": "20"}),
        )
        assert updated["Reason"].startswith("ConflictException: ")
        assert "An export cannot be changed" in updated["Reason"]
        assert deployment.starts() == ["mine"]

    def test_a_failed_update_answers_with_the_id_that_it_was_sent(self, deployment: Deployment) -> None:
        updated = deployment.request(
            "Update",
            PhysicalResourceId="the recorded one",
            ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}),
            OldResourceProperties=properties(),
        )
        assert (updated["Status"], updated["PhysicalResourceId"]) == ("FAILED", "the recorded one")

    def test_an_update_without_its_export_starts_nothing(self, deployment: Deployment) -> None:
        held = {"PhysicalResourceId": physical_id(deployment.event())}
        updated = deployment.update(held, old=properties(), new=properties())
        assert updated["Reason"].startswith("ExportNotFound: ")
        assert deployment.starts() == []

    def test_a_failed_update_that_is_tried_again_may_start_again(self, deployment: Deployment) -> None:
        """Without rollback the old properties are those that failed; the physical id is still the held export's."""
        created = deployment.request()
        failing = properties(AudienceGenerationJobArn=FAILING_JOB)
        assert deployment.update(created, old=properties(), new=failing)["Reason"].startswith("CREATE_FAILED: ")
        again = deployment.update(created, old=failing, new=failing)
        first, second, third = deployment.starts()
        assert (first, f"{second}-2") == (created["Data"]["Name"], third)
        assert again["PhysicalResourceId"] == created["PhysicalResourceId"]
        assert deployment.update(created, old=failing, new=properties())["Data"] == created["Data"]
        assert len(deployment.starts()) == 3

    def test_another_revision_is_another_export(self, deployment: Deployment) -> None:
        created = deployment.request()
        updated = deployment.update(created, old=properties(), new=properties(Revision="2"))
        assert updated["Status"] == "SUCCESS"
        assert updated["PhysicalResourceId"] != created["PhysicalResourceId"]
        assert len(set(deployment.starts())) == 2


class TestAdvice:
    """What the reason advises helps, and what it says does not help does not."""

    @pytest.mark.parametrize(
        ("name", "other"), [("mine", {"Name": "next"}), (None, {"Revision": "2"})], ids=["given name", "generated name"]
    )
    def test_a_held_export_that_failed_later(
        self, deployment: Deployment, name: str | None, other: dict[str, str]
    ) -> None:
        declared = properties(AudienceGenerationJobArn=FAILING_JOB, Name=name, WaitForCompletion="false")
        created = deployment.request(ResourceProperties=declared)
        assert created["Status"] == "SUCCESS"
        deployment.clock.sleep(600)
        described = declared | {"Description": "new words"}
        for _ in range(2):
            failed = deployment.update(created, old=declared, new=described)
            assert failed["Reason"].startswith("CREATE_FAILED: ")
            assert "deploying again does not start another one" in failed["Reason"]
            assert f"set another {next(iter(other)).lower()}" in failed["Reason"]
        assert len(deployment.starts()) == 1
        assert deployment.update(created, old=declared, new=declared | other)["Status"] == "SUCCESS"
        assert len(set(deployment.starts())) == 2

    @pytest.mark.parametrize("stays", [True, False], ids=["update", "create"])
    def test_a_new_export_that_failed_under_a_generated_name(self, deployment: Deployment, stays: bool) -> None:
        """A failed update leaves the held id, and a failed create leaves nothing: deploying again moves on."""
        failing = properties(AudienceGenerationJobArn=FAILING_JOB)
        held = deployment.request() if stays else {}
        for _ in range(2):
            failed = (
                deployment.update(held, old=properties(), new=failing)
                if stays
                else deployment.request(ResourceProperties=failing)
            )
            assert "deploy again. The next deployment requests a new export, with the next number" in failed["Reason"]
        assert deployment.starts()[-1] == f"{deployment.starts()[-2]}-2"

    def test_a_new_export_that_failed_under_a_given_name(self, deployment: Deployment) -> None:
        """This service does not let the name be used again; another name always starts another export."""
        failing = properties(AudienceGenerationJobArn=FAILING_JOB, Name="mine")
        failed = deployment.request(ResourceProperties=failing)
        assert "deploy again with another name" in failed["Reason"]
        assert deployment.request(ResourceProperties=failing)["Reason"].startswith("ConflictException: ")
        again = deployment.request(ResourceProperties=failing | {"Name": "next"})
        assert again["Reason"].startswith("CREATE_FAILED: ")

    def test_a_held_export_that_is_not_listed(self, deployment: Deployment) -> None:
        held = {"PhysicalResourceId": physical_id(deployment.event())}
        missing = deployment.update(held, old=properties(), new=properties())
        assert "set another revision" in missing["Reason"]
        assert deployment.update(held, old=properties(), new=properties(Revision="2"))["Status"] == "SUCCESS"


class TestRollback:
    def test_a_rollback_returns_to_its_export_without_a_start(self, deployment: Deployment) -> None:
        first = deployment.request(ResourceProperties=properties(Name="mine"))
        deployment.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        answer = deployment.request(
            "Update",
            PhysicalResourceId="another",
            ResourceProperties=properties(Name="mine"),
            OldResourceProperties=properties(Name="next"),
        )
        assert (answer["Status"], answer["Data"]) == ("SUCCESS", first["Data"])
        assert deployment.starts() == ["mine"]

    @pytest.mark.parametrize("lists_empty", [True, False], ids=["lists nothing", "cannot be listed"])
    @pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_IN_PROGRESS"], ids=["shown", "stale"])
    def test_a_rollback_to_a_deleted_generation_job_can_be_continued_without_it(
        self, deployment: Deployment, status: str, lists_empty: bool
    ) -> None:
        """Nobody can correct a property in a rollback. DescribeStacks may not show yet that it is one."""
        deployment.emulator.service.readings = Readings(unknown_job_lists_empty=lists_empty)
        deployment.control.stack_status = status
        answer = deployment.request(
            "Update",
            PhysicalResourceId="another",
            ResourceProperties=properties(AudienceGenerationJobArn=UNKNOWN_JOB),
            OldResourceProperties=properties(),
        )
        assert answer["Status"] == "FAILED"
        assert (
            "ontinue the rollback without this resource (ContinueUpdateRollback with ResourcesToSkip)"
            in answer["Reason"]
        )
        assert deployment.emulator.service.exports == []
