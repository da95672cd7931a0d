"""No command is without a test of its success, of its refusal, and of its failure half way."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import typer

from automation.commands import app, main
from automation.exits import Exit
from tests.automation.stacks.conftest import Engine

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[2]
OTHER_STACK, NO_AWS, LOCKED, NO_CLI = (
    "test_every_command.test_a_stack_that_is_none_is_refused_before_anything_is_asked",
    "test_every_command.test_without_aws_nothing_is_done_and_one_line_says_so",
    "test_every_command.test_a_stack_that_is_locked_says_the_one_command_that_frees_it",
    "test_every_command.test_what_needs_the_cli_says_where_to_get_it",
)
NOT_LOGGED_IN: Final = "test_every_command.test_nobody_who_is_not_logged_in_gets_anything"
CLIENT, RELEASES, OPERATIONS = "test_commands.", "../operations/test_releases.", "../operations/"


class Shown(NamedTuple):
    """By which tests, as `<file>.<function>` from this directory."""

    success: str
    refusal: str
    half_way: str


_ACT: Final = f"{CLIENT}test_from_an_image_to_a_release_and_back"
_SHADOW: Final = f"{CLIENT}test_a_model_shadows_the_champion_until_it_is_promoted"
_BUSY: Final = f"{CLIENT}test_a_held_lock_is_busy"
_MENDED: Final = f"{CLIENT}test_what_a_person_can_mend_is_said_with_its_code"
#: Every command. Who adds one says here what shows it.
TESTED: Final[dict[str, Shown]] = {
    "preview": Shown(
        "test_stacks.test_preview_says_types_and_numbers",
        "test_stacks.test_what_the_local_run_refuses_is_told",
        LOCKED,
    ),
    "up": Shown(
        "test_stacks.test_up_is_followed_and_says_what_the_stack_waits_for",
        "test_stacks.test_a_first_up_is_refused_with_what_the_account_lacks",
        "test_stacks.test_up_that_fails_half_way_is_gone_on_with",
    ),
    "refresh": Shown("test_stacks.test_refresh_writes_the_state", NO_CLI, LOCKED),
    "stop": Shown(
        "test_stopping.test_stop_and_wake_write_one_line_and_run_up",
        "test_stopping.test_an_endpoint_on_its_way_is_not_stopped",
        "test_stopping.test_what_fails_half_way_keeps_the_line_and_up_goes_on",
    ),
    "wake": Shown(
        "test_stopping.test_stop_and_wake_write_one_line_and_run_up",
        "test_stopping.test_nobody_to_ask_leaves_the_file_and_the_stack_as_they_are",
        "test_stopping.test_what_fails_half_way_keeps_the_line_and_up_goes_on",
    ),
    "destroy": Shown(
        "test_teardown.test_with_empty_all_of_it_goes_and_the_key_that_waits_is_told",
        "test_teardown.test_a_protected_stack_is_refused_before_the_cli_is_asked",
        "test_teardown.test_a_second_run_completes_a_broken_one",
    ),
    "drift": Shown("test_stacks.test_drift_ends_with_7_and_a_rollback_is_none", NO_CLI, LOCKED),
    "outputs": Shown("test_stacks.test_outputs_are_printed_without_secrets", NO_CLI, NOT_LOGGED_IN),
    "cancel": Shown("test_stacks.test_cancel_asks_for_the_name_of_the_stack", NO_CLI, LOCKED),
    "policies": Shown(
        "test_stacks.test_policies_are_reported_and_a_violation_ends_with_6",
        OTHER_STACK,
        "test_stacks.test_what_the_local_run_refuses_is_told",
    ),
    "new-stack": Shown(
        "test_environments.test_a_third_environment_in_one_command",
        "../stacks/test_environments.test_what_cannot_be_is_refused_with_nothing_written",
        "test_environments.test_a_backend_that_refuses_leaves_no_file",
    ),
    "new-workload": Shown(
        "test_workloads.test_from_a_file_to_a_contract_in_the_stack",
        "test_workloads.test_a_role_that_is_open_is_refused_and_nothing_is_written",
        "test_workloads.test_data_on_which_nothing_can_be_trained_leaves_no_contract_behind",
    ),
    "preflight": Shown(
        "test_preflight.test_an_account_that_has_it_all",
        "test_preflight.test_a_program_that_cannot_be_run_is_refused",
        "test_preflight.test_where_nothing_could_be_found_out_it_is_no_success",
    ),
    "status": Shown(
        "test_watching.test_verify_and_status_from_nothing_to_a_release_that_is_not_rolled_out", OTHER_STACK, NO_AWS
    ),
    "verify": Shown(
        "test_watching.test_verify_and_status_from_nothing_to_a_release_that_is_not_rolled_out",
        "test_watching.test_an_endpoint_that_is_not_declared_is_refused",
        NO_AWS,
    ),
    "logs": Shown(
        "test_watching.test_logs_are_printed_with_time_and_group",
        "test_watching.test_a_span_that_is_none_is_refused",
        NO_AWS,
    ),
    "smoke": Shown(
        "test_delivery.test_a_smoke_test_before_the_first_release_leaves_the_endpoint_out_and_reports_it",
        "test_delivery.test_a_smoke_test_of_an_endpoint_that_answers_otherwise_differs",
        f"{OPERATIONS}test_smoke.test_an_endpoint_that_may_not_be_read_is_no_endpoint_that_waits",
    ),
    "publish": Shown(_ACT, f"{OPERATIONS}test_images.test_an_image_that_was_not_pushed_is_refused", NO_AWS),
    "ship": Shown(
        f"{OPERATIONS}test_shipping.test_an_image_is_pushed_as_it_is_under_a_tag_of_its_digest",
        f"{OPERATIONS}test_shipping.test_a_grave_finding_keeps_an_image_out",
        f"{OPERATIONS}test_shipping.test_a_tool_that_fails_or_is_not_there_ends_the_shipping",
    ),
    "deliver": Shown(_ACT, _MENDED, NO_AWS),
    "resend": Shown(
        "test_resending.test_dead_letters_are_told_and_sent_once",
        "test_resending.test_without_a_yes_nothing_is_sent_and_the_letters_lie_where_they_lay",
        "test_resending.test_half_way_what_was_sent_is_gone_and_the_rest_is_there",
    ),
    "evolve": Shown("test_evolving.test_what_is_lacking_is_added_once", "test_evolving.test_a_refusal_is_told", NO_AWS),
    "retrain": Shown(
        "test_retrain.test_what_is_new_is_said_and_a_run_started",
        f"{OPERATIONS}test_training.test_without_a_pipeline_it_says_what_makes_it",
        NO_AWS,
    ),
    "register": Shown(
        "test_registering.test_the_newest_approved_one_of_the_source_is_taken_over",
        "test_registering.test_without_a_source_it_says_what_to_write_to_who_is_not_logged_in_too",
        f"{OPERATIONS}test_registration.test_half_way_nothing_is_registered_and_a_second_run_completes_it",
    ),
    "approve": Shown(_ACT, f"{OPERATIONS}test_packages.test_approving_twice_is_refused", NO_AWS),
    "archive": Shown(
        f"{CLIENT}test_old_versions_are_archived_and_what_serves_is_marked",
        f"{OPERATIONS}test_archiving.test_an_endpoint_whose_record_is_lost_keeps_all_versions",
        f"{OPERATIONS}test_archiving.test_who_is_interrupted_goes_on_with_what_is_left",
    ),
    "promote": Shown(
        _ACT, f"{RELEASES}test_a_package_that_nobody_approved_is_refused", f"{CLIENT}test_a_held_lock_is_busy"
    ),
    "split": Shown(_ACT, f"{RELEASES}test_a_test_needs_a_champion", NO_AWS),
    "scale": Shown(
        f"{OPERATIONS}test_capacity.test_a_variant_gets_as_many_instances_as_a_person_says_between_its_limits",
        f"{OPERATIONS}test_capacity.test_without_an_endpoint_there_is_nothing_to_scale",
        NO_AWS,
    ),
    "shadow": Shown(_SHADOW, f"{RELEASES}test_a_shadow_needs_a_champion", NO_AWS),
    "compare": Shown(
        f"{OPERATIONS}test_shadows.test_answers_to_the_same_requests_are_compared_row_by_row",
        _SHADOW,
        f"{OPERATIONS}test_shadows.test_what_cannot_be_compared_is_counted",
    ),
    "score": Shown(
        "test_scoring.test_a_run_is_started_and_waited_for_on_request",
        f"{OPERATIONS}test_batch.test_without_a_schedule_nothing_is_started_and_it_says_what_to_do",
        f"{OPERATIONS}test_batch.test_a_run_that_fails_says_why",
    ),
    "halt": Shown(
        f"{OPERATIONS}test_rollouts.test_a_person_halts_a_rollout_and_is_told_why_it_was_turned_back",
        f"{OPERATIONS}test_rollouts.test_without_a_rollout_there_is_nothing_to_halt",
        NO_AWS,
    ),
    "rollback": Shown(
        _ACT,
        f"{RELEASES}test_rolling_back_by_hand_with_nothing_good_is_refused",
        f"{RELEASES}test_a_promotion_against_a_rollback_loses_neither",
    ),
    "follow": Shown(
        _ACT,
        f"{RELEASES}test_following_what_is_not_deployed_says_what_to_do",
        f"{RELEASES}test_an_endpoint_that_takes_too_long_is_busy",
    ),
    "cost": Shown(
        "test_cost.test_a_synth_is_priced",
        "test_cost.test_what_is_no_synth_and_what_has_no_price_is_refused",
        "test_cost.test_the_stack_itself_is_synthesised_and_its_own_faults_are_told",
    ),
    "advise": Shown(
        "test_advise.test_people_get_a_ranking",
        "test_advise.test_all_faults_of_options_at_once",
        "test_advise.test_a_region_without_prices",
    ),
    "comment": Shown(
        "../evidence/test_comment.test_the_command_reads_what_the_others_printed",
        "test_every_command.test_a_comment_of_what_no_command_printed_is_refused",
        "../evidence/test_comment.test_what_could_not_be_had_is_told",
    ),
    "brief": Shown(
        "test_delivery.test_a_brief_compares_the_price_with_that_of_what_the_stack_was_brought_to",
        "test_delivery.test_a_brief_of_what_no_command_printed_is_refused",
        "../evidence/test_brief.test_what_was_not_to_be_had_is_said",
    ),
    "delivered": Shown(
        "test_delivery.test_a_delivery_is_written_down_and_what_it_brought_is_one_fingerprint",
        "test_delivery.test_a_stack_that_has_what_was_approved_goes_on_and_one_that_moved_on_does_not",
        NO_AWS,
    ),
    "ephemeral create": Shown(
        "test_environments.test_a_stack_of_a_pull_request_from_its_creation_to_its_end",
        "test_environments.test_only_stacks_of_pull_requests_are_meant",
        "../../examples/test_automation.test_an_up_that_fails_half_way_is_taken_down",
    ),
    "ephemeral list": Shown(
        "test_environments.test_a_stack_of_a_pull_request_from_its_creation_to_its_end", NO_CLI, NOT_LOGGED_IN
    ),
    "ephemeral expire": Shown(
        "test_environments.test_a_stack_of_a_pull_request_from_its_creation_to_its_end",
        "test_environments.test_only_stacks_of_pull_requests_are_meant",
        "test_environments.test_those_made_elsewhere_are_found_by_their_last_update_and_one_that_fails_keeps_no_other",
    ),
}
#: What a command needs beside its stack.
NEEDED: Final[dict[str, list[str]]] = {
    "approve": ["--why", "x"],
    "deliver": ["rows.csv"],
    "new-workload": ["rows.csv"],
    "promote": ["--why", "x"],
    "publish": ["training"],
    "rollback": ["--why", "x"],
    "shadow": ["1", "--why", "x"],
    "ship": ["training"],
    "scale": ["--to", "3"],
    "split": ["1", "--percent", "10", "--why", "x"],
}
#: Their stack is one that may be there or not, or what is read stands in files.
_OF_ANY_STACK: Final = ("new-stack", "advise", "brief", "comment", "cost", "delivered")
#: Nothing of AWS's, or only what the engine has of it.
_ENGINES: Final = ("preview", "up", "refresh", "destroy", "drift", "outputs", "cancel", "policies", "stop", "wake")


def _commands() -> Iterator[tuple[str, Any]]:
    top: Any = typer.main.get_command(app)
    for name, command in top.commands.items():
        below = getattr(command, "commands", None)
        yield from ((f"{name} {each}", found) for each, found in below.items()) if below else [(name, command)]


ALL: Final = dict(_commands())
STACKS: Final = sorted(name for name in ALL if " " not in name and name not in _OF_ANY_STACK)
ON_AWS: Final = sorted({*STACKS} - {*_ENGINES, "new-workload", "preflight", "ship"})


@functools.cache
def functions(path: Path) -> frozenset[str]:
    """The tests of a file."""
    found = ast.parse(path.read_text(encoding="utf-8")).body
    return frozenset(node.name for node in found if isinstance(node, ast.FunctionDef))


def test_every_command_is_in_the_table_and_nothing_else() -> None:
    assert sorted(TESTED) == sorted(ALL)


@pytest.mark.parametrize("name", sorted(TESTED))
def test_the_tests_of_a_command_are_there(name: str) -> None:
    for written in TESTED[name]:
        file, _, function = written.rpartition(".")
        path = (HERE / f"{file}.py").resolve()
        assert path.is_relative_to(ROOT / "tests"), written
        assert function in functions(path), f"{name}: {written}"
    assert len(set(TESTED[name])) == 3


Run = Any


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command with the least that it needs, agreed to, on a stack; AWS is out of reach."""
    rows = engine.project / "rows.csv"
    rows.write_text("a,b\n1,2\n")
    for key, value in {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
    }.items():
        monkeypatch.setenv(key, value)

    def command(name: str, stack: str = "staging", *more: str) -> tuple[int, str, str]:
        takes_yes = any("--yes" in option.opts for option in ALL[name].params)
        needed = [str(rows) if each == "rows.csv" else each for each in NEEDED.get(name, [])]
        named = ["--stack", stack] if any("--stack" in option.opts for option in ALL[name].params) else []
        code = main([*name.split(), *needed, *named, *(["--yes"] if takes_yes else []), *more])
        said = capsys.readouterr()
        return int(code), said.out, said.err.strip()

    return command


