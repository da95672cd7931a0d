"""The options that commands share."""

from __future__ import annotations

from typing import Annotated

import typer

Stack = Annotated[str, typer.Option(help="A Pulumi.<stack>.yaml of the project.")]
Workload = Annotated[str | None, typer.Option(help="Needed where the stack has several.")]
Endpoint = Annotated[str | None, typer.Option(help="Needed where the workload has several.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask. Needed outside a terminal.")]
Why = Annotated[str, typer.Option(help="The reason, for the record.")]
Package = Annotated[str | None, typer.Argument(help="Version or ARN. Without it the newest.", show_default=False)]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="SIGNING_KEY",
        help="Refuse a model whose image it did not sign with its bill of materials: awskms:///...",
    ),
]
Identity = Annotated[
    str | None,
    typer.Option(
        envvar="SIGNING_IDENTITY",
        help="In place of a key: who signed it for Sigstore, https://github.com/.../stack.yml@refs/heads/main.",
    ),
]
Issuer = Annotated[
    str | None,
    typer.Option(
        envvar="SIGNING_ISSUER", help="With --identity: of its token, https://token.actions.githubusercontent.com."
    ),
]
