"""CloudFormation for stacks of audience exports: operations, rollbacks, cleanups, and stacks without rollback.

In an operation, resources run side by side. What AWS leaves open is drawn once for each schedule (`habits.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from tests.fakes.control_plane import ControlPlane
from tests.simulation import odds
from tests.simulation.model.custom_resource import CustomResource, Properties
from tests.simulation.model.following import Followers, ShownResources
from tests.simulation.model.lambda_function import Function
from tests.simulation.model.operation import DELETED, Operation
from tests.simulation.model.permissions import Permissions
from tests.simulation.model.stack_status import ShownStatus, Status
from tests.simulation.model.step_functions import Executions

if TYPE_CHECKING:
    from tests.simulation.model.world import World

Template = dict[str, Properties]  # by logical id


class Stack:
    """A stack with its own provider. `status` is its real one, `shown` what DescribeStacks shows of it.

    A nested stack has another name each time it is created; what stays is its `path`. A stack that is not nested has
    none.
    """

    def __init__(self, world: World, name: str, number: int) -> None:
        self.world = world
        self.name = name
        self.path = f"Root/{name}" if world.nests else None
        physical_name = f"Root-{name}-{number:08}" if world.nests else name
        self.id = f"arn:aws:cloudformation:us-east-1:111122223333:stack/{physical_name}/{number:08}"
        self.control = ControlPlane()
        self.function = Function(world, world.deployed, world.make_handler)
        self.executions = Executions(world, world.deployed.definition, self.function)
        self.control.machine = self.executions
        self.followers: Followers | None = None
        if world.deployed.follower:
            self.followers = self.control.follower = Followers(self, world.deployed.follower, self.function)
            self.executions.follow_with(self.followers)
        self.shown_resources = ShownResources(self)
        self.machine_arn = f"arn:aws:states:us-east-1:111122223333:stateMachine:{name}-{number}"
        self.resources: dict[str, CustomResource] = {}
        self.operation = Operation(world, "none")
        self.permissions = Permissions(world, world.timeline.now)
        self.shown = ShownStatus(world)
        self._updated_at: datetime | None = None
        # The last state that was complete, None before there was one, and what has been touched since.
        self._stable: Template | None = None
        self._touched: dict[str, None] = {}
        self.status = "REVIEW_IN_PROGRESS"

    @property
    def status(self) -> str:
        return self._status

    @status.setter
    def status(self, status: str) -> None:
        self._status = status
        self.shown.changed(status, self._updated_at, self.operation)
        self.world.tell("stack {} is {}", self.name, status)

    def show(self) -> Status:
        """Have DescribeStacks show what a reading shows now."""
        shown = self.shown.read()
        self.control.stack_status, self.control.stack_updated = shown.name, shown.updated_at
        return shown

    def create_without_exports(self) -> None:
        """Create the stack with other resources only: the exports and their provider come with an update."""
        self._begin("CREATE_IN_PROGRESS")
        self._complete("CREATE_COMPLETE", {})

    def deploy_provider(self) -> None:
        """Create the provider of the exports now."""
        self.permissions = Permissions(self.world, self.world.timeline.now)

    def create(self, template: Template, meanwhile: Callable[[Operation], None], *, keeps: bool = False) -> None:
        """Create the stack; ends as CREATE_COMPLETE, ROLLBACK_COMPLETE, ROLLBACK_FAILED, or deleted meanwhile.

        Without rollback it may end as CREATE_FAILED.
        """
        operation = self._begin("CREATE_IN_PROGRESS", meanwhile, keeps=keeps)
        self._create_and_update(operation, template)
        if operation.failed.is_set and operation.failed.value == DELETED:
            self.delete()
        elif operation.failed.is_set:
            self.roll_back()
        elif operation.has_failures:
            self._finish("CREATE_FAILED")
        else:
            self._complete("CREATE_COMPLETE", template)

    def update(self, template: Template, meanwhile: Callable[[Operation], None], *, keeps: bool = False) -> None:
        """Update the stack; ends as UPDATE_COMPLETE, UPDATE_ROLLBACK_COMPLETE or UPDATE_ROLLBACK_FAILED.

        Without rollback it may end as UPDATE_FAILED.
        """
        self._updated_at = self.world.timeline.time(self.world.clock_errors["cloudformation"])
        operation = self._begin("UPDATE_IN_PROGRESS", meanwhile, keeps=keeps)
        self._create_and_update(operation, template)
        if operation.failed.is_set:
            self.roll_back()
        elif operation.has_failures:
            self._finish("UPDATE_FAILED")
        else:
            self._begin("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._clean_up(keep=set(template))
            self._complete("UPDATE_COMPLETE", template)

    def roll_back(self) -> None:
        """Go back to the last complete state: by itself, or because a person wants it.

        Ends as (UPDATE_)ROLLBACK_COMPLETE or (UPDATE_)ROLLBACK_FAILED.
        """
        stable = self._stable
        if stable is None:
            self._begin("ROLLBACK_IN_PROGRESS")
            self._finish("ROLLBACK_COMPLETE" if self._delete_all() else "ROLLBACK_FAILED")
            return
        operation = self._begin("UPDATE_ROLLBACK_IN_PROGRESS")
        failed: dict[str, None] = {}

        def back(logical_id: str) -> None:
            if not self.resources[logical_id].update(operation, stable[logical_id]):
                failed[logical_id] = None

        self._side_by_side([partial(back, logical_id) for logical_id in self._touched if logical_id in stable])
        if failed:
            self._touched = failed
            self._finish("UPDATE_ROLLBACK_FAILED")
            return
        self._begin("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(keep=set(stable))
        self._complete("UPDATE_ROLLBACK_COMPLETE", stable)

    def delete(self) -> None:
        """Delete the stack; ends as DELETE_COMPLETE or DELETE_FAILED."""
        self._begin("DELETE_IN_PROGRESS")
        self._finish("DELETE_COMPLETE" if self._delete_all() else "DELETE_FAILED")

    def _begin(
        self, status: str, meanwhile: Callable[[Operation], None] | None = None, *, keeps: bool = False
    ) -> Operation:
        self.operation = Operation(self.world, status, keeps=keeps)
        self.status = status
        if meanwhile:
            meanwhile(self.operation)
        return self.operation

    def _finish(self, status: str) -> None:
        self.operation.is_over = True
        self.status = status

    def _complete(self, status: str, template: Template) -> None:
        self._stable = {logical_id: dict(properties) for logical_id, properties in template.items()}
        self._touched = {}
        self._finish(status)

    def _create_and_update(self, operation: Operation, template: Template) -> None:
        """Create and update what the template declares, until all have ended or the operation has failed."""
        tasks: list[Callable[[], object]] = []
        for logical_id, properties in template.items():
            resource = self.resources.get(logical_id)
            if resource is None or resource.held is None:
                tasks.append(partial(self._create_resource, operation, logical_id, properties))
            elif resource.has_failed or resource.properties != properties:
                tasks.append(partial(self._update_resource, operation, resource, properties))
        self._side_by_side(tasks)
        # A neighbour that is still under way after the last export can fail.
        if not operation.failed.is_set and self.world.chance.random() < self.world.late_failures:
            operation.fail("a neighbour failed")
        operation.is_over = True

    def _create_resource(self, operation: Operation, logical_id: str, properties: Properties) -> None:
        if operation.failed.is_set:
            return
        failed = self.resources.get(logical_id)
        if failed and self.world.habits.deletes_first:
            failed.delete(operation, failed.physical_id)
        resource = self.resources[logical_id] = CustomResource(self, logical_id)
        if failed and not self.world.habits.deletes_first:
            resource.stale_ids.append(failed.physical_id)
        if not resource.create(operation, properties):
            operation.fail(f"{logical_id} failed")

    def _update_resource(self, operation: Operation, resource: CustomResource, properties: Properties) -> None:
        if operation.failed.is_set:
            return
        self._touched[resource.logical_id] = None
        if resource.update(operation, properties):
            return
        operation.fail(f"{resource.logical_id} failed")
        if operation.keeps and self.world.habits.reverts_failed and not operation.failed.is_set:
            assert resource.held is not None
            resource.update(operation, resource.held)
            resource.has_failed = True

    def _side_by_side(self, tasks: list[Callable[[], object]]) -> None:
        """Run the tasks at the same time, until the last has ended; dependencies make some begin later."""
        self.world.timeline.run_side_by_side([(self.world.chance.choice(odds.RESOURCE_BEGINS), task) for task in tasks])

    def _clean_up(self, keep: set[str]) -> None:
        """Delete what was replaced and what is no longer declared; a failure here fails no operation."""
        tasks: list[Callable[[], object]] = []
        for logical_id, resource in list(self.resources.items()):
            tasks += [partial(resource.delete, self.operation, stale) for stale in resource.stale_ids]
            resource.stale_ids.clear()
            if logical_id not in keep:
                self.shown_resources.record(logical_id, resource.physical_id, "DELETE_IN_PROGRESS")
                del self.resources[logical_id]
                tasks.append(partial(resource.delete, self.operation, resource.physical_id))
        self._side_by_side(tasks)

    def _delete_all(self) -> bool:
        is_gone: dict[str, bool] = {}

        def delete(resource: CustomResource) -> None:
            self.shown_resources.record(resource.logical_id, resource.physical_id, "DELETE_IN_PROGRESS")
            is_gone[resource.logical_id] = resource.delete(self.operation, resource.physical_id)

        self._side_by_side([partial(delete, resource) for resource in self.resources.values()])
        self.resources = {name: resource for name, resource in self.resources.items() if not is_gone[name]}
        return not self.resources
