"""Which generation jobs the handler may use, within the bytes that IAM allows for a role.

An ARN that is known at synth is in the policy that all exports share. One that is known only at deployment may be that
of a resource which waits for another export, so a policy that all exports wait for must not refer to it: CloudFormation
would find a cycle. It has a separate policy, and only its exports wait for that.
"""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from cdk_cleanroomsml.tokens import is_token
from cdk_cleanroomsml_contract.identity import digest

ACTIONS = [
    f"cleanrooms-ml:{action}"
    for action in ("StartAudienceExportJob", "ListAudienceExportJobs", "GetAudienceGenerationJob")
]
# IAM counts the inline policies of a role together, without white space.
ROLE_BYTES = 10_240
# For everything in them but the generation jobs, with the longest names that AWS can give to what they refer to.
REST_BYTES = 2_304
# More than twice as long as the ARNs that the service makes. Their limit is 2,048, but four of those are a full role.
_LIKELY_ARN_BYTES = 256
_AROUND_AN_ARN = len('"",')
_LONGEST = {"AWS::Partition": len("aws-us-gov"), "AWS::Region": len("ap-southeast-1"), "AWS::AccountId": 12}


class JobAccess:
    """The generation jobs that are allowed: each by its ARN, or all of the account's if their ARNs are too long.

    Args:
        scope: where policies for single jobs go.
        shared: the policy that every export waits for.
        role: the role that the policies are for.
        other_bytes: how many bytes of the role's policies are for anything but generation jobs.
        later_bytes: how many more there may be later.
    """

    def __init__(
        self,
        scope: Construct,
        shared: iam.Policy,
        role: iam.IRole,
        other_bytes: int = REST_BYTES,
        *,
        later_bytes: int = 0,
    ) -> None:
        self._scope, self._shared, self._role = scope, shared, role
        self._room, self._later_bytes = ROLE_BYTES - other_bytes, later_bytes
        self._stack = Stack.of(scope)
        self._in_shared: dict[str, int] = {}
        self._apart: dict[str, iam.Policy] = {}
        self._bytes_apart = 0
        self._is_full = False
        self._is_complete = False
        every = every_job_of(self._stack)
        self._every, self._every_bytes = every, _AROUND_AN_ARN + (self._length(every) or _LIKELY_ARN_BYTES)

    def allow(self, audience_generation_job_arn: str) -> iam.Policy:
        """Allow exports of a generation job, and return the policy that allows it."""
        arn = audience_generation_job_arn
        if arn in self._apart:
            return self._apart[arn]
        length = self._length(arn)
        if length is None or self._is_complete:
            if self._has_room_apart():
                return self._policy_apart(arn)
            self._is_full = True  # so every job is allowed, and the ARN need not be in a policy
        self._in_shared[arn] = length or _LIKELY_ARN_BYTES
        return self._shared

    def use_later_bytes(self) -> None:
        """Leave room for what else there may be."""
        self._room, self._later_bytes = self._room - self._later_bytes, 0

    def complete(self) -> None:
        """Write the generation jobs into the shared policy, when the app has declared its exports."""
        if self._in_shared and not self._is_complete:
            self._shared.add_statements(_allow(self._listed()))
        self._is_complete = True

    def _listed(self) -> list[str]:
        needed = sum(length + _AROUND_AN_ARN for length in self._in_shared.values())
        if self._is_full or needed > self._room - self._bytes_apart:
            return [self._every]
        return list(self._in_shared)

    def _has_room_apart(self) -> bool:
        return self._bytes_apart + _bytes_of_policy() + self._every_bytes <= self._room - self._later_bytes

    def _policy_apart(self, arn: str) -> iam.Policy:
        construct_id = f"JobAccess{digest(self._stack.resolve(arn), 8)}"
        while self._scope.node.try_find_child(construct_id):  # the same attribute of a resource in another stack
            construct_id += "x"
        policy = iam.Policy(self._scope, construct_id, statements=[_allow([arn])])
        self._role.attach_inline_policy(policy)  # with its statement in it, for the report of Role.customize_roles
        self._apart[arn] = policy
        self._bytes_apart += _bytes_of_policy()
        return policy

    def _length(self, arn: str) -> int | None:
        return _known_length(self._stack.resolve(arn)) if is_token(arn) else len(arn)


def every_job_of(stack: Stack) -> str:
    """Return what stands for every generation job of the stack's account and Region in a policy."""
    return stack.format_arn(service="cleanrooms-ml", resource="audience-generation-job", resource_name="*")


def _allow(resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=ACTIONS, resources=resources)


def _bytes_of_policy() -> int:
    statement = {"Action": ACTIONS, "Effect": "Allow", "Resource": "x" * _LIKELY_ARN_BYTES}
    return len(json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":")))


def _known_length(resolved: Any) -> int | None:
    """Return how long a text can be that refers to nothing but the account, Region and partition; else None."""
    if isinstance(resolved, str):
        return len(resolved)
    match resolved:
        case {"Ref": str(name)}:
            return _LONGEST.get(name)
        case {"Fn::Join": ["", [*parts]]}:
            lengths = [_known_length(part) for part in parts]
            return None if None in lengths else sum(length for length in lengths if length is not None)
    return None
