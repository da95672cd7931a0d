"""CloudWatch: metrics, alarms that are evaluated, and what their changes set off."""
