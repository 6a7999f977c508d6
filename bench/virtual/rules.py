"""EventBridge rules that call a function, and the function's policy: what crhelper and cfn-handler poll by.

It has the limits of AWS that these libraries meet.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from bench.virtual.functions import CountedFunction
from tests.builders.arns import ACCOUNT, HANDLER
from tests.simulation.model.world import World

# EventBridge API reference: PutRule's Name, and the Input of a target.
_NAME_CHARACTERS, _INPUT_CHARACTERS = 64, 8192
# Lambda quotas: a function's resource-based policy.
_POLICY_BYTES = 20_480
_MINUTE = 60
_RULE = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/"


class Rules:
    """The operations of two clients, `events` and `lambda`, that these libraries call."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.function: CountedFunction
        self._minutes: dict[str, int] = {}
        self._statements: dict[str, str] = {}

    def put_rule(self, *, Name: str, ScheduleExpression: str, State: str) -> dict[str, str]:  # noqa: N803
        """Make a rule with a rate in minutes."""
        if len(Name) > _NAME_CHARACTERS:
            raise _error("ValidationException", f"'{Name}' must have length less than or equal to {_NAME_CHARACTERS}")
        self._minutes[Name] = int(ScheduleExpression.removeprefix("rate(").split()[0])
        return {"RuleArn": _RULE + Name}

    def put_targets(self, *, Rule: str, Targets: list[dict[str, Any]]) -> None:  # noqa: N803
        """Have the rule call the function from now on."""
        [target] = Targets
        if len(target["Input"]) > _INPUT_CHARACTERS:
            raise _error("ValidationException", f"the input has more than {_INPUT_CHARACTERS} characters")
        self._fire_later(Rule, target["Input"])

    def remove_targets(self, *, Rule: str, Ids: list[str]) -> None:  # noqa: N803
        """End the calls of a rule."""
        self._minutes.pop(Rule, None)

    def delete_rule(self, *, Name: str) -> None:  # noqa: N803
        """Delete a rule."""
        self._minutes.pop(Name, None)

    def add_permission(self, *, FunctionName: str, StatementId: str, SourceArn: str, **rest: str) -> None:  # noqa: N803
        """Add a statement to the function's policy."""
        statement = {
            "Sid": StatementId,
            "Effect": "Allow",
            "Principal": {"Service": rest["Principal"]},
            "Action": rest["Action"],
            "Resource": HANDLER,
            "Condition": {"ArnLike": {"AWS:SourceArn": SourceArn}},
        }
        self._statements[StatementId] = json.dumps(statement, separators=(",", ":"))
        if sum(map(len, self._statements.values())) > _POLICY_BYTES:
            del self._statements[StatementId]
            raise _error("PolicyLengthExceededException", f"the policy has more than {_POLICY_BYTES} bytes")

    def remove_permission(self, *, FunctionName: str, StatementId: str) -> None:  # noqa: N803
        """Remove a statement of the function's policy."""
        self._statements.pop(StatementId, None)

    def _fire_later(self, rule: str, text: str) -> None:
        def fire() -> None:
            if rule in self._minutes:
                message = json.loads(text)
                self.function.fire(message, self._world.request_of(message))
                self._fire_later(rule, text)

        self._world.timeline.at(self._minutes[rule] * _MINUTE, fire)


def _error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "PutRule")
