"""Where a new stack lives: its region, the account by a role, and where Pulumi keeps its state and its secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from automation.operations.errors import RefusedError
from automation.stacks.workspace import BACKEND
from contracts import partitions

#: What encrypts secrets (Pulumi docs, "Secrets": a passphrase, the backend's own, or a key of a cloud).
_PROVIDER: Final = re.compile(r"default|passphrase|(awskms|azurekeyvault|gcpkms|hashivault)://\S+")
#: `[<project>/]<environment>[@<version>]` (Pulumi docs, "ESC").
_ENVIRONMENT: Final = re.compile(r"[\w.-]+(/[\w.-]+)?(@[\w.-]+)?")
_ROLE: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
#: Backends that keep no ESC environments: buckets and directories (Pulumi docs, "Using a DIY backend").
_OWN: Final = ("s3://", "gs://", "azblob://", "file://")
_DELIVERY: Final = "ml-platform:delivery"
#: What Pulumi writes of a stack's secrets; each stack has its own.
SECRETS: Final = ("encryptionsalt", "secretsprovider", "encryptedkey")


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is given of it; what is not is the template's, but for what encrypts secrets."""

    region: str | None = None
    role: str | None = None
    backend: str | None = None
    secrets_provider: str | None = None
    environments: tuple[str, ...] = ()

    def of(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """A template's file with this place, its keys in the order of the CLI. RefusedError for all that is wrong."""
        config = dict(content.get("config") or {})
        environments = [*self.environments] or content.get("environment")
        if faults := [*self._faults(self.backend or config.get(BACKEND) or "", environments)]:
            raise RefusedError("\n".join(faults))
        if self.region:
            config["aws:region"] = self.region
        if self.backend:
            config |= {BACKEND: self.backend, **self._delivery(config)}
        if self.role:
            config |= {"aws:assumeRoles": [{"roleArn": self.role}], "aws:allowedAccountIds": [self.role.split(":")[4]]}
        named = self.secrets_provider and self.secrets_provider != "default"
        rest = {key: value for key, value in content.items() if key not in (*SECRETS, "config", "environment")}
        return {
            **({"secretsprovider": self.secrets_provider} if named else {}),
            **rest,
            "config": config,
            **({"environment": environments} if environments else {}),
        }

    def _delivery(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Section `delivery` of a template that names the bucket of its state: the new stack's is the backend's."""
        found, bucket = config.get(_DELIVERY), (self.backend or "").partition("?")[0].removeprefix("s3://").rstrip("/")
        if not isinstance(found, dict) or "state_bucket" not in found or not str(self.backend).startswith("s3://"):
            return {}
        return {_DELIVERY: {**found, "state_bucket": bucket}}

    def _faults(self, backend: str, environments: Any) -> Iterator[str]:
        if self.region:
            try:
                partitions.of(self.region)
            except partitions.RegionError as error:
                yield f"--{error}"
        if self.role and not _ROLE.fullmatch(self.role):
            allowed = "the ARN of a role, such as arn:aws:iam::210987654321:role/deployer"
            yield f"--role: found {self.role!r}; allowed: {allowed}"
        if self.secrets_provider and not _PROVIDER.fullmatch(self.secrets_provider):
            allowed = "awskms://alias/<key>?region=<region> or a key of another cloud, passphrase, default"
            yield f"--secrets-provider: found {self.secrets_provider!r}; allowed: {allowed}"
        for name in self.environments:
            if not _ENVIRONMENT.fullmatch(name):
                yield f"--environment: found {name!r}; allowed: <project>/<environment> of Pulumi ESC"
        if environments and backend.startswith(_OWN):
            yield (
                f"--environment: found {environments} with backend {backend}, which keeps no environments of Pulumi "
                "ESC; allowed: with Pulumi Cloud (--backend https://api.pulumi.com)"
            )
