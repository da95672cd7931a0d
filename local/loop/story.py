"""The loop, told step by step. Each method is one step of L1; the order of `tell` is the plot.

Everything is done the way it would be on AWS (API calls, the pipeline, Lambdas, `up` of the program); what is printed
is read back from the platform, never assumed.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from contracts.images import IMAGES
from contracts.schema import Contract
from local.emulator.client import Emulator
from local.loop import LoopError, batched, failing, named, resting, traffic, waiting
from local.loop.console import Console
from local.loop.facts import Facts
from local.loop.platform import Platform
from local.loop.traffic import Answers
from local.runtime import Deployment

REQUESTS = 800
QUEUED_ROWS = 40  # in a request that comes from S3
LATENCY_REQUESTS = 2000
FAILING_REQUESTS = 60


class Story:
    """One run of the loop over a platform that `up` brings up and changes."""

    def __init__(
        self,
        *,
        console: Console,
        platform: Platform,
        emulator: Emulator,
        contract: Contract,
        up: Callable[[str], Deployment],
        deliveries: tuple[Path, Path],
        workdir: Path,
        label: str = "",
        tune: bool = False,
    ) -> None:
        self.console, self.platform, self.emulator, self.contract = console, platform, emulator, contract
        self._up, self.deliveries, self.workdir, self.label = up, deliveries, workdir, label
        self._tune = tune
        self.facts = Facts()
        self._accepted: Path | None = None

    def lay_the_ground(self) -> None:
        """What all workloads of the stack stand on. Each part of the loop raises what goes wrong: a run that ends
        without an error did everything it says."""
        self.deploy("Deploy the platform into an empty account")
        self.build_images()
        self.deploy("Deploy again: the training pipeline has its images")

    def reach_predictions(self) -> None:
        """Data, a first model, its release, and predictions."""
        self.deliver()
        title = f"{'Search' if self._tune else 'Train'}, evaluate, gate, register"
        first = self.train(self.platform.start_training("first", tune=self._tune), title)
        if first is None:
            way = f"mend the data or the features, or lower `quality` in the contract of {self.contract.name}"
            raise LoopError(f"the first model was rejected, for the gate's reasons above: nothing to release; {way}")
        self.release(first, "Approve and promote the first model")
        self.predict()

    def close_the_loop(self) -> None:
        """Drift, retraining, a second release, and its rollback."""
        self.watch()
        execution = self.shift()
        second = self.retrain(execution) if execution else None
        if second is None:
            with self._step("The champion stays"):
                self.say("there is no new model to release, so there is no rollout and nothing to roll back")
            return
        self.release(second, "Approve and promote the new model")
        self.fail_and_roll_back()
        self.deploy_after_rollback()

    def say(self, text: str) -> None:
        """One line of the present step."""
        self.console.say(text)

    def _step(self, title: str) -> AbstractContextManager[None]:
        return self.console.step(f"{self.label}{title}")

    # --- deployments ---

    def deploy(self, title: str) -> None:
        """Run the program; say what changed, what is only recorded, who judged it, and what is waited for."""
        with self.console.step(title):
            self._deploy()

    def deploy_after_rollback(self) -> None:
        """The program reads the rewritten record and leaves the endpoint where it is."""
        with self._step("Deploy once more: the program agrees with the rollback"):
            before = self.platform.serves
            self._deploy()
            if self.platform.batch:
                bodies = traffic.sample(self.accepted, self.contract, FAILING_REQUESTS, seed=5)
                self.say(batched.scored_again(self.platform, before, bodies))
                return
            after = self.platform.live().config
            if before != after:
                raise LoopError(f"the deployment moved the endpoint from {before} to {after}")
            self.say(f"the endpoint still serves {after}")

    def _deploy(self) -> None:
        done = self._up(self.console.steps[-1].title)
        self.facts.deployments.append(done)
        changes = ", ".join(f"{len(urns)} {op.value}" for op, urns in done.changes.items() if urns)
        policies, judged = done.judged_by
        self.say(f"{changes} in {done.duration:.1f} s")
        self.say(
            f"{len(done.created)} resources created, {len(done.recorded)} recorded only (the emulator lacks them); "
            f"{judged} judged by {policies} policies: {len(done.advisories)} advisories, "
            f"{len(done.undecided)} undecided at preview"
        )
        for wait in done.outputs.get("waiting_for", []):
            self.say(f"waits for {wait}")

    def build_images(self) -> None:
        """All images, by digest, recorded where the program reads them."""
        with self.console.step("Build the images (manifests only: there is no container engine here)"):
            for image in IMAGES:
                self.say(self.platform.publish_image(image))

    # --- data ---

    def deliver(self) -> None:
        """Raw data -> validation; the same file once more, which must change nothing."""
        with self._step("Deliver raw data and validate it"):
            verdict = self._deliver(self.deliveries[0])
            if verdict["status"] != "accepted":
                findings = "; ".join(finding["text"] for finding in verdict["findings"])
                raise LoopError(f"{self.deliveries[0].name} was {verdict['status']}: {findings}")
            _, again = self.platform.deliver(self.deliveries[0])
            self.say(f"delivered a second time: {again['status']}, processed once")
            self._accepted = self.platform.download(self.platform.names.accepted_uri, self.workdir / "accepted")

    def _deliver(self, file: Path) -> dict[str, Any]:
        uri, verdict = self.platform.deliver(file)
        self.facts.verdicts.append(verdict)
        self.say(uri)
        self.say(
            f"{verdict['status']}: {verdict['rows_in']} rows in, {verdict['accepted']} accepted, "
            f"{verdict['quarantined']} quarantined"
        )
        for fault in verdict["faults"]:
            where = f"{fault['column'] or 'repeated'} {fault['code']}"
            self.say(f"{where}: {fault['rows']}, first in row {fault['first_row']}: {fault['example']}")
        if verdict["quarantined"]:
            path = self.workdir / f"quarantined-{file.stem}.csv"
            kept = self.platform.fetch_quarantined(verdict["object_sha256"], path)
            self.say(f"quarantined rows: {kept}")
        for warning in verdict["warnings"]:
            self.say(warning)
        return verdict

    @property
    def accepted(self) -> Path:
        """Directory with the accepted rows of the first delivery."""
        if self._accepted is None:
            raise LoopError("no data was delivered yet")
        return self._accepted

    # --- models ---

    def train(self, execution: str, title: str) -> dict[str, Any] | None:
        """Wait for a pipeline execution; the registered package, or None if the gate rejected the model."""
        with self._step(title):
            done = self.platform.wait_for_training(execution, self._say_pipeline_step)
            evaluation = self._evaluation(execution, done)
            search = self.platform.search(execution)
            for line in search.told() if search else ():
                self.say(line)
            self.facts.evaluations.append(evaluation)
            page = self.workdir / f"evaluation-{len(self.facts.evaluations)}.html"
            self.facts.reports[f"Evaluation {len(self.facts.evaluations)}"] = self.platform.fetch_evaluation(
                execution, page
            )
            for line in self.platform.tracked(execution):
                self.say(line)
            gate = evaluation["gate"]
            self.say(evaluation["summary"])
            if evaluation["champion"]:
                gap, reason = evaluation["champion"]["difference"], evaluation["champion"].get("reason")
                told = reason or f"{gap['value']:+.4f} [{gap['low']:+.4f}, {gap['high']:+.4f}]"
                self.say(f"against the champion: {told} (margin {self.contract.bounds(gap['bound']).max:g})")
            for warning in evaluation["warnings"]:
                self.say(f"warning: {warning}")
            self.say(f"gate: {gate['decision']}: {gate['reason']}")
            if gate["decision"] != "register":
                return None
            package = self.platform.newest_package()
            if search:
                search.check(package)
            self.say(f"registered {package['ModelPackageArn']}, {package['ModelApprovalStatus']}")
            return package

    def _evaluation(self, execution: str, done: Mapping[str, Any]) -> dict[str, Any]:
        """The evaluation decides; an execution that failed for another reason than the gate's is an error."""
        try:
            evaluation = self.platform.evaluation(execution)
        except self.platform.client("s3").exceptions.NoSuchKey:
            raise LoopError(f"the pipeline failed: {done.get('FailureReason', done)}") from None
        succeeded = done["PipelineExecutionStatus"] == "Succeeded"
        if succeeded != (evaluation["gate"]["decision"] == "register"):
            raise LoopError(f"the gate said {evaluation['gate']}, but the pipeline {done}")
        return evaluation

    def _say_pipeline_step(self, step: Mapping[str, Any]) -> None:
        seconds = (step["EndTime"] - step["StartTime"]).total_seconds()
        cached = " (cached)" if step.get("CacheHitResult") else ""
        reason = f": {step['FailureReason']}" if step["StepStatus"] == "Failed" and step.get("FailureReason") else ""
        self.say(f"{step['StepName']:<9} {step['StepStatus'].lower()}{cached} {seconds:5.1f} s{reason}")

    def release(self, package: Mapping[str, Any], title: str) -> None:
        """Approve, promote, roll out, and check that the endpoint is where it should be."""
        with self._step(title):
            arn = package["ModelPackageArn"]
            self.platform.approve(arn, "metrics and model card read")
            record = self.platform.promote(arn, who="loop", why="passed the gate and was approved")
            self.say(f"release {record.wanted.id} is to be live: {arn}")
            self._deploy()
            serving = self.platform.follow(who="loop").serving
            if serving.id != record.wanted.id:
                raise LoopError(f"the endpoint serves release {serving.id}, not {record.wanted.id}")
            if self.platform.batch:
                self.say(f"the schedule scores with {self.platform.serves}")
                return
            live = self.platform.live()
            where = f"{url}/invocations" if (url := self._url()) else f"by {traffic.WAYS[self.platform.kind.host]}"
            self.say(f"endpoint {live.endpoint} {live.status}: {where}")

    def _url(self) -> str | None:
        """Where a server of the endpoint listens, which is asked before if it starts with the first request; None where
        a request passes several of them, or none listens."""
        if self.platform.kind.host == "lambda":
            return None
        if not self.platform.servers:
            self._invoke(traffic.sample(self.accepted, self.contract, 1, seed=0))
        return self.platform.servers[0]["url"]

    # --- traffic ---

    def predict(self) -> None:
        """Real requests, timed: over HTTP straight at the inference service, or through the queue of its endpoint."""
        stored = self.platform.batch or self.platform.queue
        way = "by S3" if stored else "through Invoke" if self.platform.kind.host == "lambda" else "over HTTP"
        with self._step(f"Predict {way}"):
            bodies = traffic.sample(self.accepted, self.contract, LATENCY_REQUESTS, seed=1)
            if stored:
                answers = stored.ask(bodies, rows=QUEUED_ROWS)
            else:
                url, send = self._url(), self._invoke
                if url:
                    send = functools.partial(traffic.measure, url, path=named.path(self.platform, url, bodies[:1]))
                send(bodies[:100])  # a warm service is what is measured
                answers = send(bodies)
            self.facts.latency = answers
            what = "rows" if stored else "requests"
            self.say(
                f"{answers.served} of {len(bodies)} {what} served in {answers.seconds:.2f} s "
                f"({answers.served / answers.seconds:.0f}/s over {traffic.CONNECTIONS} connections): "
                f"p50 {answers.percentile(0.5):.2f} ms, p99 {answers.percentile(0.99):.2f} ms"
            )
            if answers.served != len(bodies):
                raise LoopError(f"not every request was served: {dict(answers.statuses)}")

    def watch(self) -> None:
        """Live traffic like the training data: the drift job must find nothing."""
        with self._step("Watch live traffic for drift"):
            report = self._watch(traffic.sample(self.accepted, self.contract, self._requests, seed=2), "before")
            if report["drifted"]:
                raise LoopError(
                    f"traffic drawn from the accepted data counts as drifted, most {report['most_drifted']}: "
                    f"drift.max_score {self.contract.drift.max_score:g} of the contract is too low for "
                    f"{report['baseline']['rows']} training rows; raise it, or give more data"
                )

    @property
    def _requests(self) -> int:
        """Enough of them for a drift score."""
        return max(REQUESTS, self.contract.drift.min_rows)

    def _watch(self, bodies: list[bytes], label: str) -> dict[str, Any]:
        """Send requests to the endpoint and run the drift job over what it captured of them."""
        answers = self._invoke(bodies, rows=QUEUED_ROWS)
        stored = "a transform job" if self.platform.batch else "InvokeEndpointAsync" if self.platform.queue else ""
        way = f"rows through {stored}" if stored else f"requests through {traffic.WAYS[self.platform.kind.host]}"
        self.emulator.flush()
        captured = self.platform.take_captured(self.workdir / f"captured-{label}")
        self.say(f"{answers.served} {way}, {captured.records} records captured")
        report = self.platform.detect_drift(captured.directory, self.workdir / f"drift-{label}")
        self.facts.drift.append(report)
        if report["drift_score"] is None:
            raise LoopError(
                f"{report['rows']} rows could be read from {report['captured']['records']} captured records, "
                f"{report['min_rows']} are needed for a drift score; unreadable: {report['captured']['unreadable']}"
            )
        self.facts.reports[f"Drift {label} the shift"] = self.workdir / f"drift-{label}" / "report.html"
        self.say(
            f"drift score {report['drift_score']:.3f} (limit {self.contract.drift.max_score:g}): "
            + (f"drifted, most {report['most_drifted']}" if report["drifted"] else "no drift")
        )
        return report

    # --- the loop closes ---

    def shift(self) -> str | None:
        """New labelled data arrives, traffic shifts, the drift alarm asks for a retraining, the brakes decide.

        Returns the execution of the retraining, None if there is none.
        """
        with self._step("New labelled data arrives and live traffic shifts"):
            for finding in self._deliver(self.deliveries[1])["findings"]:
                self.say(finding["text"])
            bodies, most = traffic.shifted(self.accepted, self.contract, self._requests, seed=3)
            self.say(f"from now on more rows with a {most}")
            if not self._watch(bodies, "after")["drifted"]:
                self.say("so no alarm, and nobody asks for a retraining")
                return None
            decision = waiting.answer_of("retraining", self.platform.names, self.emulator)
            self.say(f"drift alarm -> topic -> retraining function: {decision['action']}: {decision['reason']}")
        return decision["execution"] if decision["action"] == "started" else None

    def retrain(self, execution: str) -> dict[str, Any] | None:
        """The new model, if the gate lets it pass; after it the brakes must hold."""
        package = self.train(execution, "Retrain, and judge the new model against the champion")
        with self._step("Ask for another retraining: the brakes"):
            again = self.platform.ask_for_retraining("a person asks again")
            self.say(f"{again['action']}: {again['reason']}")
            if again["action"] != "held":
                raise LoopError("a second retraining on the same data must be held")
        return package

    def fail_and_roll_back(self) -> None:
        """The new release's server dies; its errors raise the alarm, and the rollback function acts on it.

        Of a batch endpoint a run fails, people are told, and one of them rolls back.
        """
        if batch := self.platform.batch:
            with self._step("A run fails, and a person rolls back"):
                bodies = traffic.sample(self.accepted, self.contract, FAILING_REQUESTS, seed=4)
                for line in batched.fail_and_roll_back(batch, self.platform, self.emulator, bodies):
                    self.say(line)
            return
        with self._step("The new release fails in production and is rolled back"):
            served = self.platform.live().config
            bodies = traffic.sample(self.accepted, self.contract, FAILING_REQUESTS, seed=4)
            failed = failing.BY_HOST[self.platform.kind.host]
            for line in failed(self.platform, self.emulator, lambda: self._invoke(bodies)):
                self.say(line)
            answer = waiting.answer_of("rollback", self.platform.names, self.emulator)
            self.say(f"5xx alarm -> topic -> rollback function: {answer['action']}: {answer['reason']}")
            self.say(failing.restored(self.platform, served))
            answers = self._invoke(bodies)
            self.say(f"answers after the rollback: {dict(answers.statuses)}")
            if answers.served != len(bodies):
                raise LoopError(f"the endpoint does not serve after the rollback: {dict(answers.statuses)}")

    def _invoke(self, bodies: list[bytes], *, rows: int = 1) -> Answers:
        """Ask the endpoint as an application on AWS would; `rows` go into one request that comes from S3."""
        if stored := self.platform.batch or self.platform.queue:
            return stored.ask(bodies, rows=rows)
        if self.platform.kind.host == "ecs":
            return traffic.measure(self.platform.servers[0]["url"], bodies)
        if self.platform.kind.host == "lambda":
            return traffic.call(self.platform.client("lambda"), self.platform.names.prefix, bodies)
        for line in resting.awake(self.platform, self.emulator, bodies):
            self.say(line)
        return named.ask(self.platform, bodies, self.platform.asks)

    def serve_another(self) -> None:
        """Another model beside the champion, where an endpoint serves several: each is asked for by its name."""
        if not self.platform.kind.models:
            return
        with self._step("Another model on the same instances"):
            bodies = traffic.sample(self.accepted, self.contract, 60, seed=6)
            for line in named.serve_another(self.platform, self._deploy, bodies):
                self.say(line)
            self.emulator.flush()
            self.say(f"{self.platform.take_captured(self.workdir / 'captured-named').records} records captured")

    def rest_and_wake(self) -> None:
        """An hour without requests takes a queue's instances, or a component's copies; requests bring one back."""
        rests = resting.of(self.platform)
        if rests is None:
            return
        with self._step("An hour without requests, and then one"):
            for line in rests(self.platform, self.emulator, traffic.sample(self.accepted, self.contract, 1, seed=5)):
                self.say(line)
