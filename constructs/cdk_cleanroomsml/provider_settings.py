"""How the provider of a stack's exports can be configured, and the rules for it, checked at synth."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict, cast

from aws_cdk import RemovalPolicy, Token
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn

from cdk_cleanroomsml.errors import InvalidArgumentError


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
    given = {name: value for name, value in settings.items() if value is not None}
    _refuse_together(given)
    if "memory_size" in given:
        _check_number("memory_size", given["memory_size"], MEMORY_MIB, "a whole number of MiB from 256 to 10,240")
    if "reserved_concurrent_executions" in given:
        rule = "a whole number from 1 to 2,147,483,647: without concurrency no request is answered"
        _check_number("reserved_concurrent_executions", given["reserved_concurrent_executions"], range(1, 2**31), rule)
    if "runtime" in given:
        _check_runtime(given["runtime"])
    if "state_machine_logging" in given:
        given["state_machine_logging"] = _checked_logging(given["state_machine_logging"])
    return cast("ProviderSettings", given)


def _refuse_together(given: Mapping[str, Any]) -> None:
    for name in _ONLY_WITH_VPC:
        if name in given and "vpc" not in given:
            raise InvalidArgumentError(name, "needs vpc", given[name])
    for name in _ONLY_WITHOUT_LOG_GROUP:
        if name in given and "log_group" in given:
            rule = "is for the log group that is made, so it cannot be combined with log_group"
            raise InvalidArgumentError(name, rule, given[name])


def _check_number(name: str, value: object, allowed: range, rule: str) -> None:
    if Token.is_unresolved(value):
        return
    if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
        raise InvalidArgumentError(name, f"must be {rule}", value)


def _check_runtime(runtime: object) -> None:
    name = runtime.name if isinstance(runtime, lambda_.Runtime) else ""
    version = re.fullmatch(r"python3\.(\d+)", name)
    if not version or int(version[1]) < _OLDEST_PYTHON:
        raise InvalidArgumentError("runtime", f"must be Python 3.{_OLDEST_PYTHON} or newer", name or runtime)


def _checked_logging(options: Any) -> sfn.LogOptions:
    options = sfn.LogOptions(**options) if isinstance(options, dict) else options
    if not isinstance(options, sfn.LogOptions):
        raise InvalidArgumentError("state_machine_logging", "must be LogOptions", options)
    if options.include_execution_data:
        rule = "must not include execution data: whoever reads the log could answer CloudFormation in our place"
        raise InvalidArgumentError("state_machine_logging", rule, "include_execution_data=True")
    return options