@pytest.mark.parametrize("name", STACKS)
def test_a_stack_that_is_none_is_refused_before_anything_is_asked(run: Run, engine: Engine, name: str) -> None:
    assert run(name, "nobody") == (
        Exit.REFUSED,
        "",
        "error: --stack: found 'nobody'; allowed: prod, staging (those with a Pulumi.<stack>.yaml)",
    )
    assert engine.calls == []


@pytest.mark.parametrize("name", ON_AWS)
def test_without_aws_nothing_is_done_and_one_line_says_so(run: Run, engine: Engine, name: str) -> None:
    file = engine.project / "Pulumi.staging.yaml"
    file.write_text(file.read_text() + "  ml-platform:registry: {source: {stack: qa}}\n")  # `register` asks for one
    assert run(name) == (Exit.AWS, "", 'AWS: Could not connect to the endpoint URL: "http://127.0.0.1:9/"')
    assert engine.calls == []


@pytest.mark.parametrize(
    ("name", "asked"),
    [("preview", "preview"), ("up", "preview"), ("refresh", "refresh"), ("drift", "refresh"), ("cancel", "cancel")],
)
def test_a_stack_that_is_locked_says_the_one_command_that_frees_it(
    run: Run, engine: Engine, name: str, asked: str
) -> None:
    told = "the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end"
    engine.set(refuses={asked: f"error: {told}"})
    code, out, err = run(name)
    assert (code, out, err) == (
        Exit.BUSY,
        "",
        f"busy: stack staging is locked by another update ({told}); wait for it, or where nobody runs one any more, "
        "`python -m automation cancel --stack staging`",
    )
    assert engine.names("staging") == []


@pytest.mark.parametrize("name", ["outputs", "ephemeral list"])
def test_nobody_who_is_not_logged_in_gets_anything(run: Run, engine: Engine, name: str) -> None:
    engine.set(refuses={"stack": "error: PULUMI_ACCESS_TOKEN must be set for login"})
    code, out, err = run(name)
    assert (code, out, err.partition(":")[0]) == (Exit.REFUSED, "", "error")
    assert err.startswith("error: nobody is logged in to a backend: `pulumi login s3://<state-bucket>`, or set ")


@pytest.mark.parametrize("name", ["up", "refresh", "destroy", "drift", "outputs", "cancel", "ephemeral list"])
def test_what_needs_the_cli_says_where_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, out, err = run(name)
    assert (code, out) == (Exit.REFUSED, "")
    assert err.startswith("error: the Pulumi CLI is not on PATH; install it (https://www.pulumi.com/docs/install/)")


def test_a_comment_of_what_no_command_printed_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cost.json").write_text("{}")
    assert main(["comment", str(tmp_path), "--stack", "staging"]) == Exit.REFUSED
    told = f"error: {tmp_path / 'cost.json'}: found no 'total'; give what `cost` printed with --json\n"
    assert capsys.readouterr() == ("", told)
