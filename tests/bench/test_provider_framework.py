"""The model of Provider's framework does what the framework of the installed aws-cdk-lib does."""

import json
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aws_cdk import App, Stack

from bench.peers.apps import APPS
from bench.virtual import provider_framework
from bench.virtual.provider_framework import Framework
from tests.fakes.state_machine import TaskError

PROGRAM = Path(__file__).parent / "provider_framework.js"
FAILED_CREATE = "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"
EVENT = {
    "ResponseURL": "https://127.0.0.1/answer",
    "StackId": "stack",
    "RequestId": "request-1",
    "LogicalResourceId": "Spring",
    "ResourceProperties": {"Name": "spring"},
}
CREATE = EVENT | {"RequestType": "Create"}
UPDATE = EVENT | {"RequestType": "Update", "PhysicalResourceId": "winter"}
DELETE = EVENT | {"RequestType": "Delete", "PhysicalResourceId": "winter"}
STARTED: dict[str, Any] = {"result": {"PhysicalResourceId": "spring"}}
RAISED: dict[str, Any] = {"error": "refused"}
COMPLETE: dict[str, Any] = {"result": {"IsComplete": True, "Data": {"Name": "spring"}}}
CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "a create starts the waiter": ("onEvent", CREATE, STARTED),
    "a create without an id": ("onEvent", CREATE, {"result": {}}),
    "a create that fails": ("onEvent", CREATE, RAISED),
    "an update to another id": ("onEvent", UPDATE, STARTED),
    "an update that fails": ("onEvent", UPDATE, RAISED),
    "a delete": ("onEvent", DELETE, {"result": {"PhysicalResourceId": "winter"}}),
    "a delete of a failed create": ("onEvent", DELETE | {"PhysicalResourceId": FAILED_CREATE}, RAISED),
    "it is complete": ("isComplete", UPDATE, COMPLETE),
    "it is not complete": ("isComplete", UPDATE, {"result": {"IsComplete": False}}),
    "it fails while it waits": ("isComplete", UPDATE, RAISED),
    "the attempts are used up": ("onTimeout", UPDATE, STARTED),
}


@pytest.fixture(scope="module")
def framework_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the framework, as the CDK uploads it."""
    folder = tmp_path_factory.mktemp("provider")
    app = App(outdir=str(folder / "out"))
    [provider] = [one for one in APPS if one.name == "Provider, 5 s"]
    provider.declare(Stack(app, "Campaigns"), 1, folder / "code")
    app.synth()
    [found] = (folder / "out").glob("asset.*/framework.js")
    return found.parent


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    sent: list[Any] = []
    monkeypatch.setattr(
        "tests.simulation.model.wire.put_plainly", lambda url, data: sent.append(["answer", json.loads(data)])
    )
    return sent


def done_by_the_cdk(folder: Path, name: str, event: dict[str, Any], user: dict[str, Any]) -> list[Any]:
    command = ["node", str(PROGRAM), str(folder), name, json.dumps(event), json.dumps(user)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    done: list[Any] = json.loads(run.stdout)
    return done


def done_by_the_model(name: str, event: dict[str, Any], user: dict[str, Any], answers: list[Any]) -> list[Any]:
    def call(message: dict[str, Any], request: object) -> Any:
        if "error" in user:
            raise TaskError("Exception", user["error"])
        return user["result"]

    function: Any = SimpleNamespace(call=call)
    world: Any = SimpleNamespace(request_of=lambda message: None)
    framework = Framework(world, function, function)
    waiter: Any = SimpleNamespace(start=lambda name, message: answers.append(["waiter", message]))
    framework.waiter = waiter
    handlers = {
        "onEvent": framework.handle_event,
        "isComplete": framework.handle_is_complete,
        "onTimeout": framework.handle_timeout,
    }
    try:
        handlers[name](event, None)
    except provider_framework.RetryError as error:
        answers.append(["raised", str(error)])
    return answers


def comparable(done: list[Any]) -> list[Any]:
    """Without the words of a failure; the text of an error that is raised is compared as what it holds."""
    found = []
    for kind, what in done:
        body = json.loads(what) if kind == "raised" else what
        if kind == "answer":
            body = {key: value for key, value in body.items() if key != "Reason" and value not in (None, {})}
        found.append([kind, body])
    return found


@pytest.mark.parametrize("case", CASES)
def test_the_model_does_what_the_framework_does(case: str, framework_folder: Path, answers: list[Any]) -> None:
    name, event, user = CASES[case]
    if name == "onTimeout":
        # The two are called with what fails last, which Lambda and the machine of the bench write differently.
        cause = {"errorMessage": json.dumps(event)}
        theirs = done_by_the_cdk(framework_folder, name, {"Cause": json.dumps(cause)}, user)
        ours = done_by_the_model(name, {"Cause": json.dumps(event)}, user, answers)
    else:
        theirs = done_by_the_cdk(framework_folder, name, event, user)
        ours = done_by_the_model(name, event, user, answers)
    assert comparable(ours) == comparable(theirs)
    assert theirs
