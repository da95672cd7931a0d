"""Training and the model registry: the SageMaker pipeline, what its jobs may do, and the package group it registers in.

Creates the contract in the artifacts bucket (content-addressed), the model package group, a role for each kind of job
and one for the pipeline itself, and the pipeline from its compiled definition. Without the images there is no pipeline
yet; everything else is there, so that the images can be built into a stack that exists.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import access, jobs
from components.ground import Ground
from components.ground.keys import Domain
from components.models import machine, registry, tuning
from components.models.permissions import Job, job_statements, pipeline_statements
from components.service import Service
from components.watch import HOUR, Event, Series, Watch, Widget
from contracts import datasets, model_card, referrers, schema
from contracts.images import INFERENCE, INFERENCE_ARM64, TRAINING
from contracts.names import EndpointNames, WorkloadNames
from contracts.prices import price
from contracts.schema import Contract
from settings import Training as TrainingSettings
from settings import Tuning
from workloads.pipeline import render
from workloads.pipeline.capacity import with_capacity
from workloads.pipeline.disks import for_type
from workloads.pipeline.metadata import with_metadata
from workloads.pipeline.processors import with_arm64
from workloads.pipeline.store import from_store
from workloads.pipeline.tracking import machine_with_experiment, without_experiment

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "s3",
        types="s3/bucketObjectv2",
    ),
    Service(
        "sagemaker",
        types="sagemaker/pipeline",
        reads="DescribePipeline ListTags",
        changes="AddTags CreatePipeline DeletePipeline DeleteTags UpdatePipeline",
        named="*/{every} */{ending}",
        handed_to="sagemaker",
    ),
)


def watch(names: WorkloadNames, *, tuned: bool, by_machine: bool = False) -> Watch:
    """Failed training runs, searches where there are any, decisions about packages, and the runs as a graph."""
    pipelines = [*([] if by_machine else [names.pipeline]), *([names.tuning_pipeline] if tuned else [])]
    decided = Watch(events=(_decided(names),))
    of_machine = machine.watch(names) if by_machine else Watch()
    return (_watch_pipelines(names, pipelines) if pipelines else Watch()) + of_machine + decided


def _decided(names: WorkloadNames) -> Event:
    return Event(
        name=names.resource("package-decided"),
        description="A model package waits for approval, was approved or was rejected",
        pattern=registry.decided(names, ["PendingManualApproval", "Approved", "Rejected"]),
    )


def _watch_pipelines(names: WorkloadNames, pipelines: Sequence[str]) -> Watch:
    """The first of them as a graph."""
    runs, pipeline = "AWS/Sagemaker/ModelBuildingPipeline", {"PipelineName": pipelines[0]}
    return Watch(
        events=(
            Event(
                name=names.resource("pipeline-failed"),
                description="A training run failed or was stopped",
                pattern={
                    "source": ["aws.sagemaker"],
                    "detail-type": ["SageMaker Model Building Pipeline Execution Status Change"],
                    "detail": {
                        "pipelineArn": [names.arn("sagemaker", f"pipeline/{each}") for each in pipelines],
                        "currentPipelineExecutionStatus": ["Failed", "Stopped"],
                    },
                },
            ),
        ),
        widgets=(
            Widget(
                title="Training pipeline",
                series=[
                    Series(namespace=runs, metric=f"Execution{end}", dimensions=pipeline, statistic="Sum")
                    for end in ("Started", "Succeeded", "Failed")
                ],
                period_seconds=HOUR,
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class TrainingArgs:
    """`images` are URIs by digest for training and inference, empty as long as they are not built, `referrers` what
    each package says of their signatures and bills of materials. Where there is an image for Graviton, packages name it
    too.

    `champion` is the endpoint whose live model a candidate is compared with. `owner` answers for the models (for their
    model cards). `feature_group` is the one whose offline store training sets are joined with, `data_set_code` the
    version of what publishes them where it is not the training image. With `tuning` there is a pipeline that searches
    hyper-parameters too. `by_machine` says that Step Functions trains, `asks_images` that models may come in images of
    others; `instances` are those that train.
    """

    ground: Ground
    names: WorkloadNames
    champion: EndpointNames
    contract: Contract
    images: Mapping[str, str]
    referrers: Mapping[str, str] = field(default_factory=dict[str, str])
    package_group: aws.sagemaker.ModelPackageGroup
    owner: str
    feature_group: str | None = None
    data_set_code: str | None = None
    tuning: Tuning | None = None
    by_machine: bool = False
    instances: TrainingSettings = field(default_factory=TrainingSettings)
    asks_images: bool = False


def usd_an_hour(region: str, settings: TrainingSettings) -> dict[str, float]:
    """What an hour of each kind of job costs, on the instance types that runs have unless they say otherwise.

    Raises PriceError for a type or a region without prices.
    """
    parameters = {each["Name"]: each for each in json.loads(render.read("train"))["Parameters"]}
    processing = parameters["ProcessingInstanceType"]["DefaultValue"]
    kinds = {"Processing": (1, processing), "Training": (settings.hosts, settings.instance_type)}
    return {
        f"{kind}Job": count * price("sagemaker", f"instance {instance_type}", region).usd
        for kind, (count, instance_type) in kinds.items()
    }


class Training(pulumi.ComponentResource):
    """The training pipeline, or the state machine in its place.

    training = Training("churn-training", TrainingArgs(ground=ground, names=names, contract=contract, ...))
    training.runs      # None without images
    """

    runs: aws.sagemaker.Pipeline | aws.sfn.StateMachine | None
    called: pulumi.Output[str] | None

    def __init__(self, name: str, args: TrainingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:training:Training", name, None, opts)
        self._name, self._args = name, args
        contract = self._contract()
        newest = self._newest(contract)
        roles = {job: self._job_role(job) for job in Job}
        self.runs = self.called = None
        if {TRAINING, INFERENCE} <= set(args.images):
            self.runs = self._pipelines(roles, [contract, newest, args.package_group])
            self.called = self.runs.name if isinstance(self.runs, aws.sfn.StateMachine) else self.runs.pipeline_name
        self.register_outputs({"pipeline": args.names.pipeline})

    def _contract(self) -> aws.s3.BucketObjectv2:
        text = schema.to_json(self._args.contract)
        sha = schema.contract_sha(text)
        return aws.s3.BucketObjectv2(
            f"{self._name}-contract-{sha}",
            bucket=self._args.ground.lake.artifacts.bucket,
            key=self._args.names.layout.contract(sha),
            content=text,
            content_type="application/json",
            server_side_encryption="aws:kms",
            kms_key_id=self._args.ground.keys[Domain.MODELS].arn,
            # Runs that started under a former contract, and repeats of them, still read it.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )

    def _newest(self, contract: aws.s3.BucketObjectv2) -> aws.ssm.Parameter:
        """What the next program knows the contract by (`components.models.live_contracts`). Whatever works by the
        contract comes after it."""
        names = self._args.names
        return aws.ssm.Parameter(
            f"{self._name}-newest-contract",
            name=names.contract_parameter,
            description=f"Contract that {names.prefix} goes by, below {names.layout.contracts} of the artifacts bucket",
            type="String",
            value=schema.contract_sha(schema.to_json(self._args.contract)),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[contract]),
        )

    def _job_role(self, job: Job) -> access.Role:
        ground, names = self._args.ground, self._args.names
        return jobs.role(
            f"{self._name}-{job}-role",
            ground=ground,
            names=names,
            job=job,
            description=f"The {job} jobs of the training pipeline",
            statements=job_statements(
                job,
                self._args.champion,
                models_key=ground.keys[Domain.MODELS].arn,
                processed_key=ground.keys[Domain.PROCESSED].arn,
                feature_group=self._args.feature_group,
                asks_images=self._args.asks_images,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _pipelines(
        self, roles: Mapping[Job, access.Role], depends_on: list[pulumi.Resource]
    ) -> aws.sagemaker.Pipeline | aws.sfn.StateMachine:
        """What trains and, where it is asked for, the pipeline that searches; the first of them."""
        args, names = self._args, self._args.names
        values = self._values(roles)
        opts = pulumi.ResourceOptions(parent=self, depends_on=depends_on)

        def made(
            name: str, called: str, does: str, role: access.Role, body: pulumi.Output[str]
        ) -> aws.sagemaker.Pipeline:
            return aws.sagemaker.Pipeline(
                f"{self._name}-{name}",
                pipeline_name=called,
                pipeline_display_name=called,
                pipeline_description=f"From accepted data to {does} of {args.contract.name}",
                role_arn=role.arn,
                pipeline_definition=body,
                opts=opts,
            )

        if args.tuning:
            own = tuning.values(args.tuning, args.contract.training, names.region, args.instances.hosts)
            searched = {key: value for key, value in values.items() if key not in render.SEARCHED} | own
            body = self._rendered("tune", searched)
            made("tuning-pipeline", names.tuning_pipeline, "the best model of a search", self._tuning_role(), body)
        if not args.by_machine:
            body = self._rendered("train", values)
            return made("pipeline", names.pipeline, "a registered model", self._pipeline_role(), body)
        return machine.machine(
            self._name,
            ground=args.ground,
            names=names,
            job_roles=[names.role_arn(job) for job in Job],
            experiments=args.instances.kept_as_experiment,
            definition=self._rendered("machine", values | {"partition": names.partition}),
            parent=self,
            depends_on=depends_on,
        )

    def _rendered(self, name: str, values: Mapping[str, Any]) -> pulumi.Output[str]:
        args, region = self._args, self._args.names.region
        trains = (args.tuning if name == "tune" and args.tuning else args.instances).instance_type

        def render_it(known: Mapping[str, Any]) -> str:
            definition = with_capacity(
                render.render(render.read(name), known),
                volume_gb=args.instances.volume_gb,
                hours=args.instances.max_runtime_hours,
                spot=args.instances.spot,
            )
            definition = for_type(definition, trains)
            if not args.instances.kept_as_experiment:
                definition = without_experiment(definition)
            elif name == "machine":
                definition = machine_with_experiment(definition, args.names.pipeline)
            if args.feature_group:
                definition = from_store(definition, args.feature_group, region)
            if INFERENCE_ARM64 in args.images:
                definition = with_arm64(definition, args.images[INFERENCE_ARM64])
            said = {referrers.key(image): text for image, text in args.referrers.items()}
            if args.data_set_code:
                said[datasets.CODE] = args.data_set_code
            for key, value in said.items():
                definition = with_metadata(definition, key, value)
            return definition

        return pulumi.Output.all(**values).apply(render_it)

    def _pipeline_role(self) -> access.Role:
        ground, names = self._args.ground, self._args.names
        return jobs.role(
            f"{self._name}-pipeline-role",
            ground=ground,
            names=names,
            job="pipeline",
            description="The training pipeline: starts its jobs and registers models",
            statements=pipeline_statements(
                names,
                models_key=ground.keys[Domain.MODELS].arn,
                experiments=self._args.instances.kept_as_experiment,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _tuning_role(self) -> access.Role:
        ground, names = self._args.ground, self._args.names
        models_key = ground.keys[Domain.MODELS].arn
        return jobs.role(
            f"{self._name}-tuning-role",
            ground=ground,
            names=names,
            job="tuning",
            description="The pipeline that searches hyper-parameters: starts its jobs and registers models",
            statements=[
                *pipeline_statements(names, models_key=models_key, experiments=self._args.instances.kept_as_experiment),
                *tuning.statements(names),
            ],
            opts=pulumi.ResourceOptions(parent=self),
            boundary=ground.ingestion_boundary,
        )

    def _values(self, roles: Mapping[Job, access.Role]) -> dict[str, Any]:
        """The deploy-time values of the compiled definition; `render` refuses a missing and a superfluous one."""
        args, ground, contract = self._args, self._args.ground, self._args.contract
        names = args.names
        contract_sha = schema.contract_sha(schema.to_json(contract))
        card = model_card.content(contract, owner=args.owner, workload=names.workload, contract_sha=contract_sha)
        return {
            **{f"{job}_role": role.arn for job, role in roles.items()},
            "kms_key": ground.keys[Domain.MODELS].arn,
            "subnets": ground.network.subnet_ids,
            "security_groups": [ground.network.security_group_id],
            "training_image": args.images[TRAINING],
            "inference_image": args.images[INFERENCE],
            "artifacts_bucket": names.artifacts_bucket,
            "processed_bucket": names.processed_bucket,
            "contract_sha": contract_sha,
            "package_group": names.package_group,
            "experiment": names.pipeline,
            "release_parameter": args.champion.release_parameter,
            "region": names.region,
            "workload": names.workload,
            "model_card": json.dumps(card, sort_keys=True, separators=(",", ":")),
            "num_round": contract.training.num_round,
            "eta": contract.training.eta,
            "max_depth": contract.training.max_depth,
            "training_hosts": args.instances.hosts,
            "training_instance_type": args.instances.instance_type,
        }
