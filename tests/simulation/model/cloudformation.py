"""CloudFormation for stacks of audience exports: operations, rollbacks, cleanups, and stacks that do without rollback.

Resources of an operation go side by side. What AWS leaves open is drawn once for each schedule (`habits.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tests.fakes.control_plane import ControlPlane
from tests.simulation.model.custom_resource import CustomResource, Properties
from tests.simulation.model.lambda_function import Function
from tests.simulation.model.step_functions import Executions
from tests.simulation.model.timeline import Promise

if TYPE_CHECKING:
    from tests.simulation.model.world import World

Template = dict[str, Properties]  # by logical id
# What ends an operation even where failures are kept.
CANCELLED, DELETED = "cancelled", "deleted"


class Operation:
    """One operation of a stack; it fails once, for whatever comes first.

    Where it `keeps` what has failed, without rollback, a failure leaves the others going on, and only a person ends it.
    """

    def __init__(self, world: World, kind: str, *, keeps: bool = False) -> None:
        self.kind = kind
        self.keeps = keeps
        self.failed = Promise(world.timeline)
        self.has_failures = False
        self.is_over = False

    @property
    def is_forward(self) -> bool:
        return self.kind in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")

    @property
    def is_rollback(self) -> bool:
        return "ROLLBACK_IN_PROGRESS" in self.kind

    def fail(self, reason: str) -> None:
        if self.is_over:
            return
        self.has_failures = True
        if not self.keeps or reason in (CANCELLED, DELETED):
            self.failed.set(reason)


class Stack:
    """A stack with a provider of its own. `status` is what DescribeStacks tells."""

    def __init__(self, world: World, name: str, number: int) -> None:
        self.world = world
        self.name = name
        self.id = f"arn:aws:cloudformation:us-east-1:111122223333:stack/{name}/{number:08}"
        self.control = ControlPlane()
        self.function = Function(world, world.deployed, world.make_handler)
        self.control.machine = Executions(world, world.deployed.definition, self.function)
        self.machine_arn = f"arn:aws:states:us-east-1:111122223333:stateMachine:{name}-{number}"
        self.resources: dict[str, CustomResource] = {}
        self.operation = Operation(world, "none")
        # The last state that was complete, and what has been touched since.
        self._stable: Template = {}
        self._touched: dict[str, None] = {}
        self.status = "REVIEW_IN_PROGRESS"
        self.created_at = world.timeline.now

    @property
    def status(self) -> str:
        return self._status

    @status.setter
    def status(self, status: str) -> None:
        self._status = status
        self.control.stack_status = status
        self.world.tell("stack {} is {}", self.name, status)

    @property
    def goes_forward(self) -> bool:
        return self.status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")

    def create(self, template: Template, meanwhile: Callable[[Operation], None], *, keeps: bool = False) -> None:
        """Create the stack; ends as CREATE_COMPLETE, ROLLBACK_COMPLETE, ROLLBACK_FAILED, or deleted meanwhile.

        Without rollback it may end as CREATE_FAILED.
        """
        operation = self._begin("CREATE_IN_PROGRESS", meanwhile, keeps=keeps)
        self._go_forward(operation, template)
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
        self.control.stack_updated = self.world.timeline.time(self.world.skews["cloudformation"])
        operation = self._begin("UPDATE_IN_PROGRESS", meanwhile, keeps=keeps)
        self._go_forward(operation, template)
        if operation.failed.is_set:
            self.roll_back()
        elif operation.has_failures:
            self._finish("UPDATE_FAILED")
        else:
            self._begin("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._clean_up(keep=set(template))
            self._complete("UPDATE_COMPLETE", template)

    def roll_back(self) -> None:
        """Go back to the last complete state: by itself, or because a person asks for it.

        Ends as (UPDATE_)ROLLBACK_COMPLETE or (UPDATE_)ROLLBACK_FAILED.
        """
        if not self._stable:
            self._begin("ROLLBACK_IN_PROGRESS")
            self._finish("ROLLBACK_COMPLETE" if self._delete_all() else "ROLLBACK_FAILED")
            return
        operation = self._begin("UPDATE_ROLLBACK_IN_PROGRESS")
        failed: dict[str, None] = {}

        def back(logical_id: str) -> None:
            if not self.resources[logical_id].update(operation, self._stable[logical_id]):
                failed[logical_id] = None

        self._side_by_side([partial(back, logical_id) for logical_id in self._touched if logical_id in self._stable])
        if failed:
            self._touched = failed
            self._finish("UPDATE_ROLLBACK_FAILED")
            return
        self._begin("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(keep=set(self._stable))
        self._complete("UPDATE_ROLLBACK_COMPLETE", self._stable)

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

    def _go_forward(self, operation: Operation, template: Template) -> None:
        """Create and update what the template asks for, until all have ended or the operation has failed."""
        tasks: list[Callable[[], object]] = []
        for logical_id, properties in template.items():
            resource = self.resources.get(logical_id)
            if resource is None or resource.held is None:
                tasks.append(partial(self._create_resource, operation, logical_id, properties))
            elif resource.has_failed or resource.properties != properties:
                tasks.append(partial(self._update_resource, operation, resource, properties))
        self._side_by_side(tasks)
        # The failure of a neighbour may come after the last export, as long as the neighbour is at it.
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
        """Run the tasks at the same time, until the last has ended."""
        if not tasks:
            return
        left, done = len(tasks), Promise(self.world.timeline)

        def run(task: Callable[[], object]) -> None:
            nonlocal left
            task()
            left -= 1
            if not left:
                done.set(None)

        for task in tasks:
            # Dependencies make some begin later.
            self.world.timeline.spawn(partial(run, task), after=self.world.chance.choice((0.1, 0.2, 3.0)))
        done.wait()

    def _clean_up(self, keep: set[str]) -> None:
        """Delete what was replaced and what is no longer declared; a failure here fails nothing."""
        tasks: list[Callable[[], object]] = []
        for logical_id, resource in list(self.resources.items()):
            tasks += [partial(resource.delete, self.operation, stale) for stale in resource.stale_ids]
            resource.stale_ids.clear()
            if logical_id not in keep:
                del self.resources[logical_id]
                tasks.append(partial(resource.delete, self.operation, resource.physical_id))
        self._side_by_side(tasks)

    def _delete_all(self) -> bool:
        is_gone: dict[str, bool] = {}

        def delete(resource: CustomResource) -> None:
            is_gone[resource.logical_id] = resource.delete(self.operation, resource.physical_id)

        self._side_by_side([partial(delete, resource) for resource in self.resources.values()])
        self.resources = {name: resource for name, resource in self.resources.items() if not is_gone[name]}
        return not self.resources
