"""What every export of a stack shares: the Lambda handler and its last resort, log group, role and state machine.

The ServiceToken of a deployed resource can never change, so the construct ids in this module are fixed: a renamed id
would make a new function, and CloudFormation would refuse every existing export.
"""

from __future__ import annotations

from pathlib import Path

from aws_cdk import ArnFormat, RemovalPolicy, Stack, Stage
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.aws_s3_assets import Asset
from constructs import Construct, IConstruct

from cdk_cleanroomsml import handler_code, state_machine
from cdk_cleanroomsml.errors import HandlerCodeError
from cdk_cleanroomsml.job_access import JobAccess
from cdk_cleanroomsml_contract import timeouts

_DEFAULT_ID = "CleanRoomsMLAudienceExports"


class AudienceExportProvider(Construct):
    """The shared half of a stack's exports: handler, last resort, log group, state machine and their roles.

    There is one in each stack, made with the first export. Make your own for exports that need a separate handler and
    role, and pass it as `provider`.

    Args:
        scope: a stack, or a construct in one.
        construct_id: another id is another function, which CloudFormation refuses for exports that are deployed.
    """

    @classmethod
    def of(cls, scope: Construct) -> AudienceExportProvider:
        """Return the provider of the stack that `scope` is in."""
        stack = Stack.of(scope)
        found = stack.node.try_find_child(_DEFAULT_ID)
        return found if isinstance(found, AudienceExportProvider) else cls(stack, _DEFAULT_ID)

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        log_group = logs.LogGroup(
            self, "Logs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=RemovalPolicy.DESTROY
        )
        role = self._handler_role(log_group)
        code = self._code()
        handler = self._function(
            "Handler", "Custom resource: AWS Clean Rooms ML audience exports", code, role, log_group
        )
        last_resort = self._function(
            "LastResort", "Answers requests for audience exports whose deliveries have failed", code, role, log_group
        )
        machine = self._state_machine(handler.attr_arn)
        self.service_token = handler.attr_arn
        """ARN of the handler, which CloudFormation calls."""
        self.state_machine_arn = machine.attr_arn
        """ARN of the state machine, which the handler starts."""
        # Policies of their own, not the role's: the state machine refers to the function, and that to its role.
        access = iam.Policy(
            self,
            "StateMachineAccess",
            roles=[role],
            statements=[
                _allow(["states:StartExecution", "states:ListExecutions"], [self.state_machine_arn]),
                _allow(["states:StopExecution"], [self._executions_of(machine)]),
                _allow(["lambda:InvokeFunction"], [last_resort.attr_arn]),
            ],
        )
        delivery = self._delivery(handler, last_resort)
        delivery.node.add_dependency(access)
        exports = iam.Policy(self, "AudienceExportAccess", roles=[role], statements=self._export_statements())
        self._jobs = JobAccess(self, exports, role)
        self._needed = [access, exports, delivery]

    def serve(self, resource: IConstruct, audience_generation_job_arn: str) -> None:
        """Allow exports of a generation job, and make the resource wait for what it needs but does not refer to."""
        resource.node.add_dependency(*self._needed, self._jobs.allow(audience_generation_job_arn))

    def _handler_role(self, log_group: logs.LogGroup) -> iam.Role:
        write = _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn])
        return iam.Role(
            self,
            "HandlerRole",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            description="Starts and follows the audience exports of one stack",
            inline_policies={"Logs": iam.PolicyDocument(statements=[write])},
        )

    def _code(self) -> Asset:
        stage = Stage.of(self)
        if stage is None:
            raise HandlerCodeError("an audience export must be in a stack that belongs to an App or a Stage")
        return Asset(self, "HandlerCode", path=str(handler_code.assemble(Path(stage.outdir))))

    def _function(
        self, construct_id: str, description: str, code: Asset, role: iam.Role, log_group: logs.LogGroup
    ) -> lambda_.CfnFunction:
        """Make a function. Not the L2: its dependency on a role that it refers to anyway is a cfn-lint finding."""
        return lambda_.CfnFunction(
            self,
            construct_id,
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_13.name,
            code=lambda_.CfnFunction.CodeProperty(s3_bucket=code.s3_bucket_name, s3_key=code.s3_object_key),
            handler=handler_code.HANDLER,
            role=role.role_arn,
            logging_config=lambda_.CfnFunction.LoggingConfigProperty(log_group=log_group.log_group_name),
            timeout=int(timeouts.FUNCTION_TIMEOUT.total_seconds()),
            # CPU comes with memory: a Delete has seconds, also on a cold container.
            memory_size=512,
        )

    def _delivery(self, handler: lambda_.CfnFunction, last_resort: lambda_.CfnFunction) -> lambda_.CfnEventInvokeConfig:
        """Deliver an event for as long as CloudFormation waits, by default it is six hours; then to the last resort."""
        return lambda_.CfnEventInvokeConfig(
            self,
            "Delivery",
            function_name=handler.ref,
            qualifier="$LATEST",
            maximum_retry_attempts=timeouts.DELIVERY_RETRIES,
            maximum_event_age_in_seconds=int(timeouts.LONGEST_DELIVERY.total_seconds()),
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=last_resort.attr_arn)
            ),
        )

    def _state_machine(self, handler_arn: str) -> sfn.CfnStateMachine:
        invoke = _allow(["lambda:InvokeFunction"], [handler_arn])
        role = iam.Role(
            self,
            "StateMachineRole",
            assumed_by=iam.ServicePrincipal(
                "states.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}}
            ),
            description="Calls the handler of audience exports, step by step",
            inline_policies={"Handler": iam.PolicyDocument(statements=[invoke])},
        )
        definition = state_machine.definition(handler_arn)
        return sfn.CfnStateMachine(
            self,
            "StateMachine",
            definition_string=Stack.of(self).to_json_string(definition),
            role_arn=role.role_arn,
        )

    def _executions_of(self, machine: sfn.CfnStateMachine) -> str:
        return Stack.of(self).format_arn(
            service="states",
            resource="execution",
            resource_name=f"{machine.attr_name}:*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _export_statements(self) -> list[iam.PolicyStatement]:
        stack = Stack.of(self)
        # Which model a job belongs to is unknown at synth.
        models = stack.format_arn(service="cleanrooms-ml", resource="configured-audience-model", resource_name="*")
        return [
            _allow(["cleanrooms-ml:GetConfiguredAudienceModel"], [models]),
            # Without a job the API lists the account's exports: which holds a name that is taken, and how many run.
            _allow(["cleanrooms-ml:ListAudienceExportJobs"], ["*"]),
            _allow(["cloudformation:DescribeStacks"], [stack.stack_id]),
        ]


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
