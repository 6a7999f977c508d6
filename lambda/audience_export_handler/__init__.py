"""Lambda handler behind the custom resource ``Custom::CleanRoomsMLAudienceExport``.

Data takes one way: properties → request → decision → call → answer.

- `lifecycle`               entry point: which function handles which kind of event
- `state_machine_resource`  crhelper's CfnResource, followed by a state machine instead of its polling
- `step`                    one step of a request: observe → decide → act
- `deletion`                what a Delete ends
- `follower`                one look at an export whose request is answered
- `core`                    pure: calls no service, reads no clock, loads no boto3
    - `request`, `request_time`  what is requested, and when it was
    - `facts`                    what was observed: exports, errors of calls, the stack's phase
    - `attempt`                  the life of an attempt to start: its phases, and every transition between them
    - `progress`                 what one step leaves to the next
    - `situation`, `decision`    what a decision depends on and what it can be; what to do next
    - `staleness`                what a read of the stack's status can show
    - `retry`, `quota`           what an error of a call means
    - `generation_job`           what the generation job's status means for a refused start
    - `relevance`                whether the job's relevance scores allow a start
    - `deadline`                 what a request that ran out of time reports
    - `failure`, `reasons`       the error that the stack hears of, and the text of each
    - `following`                what follows an export beyond the answer, until its end is published
    - `advice`                   what a reason advises this reader to do next
    - `timing`                   the time spans, each with its reason
- `aws`                     the outside, one module for each partner, and the only callers of it
    - `clean_rooms_ml`, `step_functions`, `cloudformation`, `response`

What the construct must agree on (limits, properties, names, messages, time-outs) is in `cdk_cleanroomsml_contract`.

A request, from the event to the answer::

    event → state_machine_resource → lifecycle.accept: check → aws.step_functions.start   one execution for each request
    step  → core.request → aws.*: observe → core.decision → aws.clean_rooms_ml: start, or nothing
    settled → state_machine_resource → aws.response.deliver   its retries send the same body
    an event whose deliveries have failed → the last resort: the same code, which accepts it or answers

With events wanted, beyond the answer::

    settled → follower.follow → the follower's machine: follower.look → core.following → publish, or wait and look again

An attempt to start an export::

    Announced → Accepted → listed, and followed to its end
    Announced → Unanswered (5xx, no answer, the step ran again) → listed, or Announced again
    Announced → Taken (a conflict that may be its own export) → listed, or a ConflictException
"""
