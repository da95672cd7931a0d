"""Whether the code of a job, a function or a model has a way to the AWS service that it calls.

What runs in a VPC reaches a service through the VPC's endpoint for it, if the endpoint's policy admits the caller's
role, or through a NAT gateway. On AWS a call without a way waits until it times out; here it fails at once and says
what is missing. Not judged: security groups, and calls of people and of AWS services, which do not come from the VPC.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from moto.ec2.exceptions import InvalidSubnetIdError
from moto.ec2.models import ec2_backends

from local.emulator import policy_statements
from local.emulator.context import Context
from local.emulator.guard import operation, respond, signing_name
from local.identity import Caller, caller

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NO_WAY = "NoWayToService"
_GATEWAY_SERVICES = ("s3", "dynamodb")
#: Of the services that the platform calls, those whose name in IAM is another than that of their endpoint.
_IAM_NAMES = {"monitoring": "cloudwatch", "experiments": "sagemaker-mlflow"}
#: Of those, whose requests are signed for another name than that of their endpoint.
_ENDPOINT_NAMES = {"ecr": "ecr.api", "sagemaker-mlflow": "experiments"}
_ANYWHERE = "0.0.0.0/0"
_DECLARE = "declare the call in CALLS beside the code's component (components/reach.py), or name it in also_reach"
_logger = logging.getLogger(__name__)


class Reach:
    """A WSGI application around one that serves AWS."""

    def __init__(self, context: Context, inner: WSGIApplication) -> None:
        self._context, self._inner = context, inner

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve the request, or answer that there is no way from its caller to the service."""
        who = caller(environ.get("HTTP_X_AMZ_SECURITY_TOKEN", ""))
        if who is not None:
            backend = ec2_backends[self._context.account][self._context.region]
            if why := obstacle(backend, who, _service(environ), operation(environ)):
                _logger.error("%s", why)
                return respond(environ, start_response, NO_WAY, why)
        return self._inner(environ, start_response)


def obstacle(ec2: Any, who: Caller, service: str, called: str) -> str | None:
    """What keeps a caller from a service, None when nothing does. `service` is named as its endpoint service ends."""
    role = who.role_arn.rpartition("/")[2]
    if who.isolated:
        return f"{role} called {called}, but runs with network isolation and can call nothing"
    try:
        subnets = [ec2.get_subnet(subnet) for subnet in who.subnet_ids]
    except InvalidSubnetIdError:
        return None  # a network that nobody has made has no ways that could be judged
    if not subnets or all(_has_nat(ec2, subnet) for subnet in subnets):
        return None
    vpc = subnets[0].vpc_id
    ways = [each for each in ec2.vpc_end_points.values() if each.vpc_id == vpc and _leads(ec2, each, service, subnets)]
    if not ways:
        return f"{role} called {called}, but {vpc} has no endpoint for {service}: {_DECLARE}"
    facts = {
        "aws:PrincipalArn": who.role_arn,
        "aws:PrincipalAccount": ec2.account_id,
        "aws:ResourceAccount": ec2.account_id,
    }
    word = service.partition(".")[0]
    request = policy_statements.Request(action=f"{_IAM_NAMES.get(word, word)}:*", resource="*", facts=facts)
    if not any(policy_statements.allows(each.policy_document, request) for each in ways):
        return f"{role} called {called}, but the policy of {vpc}'s endpoint for {service} does not admit it: {_DECLARE}"
    return None


def _service(environ: WSGIEnvironment) -> str:
    """The service of a request, named as its endpoint service ends; three of SageMaker's share one signing name."""
    name = signing_name(environ)
    if name in _ENDPOINT_NAMES:
        return _ENDPOINT_NAMES[name]
    if name != "sagemaker":
        return name
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "sagemaker.api"
    path = environ.get("PATH_INFO", "")
    return "sagemaker.runtime" if path.startswith("/endpoints/") else "sagemaker.featurestore-runtime"


def _leads(ec2: Any, endpoint: Any, service: str, subnets: list[Any]) -> bool:
    """Whether an endpoint leads from all the subnets to a service."""
    if not endpoint.service_name.removesuffix("-fips").endswith(f".{service}"):
        return False
    if service in _GATEWAY_SERVICES and endpoint.vpc_endpoint_type != "Interface":
        return all(_table(ec2, subnet).id in (endpoint.route_table_ids or ()) for subnet in subnets)
    return endpoint.vpc_endpoint_type == "Interface" and bool(endpoint.private_dns_enabled)


def _has_nat(ec2: Any, subnet: Any) -> bool:
    routes = _table(ec2, subnet).routes
    return any(str(route.destination_cidr_block) == _ANYWHERE and route.nat_gateway is not None for route in routes)


def _table(ec2: Any, subnet: Any) -> Any:
    """The route table of a subnet: its own, or the VPC's main one."""
    tables = [table for table in ec2.route_tables.values() if table.vpc_id == subnet.vpc_id]
    own = [t for t in tables if subnet.id in {each.get("SubnetId") for each in t.associations}]
    return (own or [table for table in tables if table.main_association_id])[0]
