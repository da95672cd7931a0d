"""The real-time endpoint: models and a configuration for every release of the record, the endpoint on the live one.

Models and configurations are named by their content and never changed: a new release brings new ones, the endpoint
moves, and only then does the old go, once it has left the record. The endpoint captures its traffic, rolls out in
steps with alarms that turn a rollout back, and scales by invocations and time of day. An inference pipeline is one
whose models have two containers of the same image and package: the first computes the features, the second scores.
"""

from __future__ import annotations

from typing import Final

import pulumi
import pulumi_aws as aws

from components.serving import models
from components.serving.deployment import deployment_config
from components.serving.endpoint import endpoint
from components.serving.fleet import configurations
from components.serving.kind import Drawn, EndpointArgs
from components.serving.scaling import scaling
from components.serving.watch import watch_fleet
from contracts.release import CHAMPION
from settings import InferencePipeline, RequestFleet
from settings import Realtime as Settings


class Realtime(pulumi.ComponentResource):
    """The endpoint.

    serving = Realtime("churn-live", EndpointArgs(ground=ground, names=names, settings=settings, record=record, ...))
    serving.name
    """

    endpoint: aws.sagemaker.Endpoint | None
    name: pulumi.Output[str]

    def __init__(self, name: str, args: EndpointArgs[RequestFleet], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Realtime", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = models.role(name, args.ground, args.names, child)
        configs = configurations(name, args, role, child, stages=args.settings.stages)
        deployment = deployment_config(args.settings, args.rollback_alarms)
        self.endpoint = endpoint(name, args, configs[0], deployment, self)
        self.name = self.endpoint.name if self.endpoint else pulumi.Output.from_input(args.names.prefix)
        if self.endpoint and args.settings.autoscaling.enabled:
            scaling(name, args.names, CHAMPION, args.settings, self.endpoint, self)
        self.register_outputs({"endpoint": self.name, "release": args.record.wanted.id})

    @property
    def live(self) -> pulumi.Resource | None:
        """The endpoint; None while it is stopped."""
        return self.endpoint


KIND: Final = Drawn(settings=Settings, build=Realtime, watch=watch_fleet)
#: The same component, so that an endpoint changes from one kind to the other by a rollout.
PIPELINE: Final = Drawn(settings=InferencePipeline, build=Realtime, watch=watch_fleet)
