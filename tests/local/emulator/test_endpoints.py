from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import Emulator

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/"


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def ask(runtime: Any, name: str, **more: Any) -> dict[str, Any]:
    answer = runtime.invoke_endpoint(**({"EndpointName": name, "Body": b"1,2,3", "ContentType": "text/csv"} | more))
    return json.loads(answer["Body"].read()) | {"variant": answer["InvokedProductionVariant"]}


@pytest.fixture
def endpoint(serving: Any, name: str) -> str:
    """An endpoint with champion (weight 90) and challenger (weight 10)."""
    champion, challenger = serving.model(f"{name}-a"), serving.model(f"{name}-b")
    config = serving.config(name, {"champion": (champion, 90), "challenger": (challenger, 10)})
    return serving.endpoint(name, config, Tags=[{"Key": "Project", "Value": "ml"}])


def test_the_description_tells_what_serves(sagemaker: Any, endpoint: str) -> None:
    found = sagemaker.describe_endpoint(EndpointName=endpoint)
    assert (found["EndpointStatus"], found["EndpointConfigName"]) == ("InService", endpoint)
    champion = found["ProductionVariants"][0]
    assert champion.pop("DeployedImages")[0]["SpecifiedImage"].startswith(
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/"
    )
    assert champion == {
        "VariantName": "champion",
        "CurrentWeight": 90.0,
        "DesiredWeight": 90.0,
        "CurrentInstanceCount": 2,
        "DesiredInstanceCount": 2,
    }
    assert sagemaker.list_tags(ResourceArn=ARN + endpoint)["Tags"] == [{"Key": "Project", "Value": "ml"}]


def test_requests_are_spread_by_weight(runtime: Any, endpoint: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(runtime, endpoint), range(200)))
    seen = Counter(answer["variant"] for answer in answers)
    assert seen["champion"] > 150
    assert seen["challenger"] > 2
    models = {(answer["variant"], answer["model"]) for answer in answers}
    assert models == {("champion", f"{endpoint}-a"), ("challenger", f"{endpoint}-b")}


def test_a_target_variant_is_honoured(runtime: Any, endpoint: str) -> None:
    assert {ask(runtime, endpoint, TargetVariant="challenger")["variant"] for _ in range(5)} == {"challenger"}
    assert refusal(lambda: ask(runtime, endpoint, TargetVariant="nobody")) == (
        "ValidationError",
        "Variant nobody is not a production variant of the endpoint.",
    )


def test_weights_and_counts_change_apart(sagemaker: Any, serving: Any, runtime: Any, endpoint: str) -> None:
    def update(**desired: Any) -> None:
        changes = [{"VariantName": "challenger"} | desired]
        sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=changes)
        serving.settled(endpoint)

    update(DesiredWeight=0)
    update(DesiredInstanceCount=5)
    variants = sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"]
    found = {v["VariantName"]: (v["CurrentWeight"], v["DesiredInstanceCount"]) for v in variants}
    assert found == {"champion": (90.0, 2), "challenger": (0.0, 5)}
    assert {ask(runtime, endpoint)["variant"] for _ in range(30)} == {"champion"}
    code, message = refusal(
        lambda: sagemaker.update_endpoint_weights_and_capacities(
            EndpointName=endpoint, DesiredWeightsAndCapacities=[{"VariantName": "nobody", "DesiredWeight": 1}]
        )
    )
    assert (code, message) == (
        "ValidationException",
        f'The variant name(s) "nobody" is/are not present within endpoint configuration "{endpoint}".',
    )


def test_a_change_of_weights_or_counts_is_an_update_of_the_endpoint(
    sagemaker: Any, serving: Any, endpoint: str
) -> None:
    before = serving.settled(endpoint)
    changes = [{"VariantName": "challenger", "DesiredInstanceCount": 4}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName=endpoint, DesiredWeightsAndCapacities=changes)
    after = serving.settled(endpoint)
    assert after["EndpointStatus"] == "InService"
    assert after["LastModifiedTime"] > before["LastModifiedTime"]
    assert after["EndpointConfigName"] == before["EndpointConfigName"]


