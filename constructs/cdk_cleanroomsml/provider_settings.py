"""How the provider of a stack's exports can be configured, and the rules for it, checked at synth."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, cast

from aws_cdk import RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn

from cdk_cleanroomsml import jsii_values
from cdk_cleanroomsml.errors import InvalidArgumentError
from cdk_cleanroomsml.tokens import is_token


class ProviderSettings(TypedDict, total=False):
    """The settings of an `AudienceExportProvider`; None is the same as leaving a setting out.

    The handler and its last resort are two functions of the same code, and what is said of functions holds for both.

    Attributes:
        vpc: the VPC that the functions run in. From there they must reach Clean Rooms ML, CloudFormation, Step
            Functions, and Amazon S3 for the answer to CloudFormation. By default they run in no VPC.
        vpc_subnets: the subnets of `vpc`; by default its private subnets with egress.
        security_groups: the security groups of the functions in `vpc`; by default one is made.
        allow_public_subnet: allow public subnets, from which a function reaches nothing outside of the VPC.
        role: the role of the functions, instead of the one that is made. A role that was made in the app gets the
            permissions that the handler needs. An imported role is not changed; docs/security.md lists what it needs.
        state_machine_role: the role of the state machine; the same holds for it.
        log_group: the log group of the functions, instead of the one that is made.
        log_retention: how long the log group that is made keeps its entries, a month by default.
        log_removal_policy: what happens to the log group that is made if the stack is deleted; by default it is
            deleted too.
        memory_size: the memory of each function in MiB, 256 to 10,240; 512 by default. CPU comes with memory, and a
            Delete must be answered within seconds.
        architecture: x86_64 by default.
        runtime: Python 3.10 or newer; 3.13 by default.
        tracing: the X-Ray mode of the functions. ``Tracing.ACTIVE`` traces the state machine too.
        environment_encryption: the key for environment variables of the functions. The library sets none.
        reserved_concurrent_executions: how many executions are reserved for each of the two functions, from 1 to
            2,147,483,647.
        encryption_key: a symmetric customer managed key. It encrypts the state machine's definition and the data of its
            executions, which contain the ResponseURL, and the log groups that are made. The roles that are made get
            the permission to use it.
        state_machine_logging: log options of the state machine; by default it writes no log. Execution data cannot be
            included, because it contains the ResponseURL. Without a destination a log group is made.
        event_bus: the event bus for the ends of exports. With it, every export of the provider publishes its end.
            Without it, those with a rule do (`AudienceExport.on_event`), on the account's default bus.
    """

    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    allow_public_subnet: bool | None
    role: iam.IRole | None
    state_machine_role: iam.IRole | None
    log_group: logs.ILogGroup | None
    log_retention: logs.RetentionDays | None
    log_removal_policy: RemovalPolicy | None
    memory_size: int | None
    architecture: lambda_.Architecture | None
    runtime: lambda_.Runtime | None
    tracing: lambda_.Tracing | None
    environment_encryption: kms.IKey | None
    reserved_concurrent_executions: int | None
    encryption_key: kms.IKey | None
    state_machine_logging: sfn.LogOptions | None
    event_bus: events.IEventBus | None


_NAMES = frozenset(ProviderSettings.__annotations__)
_ONLY_WITH_VPC = ("vpc_subnets", "security_groups", "allow_public_subnet")
_ONLY_WITHOUT_LOG_GROUP = ("log_retention", "log_removal_policy")
# With less, an import of boto3 alone takes longer than a Delete may.
MEMORY_MIB = range(256, 10_240 + 1)
_OLDEST_PYTHON = 10


def check(settings: Mapping[str, Any]) -> ProviderSettings:
    """Return the settings that are given.

    Raises:
        InvalidArgumentError: a setting breaks a rule.
        TypeError: there is no setting of that name.
    """
    if unknown := sorted(settings.keys() - _NAMES):
        raise TypeError(
            f"AudienceExportProvider has no setting {', '.join(unknown)}; it has {', '.join(sorted(_NAMES))}"
        )
    given = {name: _CHECKS[name](name, value) for name, value in settings.items() if value is not None}
    _refuse_together(given)
    return cast("ProviderSettings", given)


def _refuse_together(given: Mapping[str, Any]) -> None:
    for name in _ONLY_WITH_VPC:
        if name in given and "vpc" not in given:
            raise InvalidArgumentError(name, "needs vpc", given[name])
    for name in _ONLY_WITHOUT_LOG_GROUP:
        if name in given and "log_group" in given:
            rule = "is for the log group that is made, so it cannot be combined with log_group"
            raise InvalidArgumentError(name, rule, given[name])


# A check gets the name and the value of a setting. It returns the value as the CDK takes it, or refuses it.
_Check = Callable[[str, Any], object]


def _is(rule: str, is_one: Callable[[object], bool]) -> _Check:
    def check_value(name: str, value: object) -> object:
        if not is_one(value):
            raise InvalidArgumentError(name, f"must be {rule}", value)
        return value

    return check_value


def _with(member: str, rule: str) -> _Check:
    return _is(rule, lambda value: jsii_values.is_object_with(member, value))


def _of(kind: type, rule: str) -> _Check:
    return _is(rule, lambda value: isinstance(value, kind))


def _number(allowed: range, rule: str) -> _Check:
    def check_number(name: str, value: object) -> object:
        number = jsii_values.plain_number(value)
        if isinstance(number, float) and is_token(number):
            return number
        if not isinstance(number, int) or isinstance(number, bool) or number not in allowed:
            raise InvalidArgumentError(name, f"must be {rule}", value)
        return number

    return check_number


def _security_groups(name: str, value: object) -> list[object]:
    groups: list[object] | None = list(value) if isinstance(value, list | tuple) else None  # jsii takes no tuple
    if groups is None or not all(jsii_values.is_object_with("security_group_id", one) for one in groups):
        rule = "must be a list of security groups, such as ec2.SecurityGroup(…)"
        raise InvalidArgumentError(name, rule, value)
    return groups


def _runtime(name: str, value: object) -> object:
    found = value.name if isinstance(value, lambda_.Runtime) else ""
    version = re.fullmatch(r"python3\.(\d+)", found)
    if not version or int(version[1]) < _OLDEST_PYTHON:
        raise InvalidArgumentError(name, f"must be Python 3.{_OLDEST_PYTHON} or newer", found or value)
    return value


def _logging(name: str, value: object) -> sfn.LogOptions:
    options = jsii_values.struct(name, sfn.LogOptions, value)
    if options.include_execution_data:
        rule = "must not include execution data: whoever reads the log could answer CloudFormation in our place"
        raise InvalidArgumentError(name, rule, "include_execution_data=True")
    # In newer releases of the CDK it may be a CfnLogGroup too, which has no log_group_arn.
    if options.destination is not None and not jsii_values.is_object_with("node", options.destination):
        raise InvalidArgumentError(name, "must have a log group as its destination", options.destination)
    return options


_ROLE = _with("role_arn", "a role, such as iam.Role(…) or iam.Role.from_role_arn(…)")
_KEY = _with("key_arn", "a key, such as kms.Key(…) or kms.Key.from_key_arn(…)")
_CHECKS: Mapping[str, _Check] = {
    "vpc": _with("vpc_id", "a VPC, such as ec2.Vpc(…) or ec2.Vpc.from_lookup(…)"),
    "vpc_subnets": lambda name, value: jsii_values.struct(name, ec2.SubnetSelection, value),
    "security_groups": _security_groups,
    "allow_public_subnet": _of(bool, "True or False"),
    "role": _ROLE,
    "state_machine_role": _ROLE,
    "log_group": _with(
        "log_group_arn", "a log group, such as logs.LogGroup(…) or logs.LogGroup.from_log_group_name(…)"
    ),
    "log_retention": _of(logs.RetentionDays, "RetentionDays, such as RetentionDays.ONE_MONTH"),
    "log_removal_policy": _of(RemovalPolicy, "a RemovalPolicy, such as RemovalPolicy.RETAIN"),
    "memory_size": _number(MEMORY_MIB, "a whole number of MiB from 256 to 10,240"),
    "architecture": _of(lambda_.Architecture, "an Architecture, such as Architecture.ARM_64"),
    "runtime": _runtime,
    "tracing": _of(lambda_.Tracing, "a Tracing, such as Tracing.ACTIVE"),
    "environment_encryption": _KEY,
    "reserved_concurrent_executions": _number(
        range(1, 2**31), "a whole number from 1 to 2,147,483,647: without concurrency no request is answered"
    ),
    "encryption_key": _KEY,
    "state_machine_logging": _logging,
    "event_bus": _with(
        "event_bus_arn", "an event bus, such as events.EventBus(…) or events.EventBus.from_event_bus_name(…)"
    ),
}
