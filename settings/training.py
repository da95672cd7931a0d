"""Section `training` of a workload: what its training jobs run on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from contracts.prices import told as usd
from settings.faults import Fault
from settings.section import Section, TrainingInstance, told


class Training(Section):
    """The instances of a training job; how many of them, of each trial of a search too."""

    instance_type: TrainingInstance = Field(
        default="ml.m5.2xlarge",
        json_schema_extra=told(
            cost=f"{usd('sagemaker', 'instance ml.m5.2xlarge')} an hour and host by default",
            risk="a job on a type with a GPU fails unless its image is built for one (`make images CUDA=1`), and the "
            "policy sagemaker-instance-allow-list has to allow it (`policies/config/<stack>.json`)",
        ),
    )
    """Instance type of a training job, unless a run asks for another: where this one has disks of its own
    (`ml.g5.xlarge`), which encrypt themselves, another with such disks, and otherwise one whose volumes take a key."""
    hosts: int = Field(
        default=1,
        ge=1,
        le=100,
        json_schema_extra=told(
            cost=f"{usd('sagemaker', 'instance ml.m5.2xlarge')} an hour and host by default",
            risk="a job fails where one of its hosts is lost, which no retry policy of a pipeline covers (a state "
            "machine tries it again): `retrain --from Train` goes on from its last checkpoint",
        ),
    )
    """Instances that train one model together, each on its share of the rows. Every host holds all of the data."""
    volume_gb: int = Field(
        default=30,
        ge=5,
        le=16_384,
        json_schema_extra=told(
            cost="an hour of a job is billed with its GB",
            risk="a job whose input, scratch files and output do not fit fails",
        ),
    )
    """Volume of each host of every job of a run. It takes the accepted data, the data set made of it, and bins that
    memory does not hold. Instances with disks of their own have those instead."""
    max_runtime_hours: int = Field(
        default=4,
        ge=1,
        le=120,
        json_schema_extra=told(
            cost="a job that hangs costs as many hours",
            risk="a job that is not done by then is stopped, and the run fails",
        ),
    )
    """The longest that a training job runs. Prepare and Evaluate have half of it, Baseline a quarter. AWS allows 120
    hours unless its quota is raised."""
    spot: bool = Field(
        default=True,
        json_schema_extra=told(
            cost="on demand costs what is listed; spot is cheaper, by up to 90 % as AWS says",
            risk="on spot capacity a job may be interrupted and resumed, and wait as long as it may run",
        ),
    )
    """Whether training jobs run on spot capacity (SageMaker developer guide, "Managed Spot Training"). The policy
    pack advises it."""
    tracking: Literal["experiments", "mlflow", "none"] = Field(
        default="experiments",
        json_schema_extra=told(
            cost="with `mlflow`, an interface endpoint in the network and a function for seconds a run",
            risk="with `none`, runs are compared by their packages and evaluations alone",
        ),
    )
    """Where training runs are kept with parameters and metrics: as trials of an experiment of SageMaker, as runs of
    MLflow on `tracking_server`, or nowhere."""
    tracking_server: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:mlflow-tracking-server/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}$",
        examples=["arn:aws:sagemaker:eu-west-1:123456789012:mlflow-tracking-server/team"],
        json_schema_extra=told(
            cost="the server is there already, and paid by whoever made it",
            risk="a server that is stopped keeps nobody from training: what it was not told lies with the dead letters",
        ),
    )
    """ARN of the MLflow tracking server of SageMaker that is told of runs, in the stack's account and region."""

    def faults(self) -> Iterable[Fault]:
        """A server that nobody is to tell, and nobody to be told."""
        if self.tracking == "mlflow" and self.tracking_server is None:
            yield Fault(
                "tracking_server",
                "nothing",
                "the ARN of a tracking server",
                "name one, for `tracking: mlflow` needs it",
            )
        if self.tracking != "mlflow" and self.tracking_server is not None:
            yield Fault("tracking", self.tracking, "mlflow", "say so, or leave tracking_server out")

    @property
    def kept_as_experiment(self) -> bool:
        """Whether runs are trials of an experiment."""
        return self.tracking == "experiments"
