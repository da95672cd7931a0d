"""Components on the SDK's test runtime, with a monitor that records what the program asks the engine for.

What this shows: which resources a program declares, with which inputs, options and parents, in an update (every output
is there) and in a preview of an empty account (outputs are unknown). What it cannot show: whether the provider or AWS
would take them (the adapter's and the loop's tests go further), defaults and names that the provider fills in, and what
a change replaces.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.output import Unknown
from pulumi.runtime import config, mocks, rpc, set_mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import get_root_resource, reset_options
from pulumi.runtime.stack import Stack

from components.ground import Ground
from components.ground.endpoints import Offer
from components.ground.existing import Found
from components.ground.keys import Keys, KeysArgs
from components.ground.lake import Lake, LakeArgs
from components.ground.network import Network, NetworkArgs
from components.ground.vpc import Site
from contracts.names import Names
from settings import Settings

ACCOUNT = "123456789012"
REGION = "eu-west-1"
#: Where the exports of a program are in `Deployment.outputs`; absent while any of them is unknown.
STACK = ""
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
_REFERENCE = {"4dabf18193072939515e22adb298388d": "5cf8f73096256a8f31e491e813e4eb8e"}


@dataclass(frozen=True, kw_only=True)
class Declared:
    """One resource as the program declares it."""

    type: str
    name: str
    inputs: dict[str, Any]
    parent: str
    provider: str
    protect: bool
    ignored: tuple[str, ...]
    retain_on_delete: bool
    replacement_trigger: Any
    ignore_changes: tuple[str, ...]
    dependencies: tuple[str, ...]
    input_dependencies: Mapping[str, tuple[str, ...]]


@dataclass
class Deployment:
    """What a program declared, and the outputs of its components; the stack's are under `STACK`."""

    resources: list[Declared] = field(default_factory=list[Declared])
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])

    def one(self, name: str, kind: str = "") -> Declared:
        """The resource called `name`, of a type that ends in `kind` where several have that name."""
        found = [r for r in self.resources if r.name == name and r.type.endswith(kind)]
        assert len(found) == 1, f"{name} {kind}: found {[(r.type, r.name) for r in found]}"
        return found[0]

    def by_content(self, stem: str) -> Declared:
        """The resource whose name is `stem` and what follows from its content (`components.content`)."""
        (name,) = {r.name for r in self.resources if r.name.rpartition("-")[0] == stem}
        return self.one(name)

    def all(self, kind: str) -> list[Declared]:
        """Resources of a type, in the order of their names."""
        return sorted((r for r in self.resources if r.type == kind), key=lambda r: r.name)

    def names(self, kind: str) -> list[str]:
        """Names of the resources of a type."""
        return [r.name for r in self.all(kind)]


def _values(struct: Any) -> dict[str, Any]:
    return {} if struct is None else rpc.deserialize_properties(struct, keep_unknowns=True)


class Monitor(mocks.MockMonitor):
    """Records registrations in full; the SDK's own mocks see neither options nor dependencies."""

    def __init__(self, answers: mocks.Mocks, deployment: Deployment) -> None:
        super().__init__(answers)
        self._deployment = deployment

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the engine's name
        if request.type != "pulumi:pulumi:Stack":
            self._deployment.resources.append(
                Declared(
                    type=request.type,
                    name=request.name,
                    inputs=_values(request.object),
                    parent=request.parent.rpartition("::")[2],
                    provider=request.provider.split("::")[-2] if request.provider else "",
                    protect=request.protect,
                    ignored=tuple(request.ignoreChanges),
                    retain_on_delete=request.retainOnDelete,
                    replacement_trigger=MessageToDict(request.replacement_trigger)
                    if request.HasField("replacement_trigger")
                    else None,
                    ignore_changes=tuple(request.ignoreChanges),
                    dependencies=tuple(sorted(urn.rpartition("::")[2] for urn in request.dependencies)),
                    input_dependencies={
                        key: tuple(sorted(urn.rpartition("::")[2] for urn in value.urns))
                        for key, value in request.propertyDependencies.items()
                        if value.urns
                    },
                )
            )
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        self._deployment.outputs[request.urn.rpartition("::")[2]] = _values(request.outputs)
        return super().RegisterResourceOutputs(request)

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        if request.tok != "pulumi:pulumi:getResource":
            return super().Invoke(request)
        urn = rpc.deserialize_properties(request.args)["urn"]
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").update({"urn": urn, "id": urn, "state": {}})
        return response


