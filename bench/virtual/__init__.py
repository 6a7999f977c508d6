"""AWS around a peer on virtual time: what the model of the simulation has no part for.

The world, CloudFormation, Lambda's deliveries, Clean Rooms ML and the network are those of `tests.simulation`.

deployed.py             what a peer's app deploys, read from its template
usage.py                what a run uses: invocations, GB-seconds, state transitions, log bytes
observer.py             what happened to exports and requests, the same for every peer
functions.py            Lambda functions whose use is counted
machines.py             state machines of peers
rules.py                EventBridge rules, for libraries that poll by them
provider_framework.py   the framework of the CDK's Provider
sdk_integrations.py     calls that Step Functions makes itself
containers.py           handlers of peers as Lambda loads them
runtimes.py             each peer, put together
runs.py                 one deployment
"""
