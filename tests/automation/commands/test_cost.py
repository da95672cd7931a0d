"""`python -m automation cost`: from a synth file, from the stack itself, against another, above the limit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from automation.commands import main
from automation.commands.target import PROJECT
from automation.exits import Exit
from tests.automation.cost.written import endpoint, resource, synth

KEY = resource("kms/key:Key", "keys-raw")
VPC_ENDPOINT = resource("ec2/vpcEndpoint:VpcEndpoint", "sns", vpcEndpointType="Interface", subnetIds=["a", "b"])


def written(path: Path, content: dict[str, Any]) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def cost(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["cost", "--stack", "s", *arguments])
    said = capsys.readouterr()
    return code, said.out.rstrip(), said.err.strip()


def test_a_synth_is_priced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "s.json", synth(KEY, VPC_ENDPOINT))
    code, out, err = cost("--synth", file, capsys=capsys)
    assert (code, err) == (Exit.DONE, "")
    assert out.splitlines()[-1].split() == ["s,", "us-east-1", "15.60", "0.03", "15.63", "1.03"]
    _, out, _ = cost("--synth", file, "--lines", capsys=capsys)
    assert ["sns", "sns", "interface", "endpoint", "1,460", "zone-hour", "14.60"] in [
        row.split() for row in out.splitlines()
    ]


def test_programs_get_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now, before = written(tmp_path / "a.json", synth(KEY, VPC_ENDPOINT)), written(tmp_path / "b.json", synth(KEY))
    code, out, err = cost("--synth", now, "--against", before, "--json", capsys=capsys)
    found = json.loads(out)
    assert (code, err, found["total"]["usd"]) == (Exit.DONE, "", 15.63)
    assert found["against"] == {
        "before": 1.03,
        "after": 15.63,
        "change": 14.6,
        "components": [{"workload": "", "component": "sns", "before": 0, "after": 14.6, "change": 14.6}],
    }


def test_people_see_what_changes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    now, before = written(tmp_path / "a.json", synth(KEY)), written(tmp_path / "b.json", synth(VPC_ENDPOINT, KEY))
    _, out, _ = cost("--synth", now, "--against", before, capsys=capsys)
    assert out.splitlines()[-1].split() == ["-14.60"]
    _, out, _ = cost("--synth", now, "--against", now, capsys=capsys)
    assert out.splitlines()[-1] == "no component's cost changes"


def test_the_traffic_is_what_one_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "s.json", synth(*endpoint()))
    _, out, _ = cost("--synth", file, "--requests", "2000000", "--hours", "10", "--json", capsys=capsys)
    found = {line["item"]: line["quantity"] for line in json.loads(out)["lines"]}
    assert (found["endpoint data in and out"], found["instance ml.m5.large"]) == (3, 30)
    assert cost("--synth", file, "--hours", "731", capsys=capsys)[0] == Exit.USAGE


def test_a_stack_above_its_limit_is_shown_and_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "s.json", synth(VPC_ENDPOINT, monthly_limit_usd=10))
    code, out, err = cost("--synth", file, "--json", capsys=capsys)
    assert (code, json.loads(out)["total"]["usd"]) == (Exit.POLICY, 14.6)
    assert err == (
        "policy: cost: found 14.60 USD a month; allowed: 10 (cost.monthly_limit_usd of stack s); "
        "take less of what its lines name, or raise the limit"
    )


def test_what_is_no_synth_and_what_has_no_price_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "no.json").write_text("{")
    code, out, err = cost("--synth", str(tmp_path / "no.json"), capsys=capsys)
    assert (code, out) == (Exit.REFUSED, "")
    assert err.endswith("give what `python -m local synth` wrote")
    unpriced = written(tmp_path / "s.json", synth(resource("redshift/cluster:Cluster")))
    code, out, err = cost("--synth", unpriced, capsys=capsys)
    assert (code, out) == (Exit.REFUSED, "")
    assert err.splitlines()[0] == "error: the cost of the stack is not known:"
    assert cost("--synth", str(tmp_path / "absent.json"), capsys=capsys)[0] == Exit.REFUSED


def test_another_file_in_place_of_the_stacks_is_found_from_where_one_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = (PROJECT / "Pulumi.staging.yaml").read_text().replace("endpoint_zones: 1", "endpoint_zones: 2")
    (tmp_path / "mine.yaml").write_text(written)
    monkeypatch.chdir(tmp_path)
    assert main(["cost", "--stack", "staging", "--config-file", "mine.yaml", "--hours", "0", "--json"]) == Exit.DONE
    lines = json.loads(capsys.readouterr().out)["lines"]
    assert {line["quantity"] for line in lines if line["item"] == "interface endpoint"} == {2 * 730}


def test_the_stack_itself_is_synthesised_and_its_own_faults_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["cost", "--stack", "staging", "--config", "cost={monthly_limit_usd: 1}", "--json"])
    said = capsys.readouterr()
    assert (code, json.loads(said.out)["limit_usd"]) == (Exit.POLICY, 1)
    code, out, err = cost(capsys=capsys)
    assert (code, out) == (Exit.REFUSED, "")
    assert "--stack: found 's'; allowed: prod, staging" in err
