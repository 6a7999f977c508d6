"""What the construct and its Lambda handler must agree on, written once.

- `api_limits`: the service's rules for the members of a start, and its two quotas
- `export_properties`: the resource properties, which the construct encodes and the handler decodes
- `attributes`: the names of what a success returns
- `on_conflict`: what to do if a given name is taken
- `export_event`: the event that says that an export has ended
- `identity`: what makes an export the same one; its name and its physical id
- `scope`: the account, Region and partition that a generation job must be in
- `message`: what the state machine and the handler send each other
- `timeouts`: the time-outs of what the construct deploys, which the handler counts on

It travels in the wheel and in the Lambda asset, and imports the standard library and botocore only.
"""
