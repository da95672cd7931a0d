"""The SageMaker pipeline: from accepted data to a registered model, or to the reason why there is none.

    Prepare ──► Baseline ─────────────┐
       │                              ▼
       └──────► Train ──► Evaluate ─► Gate ──► Register   (decision "register")
                                        └────► Reject     (fails with the reason)

`definition.py` says this with the SageMaker SDK. `make pipeline` compiles it offline, in an environment of its own,
into `definitions/train.json`, which is committed: a change of the pipeline is a diff in review, and neither the
Pulumi program nor the local run needs the SDK. From there on everything is the standard library and botocore:

| module       | subject |
| ------------ | ------- |
| `tokens`     | the deploy-time values a definition waits for: the interface to the infrastructure |
| `render`     | puts the values in |
| `harden`     | what each job must carry whatever built it; takes out what the SDK adds |
| `validate`   | refuses what SageMaker would refuse: shapes, references, rules of our own |
| `provenance` | tells whether the committed definition is that of the committed sources |

Starting an execution takes one parameter that has no default, `DatasetVersion`: it names the data behind `InputDataUri`
and is part of the cache key of `Prepare`. The same version again means "the same data" and reuses what was computed.
"""