def test_bodies_and_headers_go_through_untouched(runtime: Any, endpoint: str) -> None:
    body = bytes(range(256))
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, Body=body, Accept="application/x-echo", CustomAttributes="trace=1"
    )
    assert answer["Body"].read() == body
    assert (answer["ContentType"], answer["CustomAttributes"]) == ("application/x-echo", "trace=1")
    assert ask(runtime, endpoint, CustomAttributes="trace=2")["attributes"] == "trace=2"
    assert ask(runtime, endpoint)["threshold"] == "0.75"


def test_a_variant_that_scales_keeps_its_instance_type(
    emulator: Emulator, sagemaker: Any, serving: Any, endpoint: str
) -> None:
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/champion",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling = emulator.client("application-autoscaling")
    scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=10)
    other = serving.variant("champion", f"{endpoint}-b")
    for config, variant in (("model", other), ("type", other | {"InstanceType": "ml.m6i.xlarge"})):
        sagemaker.create_endpoint_config(EndpointConfigName=f"{endpoint}-{config}", ProductionVariants=[variant])
    sagemaker.update_endpoint(EndpointName=endpoint, EndpointConfigName=f"{endpoint}-model")
    assert serving.settled(endpoint)["EndpointConfigName"] == f"{endpoint}-model"
    larger = {"EndpointName": endpoint, "EndpointConfigName": f"{endpoint}-type"}
    assert refusal(lambda: sagemaker.update_endpoint(**larger)) == (
        "ValidationException",
        f'Variant "champion" of endpoint "{ARN}{endpoint}" is a scalable target, so it keeps its instance type '
        "ml.m6i.large: deregister it with Application Auto Scaling first.",
    )
    scaling.deregister_scalable_target(**target)
    code, _ = refusal(lambda: scaling.deregister_scalable_target(**target))
    assert code == "ObjectNotFoundException"
    sagemaker.update_endpoint(**larger)
    assert serving.settled(endpoint)["EndpointConfigName"] == f"{endpoint}-type"


def test_what_is_too_large_or_not_there_is_refused(runtime: Any, endpoint: str) -> None:
    code, message = refusal(lambda: runtime.invoke_endpoint(EndpointName=endpoint, Body=b"x" * 6291457))
    assert (code, message) == (
        "ValidationError",
        "Request of 6291457 bytes is larger than the allowed 6291456 bytes.",
    )
    missing = refusal(lambda: runtime.invoke_endpoint(EndpointName="nobody", Body=b""))
    assert missing == ("ValidationError", "Endpoint nobody of account 123456789012 not found.")


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (503, "server")])
def test_a_models_own_error(runtime: Any, serving: Any, name: str, status: int, side: str) -> None:
    serving.endpoint(name, serving.config(name, {"champion": (serving.model(name, status=status), 1)}))
    with pytest.raises(ClientError) as error:
        ask(runtime, name)
    found = error.value.response
    assert (found["Error"]["Code"], found["ResponseMetadata"]["HTTPStatusCode"]) == ("ModelError", 424)
    assert found["OriginalStatusCode"] == status
    assert json.loads(found["OriginalMessage"])["model"] == name
    assert found["LogStreamArn"].endswith(f":log-group:/aws/sagemaker/Endpoints/{name}")
    assert found["Error"]["Message"].startswith(f'Received {side} error ({status}) from primary with message "{{')


def test_a_dead_server_is_a_model_error(emulator: Emulator, runtime: Any, endpoint: str) -> None:
    servers = {s["variant"]: s for s in emulator.model_servers() if s["endpoint"] == endpoint}
    assert emulator.kill(servers["champion"]["pid"])["alive"] is False
    with pytest.raises(ClientError) as error:
        ask(runtime, endpoint, TargetVariant="champion")
    assert error.value.response["Error"]["Code"] == "ModelError"
    assert error.value.response["OriginalStatusCode"] == 503
    assert ask(runtime, endpoint, TargetVariant="challenger")["variant"] == "challenger"


