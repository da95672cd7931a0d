"""Runs a compiled, rendered SageMaker pipeline definition as SageMaker would, with no account and no container engine.

    from local.executor import Runner
    runner = Runner(definition, {"DatasetVersion": "data-1"}, "http://127.0.0.1:5000", workdir,
                    "churn-staging", pipeline_arn, "abc123def456", on_step=None)
    result = runner.run()          # result.status, result.failure_reason, result.steps

Storage and registry are whatever answers at the endpoint URL; each job is a real process of the step's own command line
under the SageMaker container contract. What differs from SageMaker, on purpose:

- one host and no image: a job runs with this interpreter and the project's sources, `python3` being replaced;
- isolation from the network is the absence of endpoint and credentials, not of a network interface;
- a cached step is reused only while its outputs still exist (an emulated bucket may be younger than the cache);
- step types it does not know are refused before anything runs.
"""

from local.executor.errors import InvalidExecution
from local.executor.results import ExecutionResult, StepResult
from local.executor.runner import Runner

__all__ = ["ExecutionResult", "InvalidExecution", "Runner", "StepResult"]
