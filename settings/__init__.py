"""The stack config, typed: what `Pulumi.<stack>.yaml` may say, with defaults, ranges and clear errors.

One file and one frozen model for each section. Secure choices are the defaults; an opt-out is a named field whose
description says the risk, and the policy pack decides where it is allowed. `load` reports every fault of a stack at
once. Units are part of the names.
"""

from __future__ import annotations

from settings.access import Access, Persona, Personas
from settings.audit import Audit
from settings.autoscaling import Autoscaling
from settings.catalog import Crawler
from settings.codepipeline import Archive, CodeCommit, CodeConnections, CodePipeline, DeployedBy
from settings.delivery import Delivery, GitHub, GitLab
from settings.endpoints import (
    AnyKind,
    Asynchronous,
    BacklogScaling,
    Batch,
    BatchAlarms,
    ConcurrencyScaling,
    CopyScaling,
    Endpoint,
    EndpointAlarms,
    Fargate,
    Fleet,
    InferenceComponent,
    InferencePipeline,
    Lambda,
    ModelAlarms,
    MultiModel,
    QueueAlarms,
    Realtime,
    RequestAlarms,
    RequestFleet,
    RollbackAlarm,
    Serverless,
    ShiftAtOnce,
    ShiftCanary,
    ShiftLinear,
    TaskScaling,
)
from settings.features import Features
from settings.images import Images
from settings.ingestion import Glue, Ingestion
from settings.lake import Lake
from settings.lake_formation import LakeFormation
from settings.loading import PROJECT, config_keys, load, read
from settings.logs import Logs, RetentionDays
from settings.monitoring import Monitoring
from settings.network import Network
from settings.notifications import Notifications
from settings.registry import Registry, Source
from settings.retraining import Retraining
from settings.rollouts import (
    FLEET_START_MINUTES,
    LEAST_INSTANCES,
    MAX_ROLLOUT_MINUTES,
    AllAtOnce,
    Canary,
    Linear,
    Rolling,
    Rollout,
    bakes,
)
from settings.schedules import Schedule
from settings.section import Section
from settings.sources import HttpSource
from settings.stack import Settings
from settings.steps import Steps
from settings.training import Training
from settings.tuning import Tuning
from settings.workloads import Workload

__all__ = [
    "FLEET_START_MINUTES",
    "LEAST_INSTANCES",
    "MAX_ROLLOUT_MINUTES",
    "PROJECT",
    "Access",
    "AllAtOnce",
    "AnyKind",
    "Archive",
    "Asynchronous",
    "Audit",
    "Autoscaling",
    "BacklogScaling",
    "Batch",
    "BatchAlarms",
    "Canary",
    "CodeCommit",
    "CodeConnections",
    "CodePipeline",
    "ConcurrencyScaling",
    "CopyScaling",
    "Crawler",
    "Delivery",
    "DeployedBy",
    "Endpoint",
    "EndpointAlarms",
    "Fargate",
    "Features",
    "Fleet",
    "GitHub",
    "GitLab",
    "Glue",
    "HttpSource",
    "Images",
    "InferenceComponent",
    "InferencePipeline",
    "Ingestion",
    "Lake",
    "LakeFormation",
    "Lambda",
    "Linear",
    "Logs",
    "ModelAlarms",
    "Monitoring",
    "MultiModel",
    "Network",
    "Notifications",
    "Persona",
    "Personas",
    "QueueAlarms",
    "Realtime",
    "Registry",
    "RequestAlarms",
    "RequestFleet",
    "RetentionDays",
    "Retraining",
    "RollbackAlarm",
    "Rolling",
    "Rollout",
    "Schedule",
    "Section",
    "Serverless",
    "Settings",
    "ShiftAtOnce",
    "ShiftCanary",
    "ShiftLinear",
    "Source",
    "Steps",
    "TaskScaling",
    "Training",
    "Tuning",
    "Workload",
    "bakes",
    "config_keys",
    "load",
    "read",
]