def test_metrics_are_published(emulator: Emulator, runtime: Any, cloudwatch: Any, endpoint: str) -> None:
    for _ in range(3):
        ask(runtime, endpoint, TargetVariant="champion")
    servers = {s["variant"]: s for s in emulator.model_servers() if s["endpoint"] == endpoint}
    emulator.kill(servers["champion"]["pid"])
    refusal(lambda: ask(runtime, endpoint, TargetVariant="champion"))
    emulator.flush()

    def total(metric: str, statistic: str = "Sum", **more: str) -> float:
        named = {"EndpointName": endpoint, "VariantName": "champion"} | more
        dimensions = [{"Name": key, "Value": value} for key, value in named.items()]
        query = {"Metric": {"Namespace": "AWS/SageMaker", "MetricName": metric, "Dimensions": dimensions}}
        queries = [{"Id": "q", "MetricStat": query | {"Period": 3600, "Stat": statistic}}]
        span = {"StartTime": "2020-01-01", "EndTime": "2100-01-01"}
        return sum(cloudwatch.get_metric_data(MetricDataQueries=queries, **span)["MetricDataResults"][0]["Values"])

    metrics = ("Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "InvocationsPerInstance")
    assert [total(metric) for metric in metrics] == [4, 0, 1, 2]
    assert total("Invocations", EndpointConfigName=endpoint) == 4
    assert 100 < total("ModelLatency", "p50") < 1_000_000  # microseconds
    assert total("OverheadLatency", "Average") > 0


def test_an_endpoint_whose_server_does_not_start(sagemaker: Any, runtime: Any, serving: Any, name: str) -> None:
    config = serving.config(name, {"champion": (serving.model(name, exit=3), 1)})
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    found = serving.settled(name)
    assert found["EndpointStatus"] == "Failed"
    assert found["FailureReason"].startswith(
        "The primary container for production variant champion did not pass the ping health check. "
        "The server exited with code 3; its log is "
    )
    assert refusal(lambda: ask(runtime, name))[0] == "ValidationError"
    sagemaker.delete_endpoint(EndpointName=name)


def test_an_endpoint_whose_model_is_not_there(sagemaker: Any, serving: Any, bucket: str, name: str) -> None:
    uri = f"s3://{bucket}/nothing/model.tar.gz"
    container = {"Image": "image", "ModelDataUrl": uri}
    role = "arn:aws:iam::123456789012:role/emulator-tests"
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=serving.config(name, {"champion": (name, 1)}))
    found = serving.settled(name)
    assert found["EndpointStatus"] == "Failed"
    assert found["FailureReason"].startswith(f"Could not find model data at {uri}: ")


def test_a_model_from_a_package(sagemaker: Any, runtime: Any, serving: Any, name: str) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    uri = serving.artifact(name, {"name": "from the registry"})
    containers = [{"Image": "image", "ModelDataUrl": uri, "Environment": {"THRESHOLD": "0.5", "OTHER": "1"}}]
    package = sagemaker.create_model_package(
        ModelPackageGroupName=name, InferenceSpecification={"Containers": containers}
    )["ModelPackageArn"]
    container = {"ModelPackageName": package, "Environment": {"THRESHOLD": "0.6"}}
    role = "arn:aws:iam::123456789012:role/emulator-tests"
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)
    serving.endpoint(name, serving.config(name, {"champion": (name, 1)}))
    answer = ask(runtime, name)
    assert (answer["model"], answer["threshold"]) == ("from the registry", "0.6")


def test_a_model_from_a_further_specification_of_a_package(
    sagemaker: Any, runtime: Any, serving: Any, name: str
) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    containers = {
        each: [{"Image": each, "ModelDataUrl": serving.artifact(f"{name}-{each}", {"name": each})}]
        for each in ("own", "arm64")
    }
    package = sagemaker.create_model_package(
        ModelPackageGroupName=name,
        InferenceSpecification={"Containers": containers["own"]},
        AdditionalInferenceSpecifications=[{"Name": "arm64", "Containers": containers["arm64"]}],
    )["ModelPackageArn"]
    role = "arn:aws:iam::123456789012:role/emulator-tests"
    for specification, status in (("arm64", "InService"), ("riscv", "Failed")):
        mine = f"{name}-{specification}"
        container = {"ModelPackageName": package, "InferenceSpecificationName": specification}
        sagemaker.create_model(ModelName=mine, ExecutionRoleArn=role, PrimaryContainer=container)
        sagemaker.create_endpoint(EndpointName=mine, EndpointConfigName=serving.config(mine, {"champion": (mine, 1)}))
        found = serving.settled(mine)
        assert found["EndpointStatus"] == status
        if status == "InService":
            assert ask(runtime, mine)["model"] == "arm64"
            assert found["ProductionVariants"][0]["DeployedImages"][0]["SpecifiedImage"] == "arm64"
        else:
            assert "no inference specification riscv; it has arm64." in found["FailureReason"]
        sagemaker.delete_endpoint(EndpointName=mine)


