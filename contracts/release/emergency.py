"""How an endpoint is moved in an emergency: all traffic at once, and under one alarm that only a person trips.

The provider replaces an endpoint that loses its rollback alarms or gains the first, and a refresh reads what the last
move carried. So the emergency move carries one too. The alarms of a rollout will not do: they are going off, and
SageMaker would turn the move back at once (SageMaker developer guide, "Auto-Rollback Configuration and Monitoring").
The halt alarm is quiet unless somebody publishes its metric, which stops whatever rollout is under way.
"""

from __future__ import annotations

from typing import Any, Final

NAMESPACE: Final = "MLPipeline/Rollout"
METRIC: Final = "Halt"
#: How long the move may take, in seconds: SageMaker's own default would not be read back as what the program declares.
TIMEOUT_SECONDS: Final = 3600


def halt_alarm(endpoint: str) -> str:
    """Name of the alarm with which a person turns back a rollout of the endpoint."""
    return f"{endpoint}-halt"


def deployment_config(endpoint: str) -> dict[str, Any]:
    """DeploymentConfig of UpdateEndpoint for the move."""
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": 0},
            "TerminationWaitInSeconds": 0,
            "MaximumExecutionTimeoutInSeconds": TIMEOUT_SECONDS,
        },
        "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": halt_alarm(endpoint)}]},
    }
