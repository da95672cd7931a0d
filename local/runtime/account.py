"""A cloud on paper whose data sources an account answers: nothing is made, and what exists is judged as it is.

Only `synth --account` looks at an account. Its credentials come on standard input, from who asks
(`automation.stacks.local`), and are no setting of this machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, TextIO

from botocore.exceptions import BotoCoreError

from local.adapter import invokes
from local.adapter.api import EMULATED, Api, Credentials
from local.adapter.errors import AdapterError
from local.runtime.errors import LocalRunError
from local.runtime.sample import OFFLINE, SampleCloud

#: What the stack itself has written: of an account before its first `up`, nothing.
_OWN: Final = "aws:ssm/getParametersByPath:getParametersByPath"


def given(stream: TextIO) -> Api:
    """The API of the account whose credentials, and address if it has one of its own, stand there as JSON."""
    try:
        written: dict[str, str | None] = json.load(stream)
        keys = Credentials(**{name: value for name in Credentials._fields if (value := written.get(name))})
        url = written.get("endpoint_url")
    except (ValueError, AttributeError) as error:
        fields = ", ".join(Credentials._fields)
        raise LocalRunError(f"standard input: found no JSON object with {fields} ({error})") from error
    if keys == EMULATED:
        raise LocalRunError("standard input: found no access_key; give the credentials of the account")
    return Api(url, keys)


class LookedUp(SampleCloud):
    """The sample cloud on its first day, in the account that an API is of."""

    def __init__(self, stack: str, region: str, api: Api, *, endpoints: Mapping[str, Mapping[str, str]]):
        self._api = api
        found = self._asked("aws:index/getCallerIdentity:getCallerIdentity", {}, account="", region=region)
        self._account: str = found["accountId"]
        super().__init__(stack, region, endpoints=endpoints, bootstrap=True, account=self._account)

    def invoke(self, token: str, args: dict[str, Any], /) -> dict[str, Any]:
        """Answer a data source as the account does. Raises AdapterError."""
        if token in OFFLINE or token == _OWN:
            return super().invoke(token, args)
        return self._asked(token, args, account=self._account, region=args.get("region") or self.region)

    def _asked(self, token: str, args: Mapping[str, Any], *, account: str, region: str) -> dict[str, Any]:
        try:
            return invokes.invoke(token, args, invokes.Context(api=self._api, account=account, region=region))
        except BotoCoreError as error:
            raise AdapterError(f"{token}: {error}") from error
