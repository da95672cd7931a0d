"""Where the objects of a workload lie in the stack's three buckets: the one place that knows the prefixes.

What kind of thing it is comes first, then the workload: so lifecycle rules of a bucket hold for every workload and do
not change with them, and a workload's roles are bound to `<kind>/<workload>/`. Every prefix ends in a slash, which no
name of a workload contains.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

#: Prefix of captured traffic of all workloads, which expires by a lifecycle rule.
DATA_CAPTURE: Final = "data-capture/"
#: Prefix of published data sets of all workloads, which expire by a lifecycle rule: each can be made again.
DATA_SETS: Final = "datasets/"
DATA_SET_DAYS: Final = 7
#: Prefix of what asynchronous endpoints of all workloads are asked and answer.
ASYNCHRONOUS: Final = "asynchronous/"
#: Prefix of what batch endpoints of all workloads are given and answer.
BATCH: Final = "batch/"

#: Characters of a pipeline's name that CodePipeline calls the folder of its artifacts by.
_FOLDER: Final = 20


def delivery(pipeline: str) -> str:
    """Artifacts bucket: what the runs of a pipeline of CodePipeline hand on. CodePipeline itself calls it so, by the
    beginning of the pipeline's name (user guide, "CodePipeline concepts": artifacts)."""
    return f"{pipeline[:_FOLDER]}/"


@dataclass(frozen=True)
class Layout:
    """Prefixes of one workload.

    Layout("churn").accepted    # "accepted/churn/"
    """

    workload: str

    @property
    def incoming(self) -> str:
        """Raw bucket: data as it was delivered."""
        return self._prefix("incoming")

    def source(self, name: str) -> str:
        """Raw bucket: what was pulled from a source; among `incoming`."""
        return f"{self.incoming}{name}/"

    @property
    def accepted(self) -> str:
        """Processed bucket: rows that validation accepted."""
        return self._prefix("accepted")

    @property
    def quarantine(self) -> str:
        """Processed bucket: rows and files that validation refused or holds, with the reasons."""
        return self._prefix("quarantine")

    @property
    def ledger(self) -> str:
        """Processed bucket: the verdict of every delivered object, and the summary that the next is compared with."""
        return self._prefix("ledger")

    @property
    def deliveries(self) -> str:
        """Processed bucket: of each version of a delivered object, which bytes it has and what they were judged as."""
        return f"{self.ledger}deliveries/"

    @property
    def prepared(self) -> str:
        """Processed bucket: that an accepted object is in a data set of a recipe, one directory a recipe."""
        return f"{self.ledger}prepared/"

    @property
    def ingested(self) -> str:
        """Processed bucket: that the rows of an accepted object are in a feature group, one directory a group."""
        return f"{self.ledger}ingested/"

    @property
    def data_sets(self) -> str:
        """Processed bucket: data sets, and the index of them (`contracts.datasets`)."""
        return self._prefix(DATA_SETS.rstrip("/"))

    @property
    def data_capture(self) -> str:
        """Processed bucket: captured traffic; SageMaker adds `<endpoint>/<variant>/<yyyy/mm/dd/hh>/`."""
        return self._prefix(DATA_CAPTURE.rstrip("/"))

    @property
    def asynchronous(self) -> str:
        """Processed bucket: requests of asynchronous endpoints and their answers, one directory an endpoint."""
        return self._prefix(ASYNCHRONOUS.rstrip("/"))

    @property
    def batch(self) -> str:
        """Processed bucket: files for batch endpoints and their predictions, one directory an endpoint."""
        return self._prefix(BATCH.rstrip("/"))

    @property
    def offline_store(self) -> str:
        """Processed bucket: the offline store of the workload's feature group."""
        return self._prefix("offline-store")

    @property
    def query_results(self) -> str:
        """Processed bucket: results of queries on the workload's data; Athena names each by its execution."""
        return self._prefix("query-results")

    @property
    def contracts(self) -> str:
        """Artifacts bucket: compiled contracts, each under the hash of its content."""
        return self._prefix("contracts")

    def contract(self, sha: str) -> str:
        """Artifacts bucket: the compiled contract of a hash (`schema.contract_sha`)."""
        return f"{self.contracts}{sha}/contract.json"

    @property
    def code(self) -> str:
        """Artifacts bucket: code of the jobs that run in no image, each under its digest; among `contracts`."""
        return f"{self.contracts}code/"

    @property
    def runs(self) -> str:
        """Artifacts bucket: what each run of the training pipeline left."""
        return self._prefix("runs")

    @property
    def imported(self) -> str:
        """Artifacts bucket: models that others made, each under the hash of its file; among `runs`."""
        return f"{self.runs}imported/"

    def taken_over(self, account: str, stack: str) -> str:
        """Artifacts bucket: what runs of another stack left, of models that were taken over; among `runs`."""
        return f"{self.runs}from-{account}-{stack}/"

    @property
    def models(self) -> str:
        """Artifacts bucket: archives that multi-model endpoints serve, one directory an endpoint."""
        return self._prefix("models")

    @property
    def checkpoints(self) -> str:
        """Artifacts bucket: where interrupted training jobs resume."""
        return self._prefix("checkpoints")

    @property
    def drift(self) -> str:
        """Artifacts bucket: reports of the drift jobs, one directory an endpoint."""
        return self._prefix("drift")

    @property
    def data_quality(self) -> str:
        """Artifacts bucket: reports of SageMaker's data-quality monitors."""
        return self._prefix("data-quality")

    @property
    def training_start(self) -> str:
        """Artifacts bucket: the newest start of an automatic training run; among `locks`: no endpoint has a dot."""
        return f"{self.locks}training.json"

    @property
    def locks(self) -> str:
        """Artifacts bucket: one lock an endpoint, held by whoever writes its release record."""
        return self._prefix("locks")

    def _prefix(self, kind: str) -> str:
        return f"{kind}/{self.workload}/"
