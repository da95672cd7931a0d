"""The real-time endpoint: models and a configuration for every release of the record, the endpoint on the live one.

Models and configurations are named by their content and never changed: a new release brings new ones, the endpoint
moves, and only then does the old go, once it has left the record. The endpoint captures its traffic, rolls out in
steps with alarms that turn a rollout back, and scales by invocations and time of day. An inference pipeline is one
whose models have two containers of the same image and package: the first computes the features, the second scores.
"""

from __future__ import annotations

from typing import Final

import pulumi

from components.serving import models
from components.serving.deployment import deployment_config
from components.serving.endpoint import Hosted
from components.serving.fleet import configurations
from components.serving.kind import Drawn, EndpointArgs
from components.serving.plan import scaled
from components.serving.scaling import scaling
from components.serving.watch import watch_fleet
from settings import InferencePipeline, RequestFleet
from settings import Realtime as Settings


class Realtime(Hosted):
    """The endpoint.

    serving = Realtime("churn-live", EndpointArgs(ground=ground, names=names, settings=settings, record=record, ...))
    serving.name
    """

    def __init__(self, name: str, args: EndpointArgs[RequestFleet], opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:Realtime", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = models.role(name, args.ground, args.names, child)
        configs = configurations(name, args, role, child, stages=args.settings.stages)
        self.serve(name, args, configs[0], deployment_config(args.settings, args.rollback_alarms))
        if self.endpoint:
            for variant, its in scaled(args.record.wanted, args.settings).items():
                scaling(name, args.names, variant, its, self.endpoint, self)
        self.register_outputs({"endpoint": self.name, "release": args.record.wanted.id})


KIND: Final = Drawn(settings=Settings, build=Realtime, watch=watch_fleet)
#: The same component, so that an endpoint changes from one kind to the other by a rollout.
PIPELINE: Final = Drawn(settings=InferencePipeline, build=Realtime, watch=watch_fleet)
