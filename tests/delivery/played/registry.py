"""A `skopeo` for builds: makes an image's directory of an archive, and pushes one into the emulator's registry, from
such a directory or from another repository there.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path

import boto3

from automation.operations.shipping import MANIFEST
from tests.delivery.played.recorder import note

source, destination = (each.partition(":") for each in sys.argv[-2:])
if destination[0] == "dir":
    archive, directory = Path(source[2]), Path(destination[2])
    directory.mkdir(parents=True)
    config = {"digest": f"sha256:{archive.stem.encode().hex():0<64}"}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": []}
    (directory / "manifest.json").write_text(json.dumps(manifest))
else:
    repository, _, tag = destination[2].rpartition("/")[2].partition(":")
    found = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findingSeverityCounts": {"LOW": 1}}}
    played = {"repositoryName": repository, "imageId": {}, **found}
    body = json.dumps({"results": [played], "region": os.environ["AWS_REGION"]}).encode()
    url = f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/static/ecr/scan-finding-results"
    asked = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})  # noqa: S310
    urllib.request.urlopen(asked, timeout=600).close()  # noqa: S310  the emulator's
    ecr = boto3.client("ecr")
    if source[0] == "docker":
        there, _, digest = source[2].rpartition("/")[2].partition("@")
        pulled = {"repositoryName": there, "imageIds": [{"imageDigest": digest}]}
        note("ecr", "BatchGetImage", pulled)
        text = ecr.batch_get_image(**pulled)["images"][0]["imageManifest"]
    else:
        text = (Path(source[2]) / "manifest.json").read_text()
    pushed = {"repositoryName": repository, "imageManifest": text, "imageTag": tag}
    note("ecr", "PutImage", pushed)
    ecr.put_image(**pushed)
    # what the registry does with every image (scan on push)
    ecr.start_image_scan(repositoryName=repository, imageId={"imageTag": tag})
