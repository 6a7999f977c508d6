"""What people do with their stacks: they deploy, change, go back, cancel, delete, and deploy again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import facts, odds
from tests.simulation.model.declarations import change, draw_template
from tests.simulation.model.operation import CANCELLED, DELETED, Operation

if TYPE_CHECKING:
    from tests.simulation.model.cloudformation import Stack, Template
    from tests.simulation.model.world import World


class Campaign:
    """The life of one stack, from its first deployment to its last; `versions` are the templates that it had."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name

    def live(self) -> None:
        """Deploy the stack and operate it; runs as a task of the timeline."""
        chance = self._world.chance
        # Whether this person deploys without rollback (`cdk deploy --no-rollback`).
        self._keeps = chance.random() < odds.WITHOUT_ROLLBACK
        self._template = draw_template(chance, self._name, self._world.exports_of_a_stack, self._world.named)
        self._versions = [self._template]
        self._create()
        for _ in range(chance.choice(odds.OPERATIONS)):
            self._pause()
            self._operate(self._stack)
        if self._stack.status == "ROLLBACK_COMPLETE" and chance.random() < odds.CREATES_AGAIN:
            self._pause()
            self._stack.delete()
            self._create()

    def _pause(self) -> None:
        self._world.timeline.sleep(self._world.chance.uniform(*odds.BETWEEN_OPERATIONS))

    def _create(self) -> None:
        self._stack = self._world.new_stack(self._name)
        if not self._world.adds_exports_later:
            self._stack.create(self._template, self._interfere, keeps=self._keeps)
            return
        self._stack.create_without_exports()
        self._pause()
        self._stack.deploy_provider()
        self._stack.update(self._template, self._interfere, keeps=self._keeps)

    def _operate(self, stack: Stack) -> None:
        """Do one thing that the stack's status allows."""
        chance = self._world.chance
        if stack.status in facts.COMPLETE and chance.random() < odds.DELETES:
            stack.delete()
        elif stack.status in facts.COMPLETE:
            goes_back = chance.random() < odds.GOES_BACK
            self._template = chance.choice(self._versions) if goes_back else self._changed()
            self._versions.append(self._template)
            stack.update(self._template, self._interfere, keeps=self._keeps)
        elif stack.status in facts.KEPT_FAILURE:
            self._handle_kept_failure(stack)
        elif stack.status == "UPDATE_ROLLBACK_FAILED":
            stack.roll_back()
        elif stack.status == "DELETE_COMPLETE":
            if chance.random() < odds.CHANGES_BEFORE_CREATING_AGAIN:
                self._template = self._changed()
            self._create()
        else:
            stack.delete()

    def _changed(self) -> Template:
        return change(self._template, self._world.chance, self._name)

    def _handle_kept_failure(self, stack: Stack) -> None:
        """Without rollback: try again as it is, go back by an ordinary update, fix it, or roll back after all."""
        what = self._world.chance.choice(odds.AFTER_KEPT_FAILURE)
        if what == "roll back":
            stack.roll_back()
            return
        if what == "back":
            self._template = self._world.chance.choice(self._versions)
        elif what == "fix":
            self._template = self._changed()
            self._versions.append(self._template)
        stack.update(self._template, self._interfere, keeps=True)

    def _interfere(self, operation: Operation) -> None:
        """Draw what ends an operation from outside: a neighbour that fails, or a person who cancels or deletes."""
        chance, timeline = self._world.chance, self._world.timeline
        if self._world.weather.is_calm:
            return
        fate = chance.random() * self._world.peace
        when = chance.choice(odds.ENDS_WITHIN) * chance.random()
        if fate < odds.NEIGHBOUR_FAILS:
            timeline.at(when, lambda: operation.fail("a neighbour failed"))
        elif fate < odds.PERSON_ENDS:
            ends = DELETED if operation.kind == "CREATE_IN_PROGRESS" else CANCELLED
            timeline.at(when, lambda: operation.fail(ends))