def _awsx_outputs(kind: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "awsx:ecr:Repository":
        return {"url": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{inputs['name']}"}
    zones = range(len(inputs["availabilityZoneNames"]))
    kinds = [spec["type"] for spec in inputs["subnetSpecs"]]
    subnets = {f"{k.lower()}SubnetIds": [f"subnet-{k.lower()}{zone}" for zone in zones] for k in kinds}
    tables = [f"urn:pulumi:test::ml-platform::aws:ec2/routeTable:RouteTable::rtb-{zone}" for zone in zones]
    return {"vpcId": f"vpc-{name}", **subnets, "routeTables": [{**_REFERENCE, "urn": urn, "id": urn} for urn in tables]}


class NoAnswer(grpc.RpcError):
    """A data source that fails, as the engine tells the SDK; any other exception ends the program."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return str(self)


class Answers(mocks.Mocks):
    """Outputs of a deployment that went well; a data source without an answer is an error."""

    def __init__(self, invokes: Mapping[str, Any], *, preview: bool) -> None:
        self._invokes, self._preview = dict(invokes), preview

    def call(self, args: mocks.MockCallArgs) -> Any:
        if args.token not in self._invokes:
            raise AssertionError(f"unexpected call of {args.token} with {args.args}")
        answer = self._invokes[args.token]
        return answer(args.args) if callable(answer) else answer

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        if args.typ.startswith("awsx:"):  # a component of its own: its outputs are not its inputs
            return "", {} if self._preview else _awsx_outputs(args.typ, args.name, args.inputs)
        if self._preview:
            return "", dict(args.inputs)
        outputs = dict(args.inputs)
        kind = args.typ.rpartition(":")[2]
        outputs.setdefault("name", args.name)
        service = args.typ.split(":")[1].split("/")[0]
        outputs["arn"] = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind.lower()}/{outputs['name']}"
        if args.typ == "aws:iam/role:Role":
            outputs["arn"] = f"arn:aws:iam::{ACCOUNT}:role{outputs.get('path', '/')}{outputs['name']}"
        if args.typ == "aws:kms/key:Key":
            outputs |= {"keyId": args.name, "arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{args.name}"}
        if args.typ == "aws:ec2/vpcEndpoint:VpcEndpoint":
            outputs["prefixListId"] = f"pl-{args.name}"
        if args.typ == "aws:sqs/queue:Queue":
            outputs["url"] = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{outputs['name']}"
        if kind == "SecurityGroup":
            return "sg-" + args.name.replace("-", ""), outputs
        return f"id-{args.name}", outputs


IDENTITY = {
    "aws:index/getCallerIdentity:getCallerIdentity": {
        "accountId": ACCOUNT,
        "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/test",
        "userId": "AROATEST:test",
        "id": ACCOUNT,
    }
}

NAMES = Names(stack="staging", account=ACCOUNT, region=REGION)
CHURN = NAMES.of_workload("churn")
LIVE = CHURN.of_endpoint("live")
ALERTS = f"arn:aws:sns:{REGION}:{ACCOUNT}:{NAMES.resource('alerts')}"
LETTERS = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{CHURN.resource('dead-letters')}"


def deploy(
    program: Callable[[], object],
    *,
    stack: str = "staging",
    preview: bool = False,
    invokes: Mapping[str, Any] | None = None,
    values: Mapping[str, str] | None = None,
) -> Deployment:
    """Run a program and say what it declared.

    `preview` is one of an empty account: nothing that a resource gives is known. `invokes` are the answers of data
    sources by token, `values` the config by full key.
    """
    deployment = Deployment()
    answers = Answers(invokes or {}, preview=preview)

    def run() -> None:
        asyncio.set_event_loop(loop)
        reset_options()
        config.set_all_config(dict(values or {}))
        set_mocks(answers, "ml-platform", stack, preview, None, Monitor(answers, deployment))
        pulumi.runtime.test(lambda: _run(program, deployment))()

    # The SDK keeps its state in context variables and the thread's event loop: own ones leave nothing to other tests.
    loop = asyncio.new_event_loop()
    try:
        contextvars.copy_context().run(run)
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return deployment


def _run(program: Callable[[], object], deployment: Deployment) -> pulumi.Output[None]:
    root = get_root_resource()
    assert isinstance(root, Stack)
    program()

    def keep(exports: dict[str, Any]) -> None:
        deployment.outputs[STACK] = exports

    return pulumi.Output.from_input(dict(root.outputs)).apply(keep)


#: A region with three zones that offers every service in each, and has no subnet yet.
OFFERS = {
    "aws:ec2/getSubnets:getSubnets": {"ids": []},
    "aws:index/getAvailabilityZones:getAvailabilityZones": {"names": [f"{REGION}{letter}" for letter in "abc"]},
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": lambda args: {
        "serviceName": args["filters"][0]["values"][0],
        "availabilityZones": [f"{REGION}{letter}" for letter in "abc"],
    },
}


def site(services: Iterable[str], zones: int = 3) -> Site:
    """A region that offers endpoints of these services in every zone."""
    names = tuple(f"{REGION}{letter}" for letter in "abcd")
    offers = {s: Offer(name=f"com.amazonaws.{REGION}.{s}", zones=frozenset(names)) for s in ("s3", *services)}
    return Site(zones=names[:zones], offers=offers)


def ground(
    names: Names = NAMES,
    *,
    callers: Mapping[str, tuple[str, ...]] | None = None,
    place: Site | Found | None = None,
    **settings: Any,
) -> Ground:
    """What the components under test stand on: real keys and a network, with one endpoint unless told otherwise."""
    checked = Settings.model_validate(settings, strict=False)
    keys = Keys("keys", KeysArgs(names=names, settings=checked.keys, protect=checked.protect))
    called = {"ssm": ("rollback",)} if callers is None else callers
    network = Network(
        "network",
        NetworkArgs(
            names=names,
            settings=checked.network,
            site=place or site(called, checked.network.created.zones),
            callers=called,
            keys=keys,
            log_retention_days=checked.logs.retention_days,
            permissions_boundary=BOUNDARY,
        ),
    )
    return Ground(
        names=names,
        keys=keys,
        network=network,
        lake=Lake("lake", LakeArgs(names=names, keys=keys, settings=checked.lake, protect=checked.protect)),
        alerts_arn=ALERTS,
        protect=checked.protect,
        log_retention_days=checked.logs.retention_days,
        permissions_boundary=BOUNDARY,
        ingestion_boundary=BOUNDARY,
        services_boundary=BOUNDARY,
        tracking_boundary=BOUNDARY,
    )


def policy(resource: Declared, key: str = "policy") -> dict[str, Any]:
    """A policy document of a resource: statement id -> statement without the id."""
    statements = json.loads(resource.inputs[key])["Statement"]
    return {s["Sid"]: {k: v for k, v in s.items() if k != "Sid"} for s in statements}


def permissions(deployment: Deployment, role: str) -> dict[str, Any]:
    """All that a role may do by its own policies: statement id -> statement without the id."""
    found = [r for r in deployment.resources if r.name in (f"{role}-policy", f"{role}-keys")]
    return {sid: statement for each in found for sid, statement in policy(each).items()}


def is_unknown(value: object) -> bool:
    """Whether a value is not known at preview."""
    return isinstance(value, Unknown)
