"""Whose account answers data sources, as standard input says; the rest: tests/examples/test_existing_network.py."""

from __future__ import annotations

import io
import json

import pytest

from local.adapter import AdapterError
from local.runtime import LocalRunError
from local.runtime.account import LookedUp, given


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "standard input: found no JSON object with access_key, secret_key, token (Expecting value: "),
        ("[]", "standard input: found no JSON object with access_key, secret_key, token ("),
        ("{}", "standard input: found no access_key; give the credentials of the account"),
    ],
)
def test_without_credentials_no_account_is_asked(text: str, message: str) -> None:
    with pytest.raises(LocalRunError) as caught:
        given(io.StringIO(text))
    assert str(caught.value).startswith(message)


def test_an_account_out_of_reach_is_told() -> None:
    api = given(io.StringIO(json.dumps({"access_key": "x", "secret_key": "x", "endpoint_url": "http://127.0.0.1:9"})))
    with pytest.raises(AdapterError, match=r'getCallerIdentity: Could not connect to the endpoint URL: "http://127'):
        LookedUp("staging", "eu-west-1", api, endpoints={})
