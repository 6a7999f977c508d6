"""Each peer in a world: what CloudFormation's events reach, and what they start."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from bench.peers.apps import APPS, PROJECT
from bench.virtual import containers, functions, sdk_integrations
from bench.virtual.deployed import PeerTemplate, template_of
from bench.virtual.functions import CountedFunction
from bench.virtual.machines import Machine, Task
from bench.virtual.provider_framework import Framework
from bench.virtual.rules import Rules
from bench.virtual.usage import Usage
from tests.simulation.model import wire
from tests.simulation.model.cloudformation import Stack
from tests.simulation.model.lambda_function import Handler
from tests.simulation.model.world import World

if TYPE_CHECKING:
    from mypy_boto3_cleanroomsml.client import CleanRoomsMLClient

_SDK = "arn:aws:states:::aws-sdk:cleanroomsml"

Install = Callable[[World, Stack, Usage], None]


def install(name: str, world: World, stack: Stack, usage: Usage) -> None:
    """Put the peer of that name behind a stack's custom resources."""
    if name == PROJECT.name:
        _install_project(world, stack, usage)
    else:
        _INSTALL[name](world, stack, usage)


def _install_project(world: World, stack: Stack, usage: Usage) -> None:
    """The project is what the simulation's stack has already; here its use is counted."""
    [settings] = set(template_of(PROJECT.name).functions.values())
    function = CountedFunction(
        world, usage, "handler", settings=settings, deployed=world.deployed, make=world.make_handler
    )
    stack.function = stack.executions._function = function
    run_state, invoke_once = stack.executions._run_state, stack.executions._invoke_once

    def counted_state(execution: Any, state: dict[str, Any], data: Any) -> Any:
        # The first call of a task is counted with its retries.
        usage.transitions += state["Type"] != "Task"
        return run_state(execution, state, data)

    def counted_call(execution: Any, state: dict[str, Any], data: Any, retry_count: int) -> object:
        usage.transitions += 1
        return invoke_once(execution, state, data, retry_count)

    setattr(stack.executions, "_run_state", counted_state)  # noqa: B010
    setattr(stack.executions, "_invoke_once", counted_call)  # noqa: B010


def _function(
    world: World, usage: Usage, template: PeerTemplate, entry: str, make: Callable[[], Handler]
) -> CountedFunction:
    return functions.plain(world, usage, entry, settings=template.functions[entry], make=make)


def _load(entry: str) -> Handler:
    module, _, attribute = entry.partition(".")
    return containers.load(module, attribute)


def _install_provider(world: World, stack: Stack, usage: Usage, *, name: str) -> None:
    template = template_of(name)
    on_event, is_complete = "peer_provider.on_event", "peer_provider.is_complete"
    framework = Framework(
        world,
        _function(world, usage, template, on_event, partial(_load, on_event)),
        _function(world, usage, template, is_complete, partial(_load, is_complete)),
    )
    entry = _function(world, usage, template, "framework.onEvent", lambda: framework.handle_event)
    tasks = {
        "framework-isComplete-task": _function(
            world, usage, template, "framework.isComplete", lambda: framework.handle_is_complete
        ),
        "framework-onTimeout-task": _function(
            world, usage, template, "framework.onTimeout", lambda: framework.handle_timeout
        ),
    }
    assert template.machine
    states = template.machine["States"]
    framework.waiter = Machine(
        world,
        usage,
        definition=template.machine,
        tasks={states[state]["Resource"]: function.call for state, function in tasks.items()},
        request_of=world.request_of,
    )
    stack.function = entry


def _install_crhelper(world: World, stack: Stack, usage: Usage) -> None:
    rules = Rules(world)
    template = template_of("crhelper, polling 1 min")
    make = partial(containers.crhelper, world, rules)
    stack.function = rules.function = _function(world, usage, template, "peer_crhelper.handler", make)


def _install_cfn_handler(world: World, stack: Stack, usage: Usage) -> None:
    rules = Rules(world)
    template = template_of("cfn-handler, polling 1 min")
    make = partial(containers.cfn_handler, rules)
    stack.function = rules.function = _function(world, usage, template, "peer_cfn_handler.handler", make)


def _install_step_functions(world: World, stack: Stack, usage: Usage) -> None:
    template = template_of("Step Functions SDK")

    def entry(name: str) -> CountedFunction:
        make = partial(containers.step_functions, name, stack.machine_arn)
        return _function(world, usage, template, f"peer_step_functions.{name}", make)

    answer = entry("answer")
    assert template.machine
    tasks: dict[str, Task] = {
        f"{_SDK}:startAudienceExportJob": partial(sdk_integrations.start, world),
        f"{_SDK}:listAudienceExportJobs": partial(sdk_integrations.list_exports, world),
        template.machine["States"]["Answer"]["Resource"]: answer.call,
    }
    stack.control.machine = Machine(  # type: ignore[assignment] # what the control plane uses of it is the same
        world,
        usage,
        definition=template.machine,
        tasks=tasks,
        request_of=lambda data: world.request_of(data["Request"]),
        expressions=sdk_integrations.expressions(),
    )
    stack.function = entry("begin")


@cache
def client_of_sdk_v3() -> CleanRoomsMLClient:
    """A client that tries as often as the SDK for JavaScript does: three times in all."""
    return boto3.client("cleanroomsml", config=Config(retries={"mode": "standard", "total_max_attempts": 3}))


def forget_clients() -> None:
    """Have all clients of peers be made anew."""
    sdk_integrations.client_without_retries.cache_clear()
    client_of_sdk_v3.cache_clear()
    containers.forget_clients()


def _install_aws_custom_resource(world: World, stack: Stack, usage: Usage) -> None:
    settings = template_of("AwsCustomResource").functions["index.handler"]
    stack.function = functions.plain(world, usage, "index.handler", settings=settings, make=lambda: _call_once)


def _call_once(event: dict[str, Any], context: object) -> None:
    """The handler of `AwsCustomResource`, which is JavaScript: one call on Create and Update, then the answer."""
    wanted, status, reason = event["ResourceProperties"], "SUCCESS", "OK"
    physical_id = wanted["Name"] if event["RequestType"] != "Delete" else event["PhysicalResourceId"]
    if event["RequestType"] != "Delete":
        try:
            sdk_integrations.start_export(client_of_sdk_v3(), wanted)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConflictException":  # the one that the app ignores
                status, reason = "FAILED", str(error)
    body = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    body |= {"Status": status, "Reason": reason, "PhysicalResourceId": physical_id, "Data": {}}
    wire.put_plainly(event["ResponseURL"], json.dumps(body).encode())


_INSTALL: dict[str, Install] = {
    "Provider, 5 s": partial(_install_provider, name="Provider, 5 s"),
    "Provider, 2 s": partial(_install_provider, name="Provider, 2 s"),
    "crhelper, polling 1 min": _install_crhelper,
    "cfn-handler, polling 1 min": _install_cfn_handler,
    "Step Functions SDK": _install_step_functions,
    "AwsCustomResource": _install_aws_custom_resource,
}
NAMES = tuple(app.name for app in APPS)
