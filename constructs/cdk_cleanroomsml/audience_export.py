"""AudienceExport: one export of a Clean Rooms ML lookalike audience, as a resource of a stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import CfnResource, Duration
from aws_cdk import aws_events as events
from constructs import Construct

from cdk_cleanroomsml import arguments, export_rules, exports_per_job, given_names, place
from cdk_cleanroomsml.audience_size import AudienceSize
from cdk_cleanroomsml.errors import AttributeUnknownError
from cdk_cleanroomsml.export_rules import RuleOptions
from cdk_cleanroomsml.given_names import GivenName
from cdk_cleanroomsml.jsii_values import plain_number
from cdk_cleanroomsml.provider import AudienceExportProvider
from cdk_cleanroomsml_contract import attributes, export_event
from cdk_cleanroomsml_contract.export_properties import READ_METRICS, TIMEOUT_SECONDS, ExportProperties
from cdk_cleanroomsml_contract.on_conflict import OnConflict

if TYPE_CHECKING:
    from typing_extensions import Unpack

_RESOURCE_TYPE = "Custom::CleanRoomsMLAudienceExport"


class AudienceExport(Construct):
    """Exports an audience that a generation job has made, and waits until the export is ACTIVE.

    If the export fails, the stack fails with the service's reason. What identifies an export is its generation job,
    its size, and its name or revision if one is given: a change to any of them requests a new export, a change to
    anything else starts nothing. Exports cannot be deleted: removing the resource leaves the export and its output as
    they are.

    Args:
        scope: a stack, or a construct in one.
        construct_id: part of a generated name, so another id means another export.
        audience_generation_job_arn: ARN of the generation job, 20 to 2,048 characters
            (``arn:…:audience-generation-job/…``), of the stack's own account, Region and partition. A cross-account
            job has one ARN for each account. A job that is still being created is waited for, within `timeout`.
        audience_size: one of the sizes of the configured audience model.
        name: name of the export, 1 to 63 characters and not blank; it stays taken after the resource was deleted, also
            by the rollback of a failed first deployment (see `on_conflict`). Two exports of a stack and its nested
            stacks may have one name for one job only if one of them adopts and their sizes are the same. Outside ASCII
            it is a warning at synth. Left out, a name is generated that stays the same for this stack, resource, job,
            size and revision.
        description: up to 255 characters. It is sent with the start: a later change is not carried over to the export.
        wait_for_completion: whether the deployment waits until the export is ACTIVE or has failed. Otherwise it
            continues once the export is listed, and `status`, `output_location` and `update_time` are not
            available.
        timeout: how long the deployment waits, 1 minute to 1 hour (CloudFormation's ServiceTimeout); an hour by
            default. The export itself continues after that.
        on_conflict: what to do if a given name is taken; by default the deployment fails, also if an earlier
            deployment of this stack started the export. ADOPT needs a `name`.
        revision: any string, not empty; another one requests another export of the same job and size. Not together
            with `name`: an export cannot run again under its name.
        minimum_relevance: a number from 0 to 10, or a number token: the export starts only if the generation job's
            relevance score for `audience_size` is at least that. Otherwise the reason lists the scores of all sizes. It
            needs scores that the model's owner shares. It identifies nothing: a change to it alone starts nothing.
        provider: a provider of the same stack, which all exports of the stack share by default. CloudFormation refuses
            another one for an export that is deployed.

    More than 25 exports of one literal ARN in an app are a warning at synth: a generation job can have 25.

    The limits of the job's ARN, the size, the name and the description are read from botocore's model of
    ``StartAudienceExportJob``. Tokens among them are checked at deployment, by the same rules.

    Raises:
        InvalidArgumentError: an argument breaks a rule; nothing has been added to the stack.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        audience_generation_job_arn: str,
        audience_size: AudienceSize,
        name: str | None = None,
        description: str | None = None,
        wait_for_completion: bool = True,
        timeout: Duration | None = None,
        on_conflict: OnConflict = OnConflict.FAIL,
        revision: str | None = None,
        minimum_relevance: float | None = None,
        provider: AudienceExportProvider | None = None,
    ) -> None:
        here = place.of(scope)
        arguments.check_text("audience_generation_job_arn", "audienceGenerationJobArn", audience_generation_job_arn)
        arguments.check_own_job(audience_generation_job_arn, here)
        arguments.check_size(audience_size)
        if name is not None:
            arguments.check_text("name", "name", name)
        if description is not None:
            arguments.check_text("description", "description", description)
        arguments.check_on_conflict(on_conflict, name)
        arguments.check_waiting(wait_for_completion, timeout)
        arguments.check_revision(revision, name)
        arguments.check_minimum_relevance(minimum_relevance)
        arguments.check_provider(provider, here)
        given = GivenName(name, audience_generation_job_arn, audience_size, on_conflict) if name is not None else None
        if given:
            given_names.check(here, given)

        super().__init__(scope, construct_id)
        provider = provider or AudienceExportProvider.of(scope)
        properties = ExportProperties(
            audience_generation_job_arn=audience_generation_job_arn,
            audience_size=audience_size,
            state_machine_arn=provider.state_machine_arn,
            name=name,
            description=description,
            on_conflict=on_conflict,
            revision=revision,
            stack_path=None if name is not None else here.path_of_nested,
            wait_for_completion=wait_for_completion,
            minimum_relevance=plain_number(minimum_relevance),
            timeout_seconds=int(timeout.to_seconds()) if timeout else TIMEOUT_SECONDS[-1],
        )
        self._waits, self._provider = wait_for_completion, provider
        # The L2 construct, CustomResource, would be one more around it, and two more questions to the CDK's process.
        of_cloudformation = {"ServiceToken": provider.service_token}
        if timeout:
            of_cloudformation["ServiceTimeout"] = str(properties.timeout_seconds)
        encoded = properties.encode()
        self._resource = CfnResource(self, "Resource", type=_RESOURCE_TYPE, properties={**of_cloudformation, **encoded})
        provider.serve(self._resource, audience_generation_job_arn, encoded)
        exports_per_job.count(self, here.app, audience_generation_job_arn)
        if given:
            given_names.record(self, here, given)

    @property
    def name(self) -> str:
        """Name of the export, given or generated; a token."""
        return self._get(attributes.NAME)

    @property
    def status(self) -> str:
        """Status of the export when the deployment continued: ACTIVE; a token.

        Raises:
            AttributeUnknownError: the export is not waited for, so its status then says nothing.
        """
        return self._at_the_end("status", attributes.STATUS)

    @property
    def output_location(self) -> str:
        """Where the audience was written, ``s3://…``, up to 1,285 characters; a token.

        It is empty if the service returns none: always if the configured audience model belongs to another account, in
        a rollback to an export that is not ACTIVE, and if there is none a minute after the export's end or at the
        deadline. CloudFormation refuses an empty value in the export of a stack, and SSM refuses one in a parameter.

        To use it in another stack, write it to an SSM parameter, and read that there with
        ``StringParameter.value_for_string_parameter``. A plain reference to another stack becomes an export of this
        stack. CloudFormation does not change an exported value that another stack imports, so a changed size would
        start an export, and the deployment would then fail. The other stack reads the new value when it is deployed
        again. From aws-cdk-lib 2.258 on, ``Stack.consume_reference`` with ``ReferenceStrength.WEAK`` exports nothing
        either.

        Raises:
            AttributeUnknownError: the export is not waited for, so it has no location yet.
        """
        return self._at_the_end("output_location", attributes.OUTPUT_LOCATION)

    @property
    def create_time(self) -> str:
        """When the export was created, ISO 8601 with its offset; a token."""
        return self._get(attributes.CREATE_TIME)

    @property
    def update_time(self) -> str:
        """When the service last changed the export, ISO 8601 with its offset; a token.

        Raises:
            AttributeUnknownError: the export is not waited for, so it may still change.
        """
        return self._at_the_end("update_time", attributes.UPDATE_TIME)

    @property
    def audience_generation_job_arn(self) -> str:
        """ARN of the generation job, as it was given; a token, so what uses it waits for the export."""
        return self._get(attributes.AUDIENCE_GENERATION_JOB_ARN)

    @property
    def audience_size_type(self) -> str:
        """PERCENTAGE or ABSOLUTE; a token, so what uses it waits for the export."""
        return self._get(attributes.AUDIENCE_SIZE_TYPE)

    @property
    def audience_size_value(self) -> str:
        """The number of the size as text, which an output takes; `Token.as_number` makes a number of it. A token."""
        return self._get(attributes.AUDIENCE_SIZE_VALUE)

    @property
    def relevance_score(self) -> str:
        """The generation job's relevance score for this size, as text; a token. Empty if it is not shared.

        Scores are comparable within one generation job. The first use of this or `recall` makes the handler read the
        generation job in each deployment of the export.
        """
        return self._of_job(attributes.RELEVANCE_SCORE)

    @property
    def recall(self) -> str:
        """The generation job's recall score, as text; a token. Empty if it is not shared. See `relevance_score`."""
        return self._of_job(attributes.RECALL)

    def on_active(self, rule_id: str, **options: Unpack[RuleOptions]) -> events.Rule:
        """Make a rule for the event that the export is ACTIVE; see `on_event`."""
        return self._make_rule(rule_id, (export_event.ACTIVE,), options)

    def on_failed(self, rule_id: str, **options: Unpack[RuleOptions]) -> events.Rule:
        """Make a rule for the event that the export has failed (CREATE_FAILED); see `on_event`.

        A request that fails without an export, for example because its start was refused, is no such event: see
        `AudienceExportProvider.metric_exports_failed`.
        """
        return self._make_rule(rule_id, (export_event.FAILED,), options)

    def on_event(self, rule_id: str, **options: Unpack[RuleOptions]) -> events.Rule:
        """Make a rule for the event that the export has ended, ACTIVE or CREATE_FAILED.

        The event comes after the deployment has heard of the end. An export whose deployment stopped waiting, or never
        waited, is followed for up to 24 hours, once in 1 to 5 minutes. If its resource is deleted or replaced
        meanwhile, there is no event. An update that keeps an export which has ended publishes nothing again. An event
        comes at least once; it can come twice. docs/events.md describes it.

        An export that exists already may be ACTIVE before CloudFormation has made the rule, or the policy that lets it
        reach its target. ``export.node.default_child.node.add_dependency(rule, queue)`` makes the export's resource
        wait for both, if neither refers to it.

        Args:
            rule_id: construct id of the rule, in this construct or in `cross_stack_scope`.
            **options: see `RuleOptions`.
        """
        return self._make_rule(rule_id, export_event.ENDED, options)

    def _make_rule(self, rule_id: str, statuses: tuple[str, ...], options: RuleOptions) -> events.Rule:
        bus = self._provider.event_bus
        rule = export_rules.make(self, rule_id, self._resource, statuses=statuses, event_bus=bus, options=options)
        self._provider.publish_end_of(self._resource)
        return rule

    def _of_job(self, attribute: str) -> str:
        self._resource.add_property_override(READ_METRICS, True)
        return self._get(attribute)

    def _at_the_end(self, name: str, attribute: str) -> str:
        if not self._waits:
            raise AttributeUnknownError(
                f"{name} of {self.node.path} is known only after the export has ended, but wait_for_completion is "
                "False. Set wait_for_completion to True, or read the export with ListAudienceExportJobs"
            )
        return self._get(attribute)

    def _get(self, attribute: str) -> str:
        return self._resource.get_att(attribute).to_string()
