from __future__ import annotations

import json
from typing import Any

import pytest

from workloads.pipeline import render
from workloads.pipeline.tokens import MARK


def rendered_with(**changes: Any) -> dict[str, Any]:
    return json.loads(render.render(render.read("train"), {**render.EXAMPLES, **changes}))


def message_of(values: dict[str, Any], definition: str | None = None) -> str:
    with pytest.raises(render.RenderError) as caught:
        render.render(definition or render.read("train"), values)
    return str(caught.value)


def test_the_result_is_compact_and_sorted_and_has_no_tokens() -> None:
    body = render.render(render.read("train"), render.EXAMPLES)
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"))
    assert MARK not in body


@pytest.mark.parametrize("subnets", [["subnet-1"], ["subnet-1", "subnet-2", "subnet-3"]])
def test_a_list_takes_the_place_of_its_token(subnets: list[str]) -> None:
    train = rendered_with(subnets=subnets)["Steps"][2]["Arguments"]
    assert train["VpcConfig"]["Subnets"] == subnets


def test_numbers_stay_numbers() -> None:
    defaults = {p["Name"]: p.get("DefaultValue") for p in rendered_with(num_round=9, eta=0.25)["Parameters"]}
    assert (defaults["NumRound"], defaults["Eta"]) == (9, 0.25)


def test_the_document_in_the_document_stands_as_it_was_given() -> None:
    card = json.dumps({"business_details": {"business_problem": 'He said "leave", \\ and\nleft'}})
    gate = rendered_with(model_card=card)["Steps"][4]["Arguments"]
    assert gate["IfSteps"][0]["Arguments"]["ModelCard"]["ModelCardContent"] == card


def test_every_fault_is_reported_at_once() -> None:
    values: dict[str, Any] = {
        **render.EXAMPLES,
        "kms_key": "alias/mine",
        "subnets": [],
        "speed": "1",
        "num_round": True,
    }
    del values["region"]
    assert message_of(values).splitlines() == [
        "the pipeline definition cannot be rendered:",
        "kms_key: 'alias/mine' is not a legal value (key ARN of the jobs' volumes and outputs); for example "
        "'arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555'",
        "subnets: [] is not a list with at least one element (private subnets of the jobs)",
        "region: no value (region of the stack)",
        "num_round: True is not an integer",
        "speed: no such token; the tokens are " + ", ".join(render.TOKENS),
    ]


def test_an_image_without_a_digest_is_refused() -> None:
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/churn-staging-training:latest"
    assert f"training_image: {image!r} is not a legal value" in message_of({**render.EXAMPLES, "training_image": image})


def test_one_bad_element_of_a_list_is_named() -> None:
    message = message_of({**render.EXAMPLES, "subnets": ["subnet-1", "vpc-2"]})
    assert "subnets[1]: 'vpc-2' is not a legal value (private subnets of the jobs); for example" in message


def test_a_text_where_a_list_belongs_is_refused() -> None:
    assert "subnets: 'subnet-1' is not a list" in message_of({**render.EXAMPLES, "subnets": "subnet-1"})


def test_a_value_that_contains_the_mark_is_refused() -> None:
    message = message_of({**render.EXAMPLES, "workload": "token--owner"})
    assert "workload: 'token--owner' contains 'token--', which marks a token" in message


def test_a_value_that_the_definition_does_not_use_is_refused() -> None:
    definition = render.read("train").replace("token--model-card", "nobody")
    assert "model_card: the definition has no token--model-card; compile it again" in message_of(
        dict(render.EXAMPLES), definition
    )


def test_a_token_that_nobody_knows_is_refused() -> None:
    definition = render.read("train").replace('"Version"', '"Extra": "token--surprise", "Version"')
    assert message_of(dict(render.EXAMPLES), definition) == (
        "tokens without an entry in TOKENS are left in the definition: token--surprise"
    )


def test_a_number_inside_a_text_is_refused() -> None:
    definition = render.read("train").replace('"Version"', '"Extra": "rounds: token--num-round", "Version"')
    assert "num_round: a integer cannot stand inside the text" in message_of(dict(render.EXAMPLES), definition)


def test_a_definition_above_the_service_limit_is_refused() -> None:
    message = message_of({**render.EXAMPLES, "subnets": ["subnet-" + "x" * 300_000]})
    assert message.endswith("bytes; SageMaker takes at most 1048576")


def test_an_unknown_pipeline_is_named_with_those_there_are() -> None:
    with pytest.raises(
        FileNotFoundError, match=r"no compiled pipeline 'infer'; there is \['machine', 'train', 'tune'\]"
    ):
        render.read("infer")
