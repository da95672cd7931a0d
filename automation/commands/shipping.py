"""`ship`: an image that was built, into a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from automation.commands import target
from automation.commands.options import Json, Stack, Yes
from automation.commands.output import Output
from automation.operations import images, shipping


def ship(
    image: Annotated[str, typer.Argument(help="training, inference or inference-arm64.")],
    stack: Stack,
    built: Annotated[Path | None, typer.Option(help="Where `make images` left it (.local/images).")] = None,
    key: Annotated[
        str | None, typer.Option(envvar="SIGNING_KEY", help="Sign with it, as cosign names it: awskms:///<ARN>.")
    ] = None,
    approved: Annotated[
        str | None, typer.Option(envvar="APPROVED_IMAGES", help="Refuse what is not among these: training=sha256:...")
    ] = None,
    as_json: Json = False,
    yes: Yes = False,
) -> None:
    """Push a built image, sign it with its bill of materials, and let the stack use it if its scan finds nothing grave.

    Needs skopeo and cosign.
    """
    on, out = target.read(stack), Output(as_json=as_json, yes=yes)
    built = built or target.PROJECT / ".local" / "images"
    ecr, directory = on.client("ecr"), built / images.known(image)
    digest = shipping.digest(directory)
    if approved is not None:
        shipping.require_approved(image, digest, approved)
    out.confirm(f"Let {stack} use the {image} image {digest}, if its scan finds nothing grave?")
    reference = shipping.push(on.names, image, directory, ecr=ecr)
    out.say(f"pushed {reference}")
    shipping.sign(reference, built / f"{image}.spdx.json", ecr=ecr, key=key)
    out.say("signed, with its bill of materials")
    found = shipping.scan(on.names, image, digest, ecr=ecr)
    out.say(
        f"scanned: {', '.join(f'{number} {severity.lower()}' for severity, number in found.items()) or 'nothing found'}"
    )
    uri = images.publish(on.names, image, digest, ecr=ecr, ssm=on.client("ssm"))
    out.done(f"the {image} image is {uri}", {"image": image, "uri": uri, "findings": dict(found)})
