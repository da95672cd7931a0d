"""A warm pool: one process that has the libraries of the jobs loaded, and becomes each job by a fork.

    with warm_pool() as address:                      # None where the system cannot do it
        job = start(address, [sys.executable, "-m", "workloads.training"], cwd=..., env=..., stdout=log, stderr=log)
        job.wait(timeout=60)

To load scikit-learn, XGBoost and Matplotlib takes longer than to train on some thousand rows with them (measured:
2.7 of 4.5 s). SageMaker keeps instances warm between jobs for the same reason (developer guide, "SageMaker AI managed
warm pools"). A job here is still a process of its own, with the environment, directory and streams it is given.

Only libraries are loaded ahead, nothing of this project: what is edited while an emulator is kept counts at once.
Linux only: elsewhere a fork is not safe once system libraries run (Python library, multiprocessing, "Contexts and start
methods").
"""

from local.warm.pool import Job, start, warm_pool

__all__ = ["Job", "start", "warm_pool"]
