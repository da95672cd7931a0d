"""An AWS for one machine, as a process of its own: moto, with what moto lacks and the platform needs.

Run `python -m local.emulator --home DIR`, or start it from a program with `start`. The parts, one module a subject:

- `sagemaker/`: endpoints that serve and deploy blue/green, data capture, pipelines that run, registry, feature store;
- `cloudwatch/`: alarms that are evaluated and act, statistics and percentiles, metrics of the other services;
- `delivery/`: SNS, EventBridge, S3 notifications and Lambda functions that run, each with the permission AWS asks for;
- `storage/`: bucket policies and access logs, container images;
- `install.py` puts them in place, `validation.py` checks requests against the API's model, `guard.py` answers for gaps;
- `admin.py` is the emulator's own API, `client.py` speaks it.

What is not emulated says so (`NotEmulated`, or a delivery with that status). Kept but not run: schedules of rules and
monitors, auto scaling, instance counts (one process serves a variant), IAM roles of callers.
"""

from local.emulator.client import Emulator, EmulatorError, attach, start

__all__ = ["Emulator", "EmulatorError", "attach", "start"]
