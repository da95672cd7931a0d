"""What happens to a stack as a whole: preview, up, refresh, drift, destroy; environments and stacks of a pull request.

Plain functions on `pulumi.automation.Stack`, for the command line and for scripts (examples/automation). Every run is
judged by the project's policy pack with the levels of the stack. What they refuse raises RefusedError, a violation
PolicyViolationError, a failure half way DeploymentError, Ctrl-C StoppedError, a locked stack BusyError.
"""
