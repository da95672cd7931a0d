"""Signs that a stack had what others write: a parameter beside each image's and each release record's.

The program declares a sign where it finds such a parameter; that of a release record says the kind of the endpoint, by
which a later run knows that the config has another one (`contracts.kinds.changing`). And a later run that finds the
sign and not the parameter knows that it was lost, and stops (`components.models.parameters`): taken for a stack that
waits for its first release it would delete the live endpoint. A workload or endpoint that is taken out of the config
takes its sign along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.service import Service
from contracts.names import PLATFORM

#: AWS services of what is made here (`components.service`).
SERVICES: Final = (
    Service(
        "ssm",
        types="ssm/parameter",
        reads="GetParameter GetParameters GetParametersByPath ListTagsForResource",
        reads_anywhere="DescribeParameters",
        changes="AddTagsToResource DeleteParameter PutParameter RemoveTagsFromResource",
        named="parameter{parameters}/*",
    ),
)


def sign(parameter: str) -> str:
    """Name of the parameter that says that the stack was deployed with `parameter`."""
    return f"{parameter}-was-here"


@dataclass(frozen=True, kw_only=True)
class SignsArgs:
    """`parameters` are the names of those that were found, `/mlplatform/<stack>/...`, with what their signs say."""

    parameters: Mapping[str, str]


class Signs(pulumi.ComponentResource):
    """One sign for each parameter, called by its workload first, as all that is a workload's.

    Signs("signs", SignsArgs(parameters={"/mlplatform/staging/churn/live/release": "realtime"}))
    """

    def __init__(self, name: str, args: SignsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:signs:Signs", name, None, opts)
        for parameter, said in args.parameters.items():
            _, _, below = parameter.removeprefix(f"/{PLATFORM}/").partition("/")
            aws.ssm.Parameter(
                f"{below.replace('/', '-')}-sign",
                name=sign(parameter),
                description=f"The stack was deployed with {parameter}; its loss is an error",
                type="String",
                insecure_value=said,  # as a `value`, no preview would show it
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
