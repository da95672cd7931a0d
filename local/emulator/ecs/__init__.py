"""Services of ECS behind load balancers: real processes as tasks, a listener before them, deployments with alarms."""
