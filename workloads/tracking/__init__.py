"""Training runs in MLflow: what the jobs of a run leave in S3 is told to a tracking server, by a function.

    a job ends -> its file below runs/<workload>/ -> EventBridge -> handler -> record (what the file says) -> server

No job knows of it. They keep their network isolation, and a tracking server that is down, slow or full keeps nobody
from training: the function's attempts are bounded, a failure is counted and told by its alarm, and the event lies with
the dead letters.
"""
