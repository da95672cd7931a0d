"""Valid configurations of other forms than the specimens': no policy refuses them."""

from __future__ import annotations

import pytest

from tests.policies.mutation import Change, drop, put, remove
from tests.policies.specimens import platform
from tests.policies.support import judge

VALID = {specimen.name: specimen for specimen in platform()}
SERVERLESS = [{"variantName": "champion", "serverlessConfig": {"maxConcurrency": 5.0, "memorySizeInMb": 2048.0}}]


@pytest.mark.parametrize(
    ("policy", "change"),
    [
        ("alb-listener-tls-policy", put("listener", "sslPolicy", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09")),
        (
            "endpoint-deployment-guardrails",
            drop("endpoint", "deploymentConfig").then(put("endpoint-config", "productionVariants", SERVERLESS)),
        ),
        (
            "endpoint-data-capture",
            drop("endpoint-config", "dataCaptureConfig").then(put("endpoint-config", "productionVariants", SERVERLESS)),
        ),
        (
            "lambda-permission-scoped",
            put("rollback-permission", "principal", "*").then(put("rollback-permission", "principalOrgId", "o-1")),
        ),
        ("security-group-no-open-ingress", put("https-in", "cidrIpv4", "10.0.0.0/8")),
        ("security-group-no-open-ingress", put("https-in", "cidrIpv6", "fc00::/7")),
        ("workload-in-private-subnets", remove("association-a")),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_valid_variant_passes(policy: str, change: Change) -> None:
    verdict = judge(change.apply(VALID).values(), only=[policy])
    assert verdict.violations == []
    assert verdict.undecided == []