def test_a_shadow_variant_sees_its_share_and_nobody_hears_it(
    emulator: Emulator, runtime: Any, serving: Any, bucket: str, s3: Any, name: str, eventually: Any
) -> None:
    capture = {
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{bucket}/shadow",
        "CaptureOptions": [{"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    champion, shadow = serving.model(f"{name}-a"), serving.model(f"{name}-b", status=200)
    variants = [serving.variant("shadow", shadow, 1)]
    config = serving.config(
        name, {"champion": (champion, 1)}, ShadowProductionVariants=variants, DataCaptureConfig=capture
    )
    serving.endpoint(name, config)
    assert {ask(runtime, name)["model"] for _ in range(5)} == {champion}
    described = [s["role"] for s in emulator.model_servers() if s["endpoint"] == name]
    assert sorted(described) == ["production", "shadow"]

    def shadowed() -> Any:
        emulator.flush()
        found = s3.list_objects_v2(Bucket=bucket, Prefix=f"shadow/{name}/shadow/").get("Contents", [])
        bodies = [s3.get_object(Bucket=bucket, Key=o["Key"])["Body"].read().decode() for o in found]
        lines = [line for body in bodies for line in body.splitlines()]
        return lines if len(lines) == 5 else None

    assert all(f'\\"model\\": \\"{shadow}\\"' in line for line in eventually(shadowed))


def test_a_deleted_endpoint_serves_no_more(emulator: Emulator, sagemaker: Any, runtime: Any, endpoint: str) -> None:
    assert [s for s in emulator.model_servers() if s["endpoint"] == endpoint]
    sagemaker.delete_endpoint(EndpointName=endpoint)
    assert [s for s in emulator.model_servers() if s["endpoint"] == endpoint] == []
    assert refusal(lambda: ask(runtime, endpoint))[0] == "ValidationError"
    gone = ("ValidationException", f'Could not find endpoint "{ARN}{endpoint}".')
    assert refusal(lambda: sagemaker.describe_endpoint(EndpointName=endpoint)) == gone
    assert refusal(lambda: sagemaker.delete_endpoint(EndpointName=endpoint)) == gone


def test_a_name_is_taken_once_and_a_configuration_must_exist(sagemaker: Any, endpoint: str, name: str) -> None:
    again = refusal(lambda: sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=endpoint))
    assert again == ("ValidationException", f'Cannot create already existing endpoint "{ARN}{endpoint}".')
    nowhere = refusal(lambda: sagemaker.create_endpoint(EndpointName=f"{name}-2", EndpointConfigName="nothing"))
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:endpoint-config/nothing"
    assert nowhere == ("ValidationException", f"Could not find endpoint configuration '{arn}'.")


def test_endpoints_are_listed_and_searched(sagemaker: Any, endpoint: str) -> None:
    listed = sagemaker.list_endpoints(NameContains=endpoint)["Endpoints"]
    assert [(e["EndpointName"], e["EndpointStatus"]) for e in listed] == [(endpoint, "InService")]
    expression = {"Filters": [{"Name": "EndpointName", "Operator": "Equals", "Value": endpoint}]}
    found = sagemaker.search(Resource="Endpoint", SearchExpression=expression)["Results"]
    assert [r["Endpoint"]["EndpointName"] for r in found] == [endpoint]


def test_scaling_of_a_variant_is_registered(emulator: Emulator, endpoint: str) -> None:
    scaling = emulator.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/champion",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    scaling.register_scalable_target(**target, MinCapacity=2, MaxCapacity=10)
    predefined = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    scaling.put_scaling_policy(
        **target,
        PolicyName="invocations",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 1000.0,
            "PredefinedMetricSpecification": predefined,
            "ScaleOutCooldown": 60,
            "ScaleInCooldown": 300,
        },
    )
    scaling.put_scheduled_action(
        **target,
        ScheduledActionName="night",
        Schedule="at(2199-01-01T22:00:00)",
        ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 3},
    )
    found = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[target["ResourceId"]])
    assert [(t["MinCapacity"], t["MaxCapacity"]) for t in found["ScalableTargets"]] == [(2, 10)]
