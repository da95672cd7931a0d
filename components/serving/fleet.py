"""Endpoint configurations of fleets: one for every release of the record, on instances, with captured traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import pulumi
import pulumi_aws as aws

from components import jobs
from components.access import Role
from components.content import content_name, formerly, known_name
from components.ground.keys import Domain
from components.serving import models
from components.serving.kind import EndpointArgs
from components.serving.plan import Release, Variant, plan
from settings import Fleet

F = TypeVar("F", bound=Fleet)
_Variants = list[aws.sagemaker.EndpointConfigurationProductionVariantArgsDict]
Asynchronous = aws.sagemaker.EndpointConfigurationAsyncInferenceConfigArgsDict


def configurations(
    name: str,
    args: EndpointArgs[F],
    role: Role,
    opts: pulumi.ResourceOptions,
    *,
    asynchronous: Asynchronous | None = None,
    environment: Mapping[str, str] | None = None,
    stages: Sequence[str] = (),
) -> list[aws.sagemaker.EndpointConfiguration]:
    """A configuration for every release of the record and the models that they serve; the wanted one comes first.

    `environment` is what the containers are given, `asynchronous` where requests of the queue go, `stages` the
    containers that a request passes where they are several.
    """
    releases = plan(args.record, args.settings, where=args.where, serving=args.serving)
    packages = [each.package for release in releases for each in (*release.variants, *release.shadows)]
    found = models.isolated(
        name, packages, role, args.ground, opts, environment or {}, stages, processor=args.settings.processor
    )
    return [
        configuration(name, args, release, found, opts, asynchronous=asynchronous, beside=stages)
        for release in releases
    ]


def _variant(
    variant: Variant, found: Mapping[str, aws.sagemaker.Model], settings: Fleet
) -> aws.sagemaker.EndpointConfigurationProductionVariantArgsDict:
    return {
        "variant_name": variant.name,
        "model_name": found[variant.package].name,
        "instance_type": settings.instance_type,
        "initial_instance_count": variant.instances,
        "initial_variant_weight": variant.weight,
    }


def _variants(
    release: Release, found: Mapping[str, aws.sagemaker.Model], settings: Fleet
) -> tuple[_Variants, _Variants]:
    """Those that answer, and the shadows; the provider's two types of a variant are alike."""
    answering, shadows = (
        [_variant(each, found, settings) for each in variants] for variants in (release.variants, release.shadows)
    )
    return answering, shadows


def _chosen(new: _Variants, began: _Variants, stays: pulumi.Output[bool]) -> _Variants:
    """The new variants, with what they began with where that `stays`. Only what differs waits for an answer."""

    def value(one: Any, other: Any) -> Any:
        return one if one == other else stays.apply(lambda same: other if same else one)

    numbers = ("initial_instance_count", "initial_variant_weight")
    return [
        cast("Any", {**one, **{key: value(one.get(key), other.get(key)) for key in numbers}})
        for one, other in zip(new, began, strict=True)
    ]


def configuration(
    name: str,
    args: EndpointArgs[F],
    release: Release,
    found: Mapping[str, aws.sagemaker.Model],
    opts: pulumi.ResourceOptions,
    *,
    asynchronous: Asynchronous | None = None,
    captured: bool = True,
    beside: Sequence[int | str] = (),
) -> aws.sagemaker.EndpointConfiguration:
    """The configuration of one release, which serves these models, by package; `captured` by SageMaker, or not.

    `beside` are settings of the kind's own that its models follow from.
    """
    settings, names, keys = args.settings, args.names, args.ground.keys
    volume_key = jobs.volume_key(settings.instance_type, keys[Domain.MODELS].arn)
    capture: aws.sagemaker.EndpointConfigurationDataCaptureConfigArgsDict = {
        "enable_capture": settings.capture_percent > 0,
        "initial_sampling_percentage": settings.capture_percent,
        "destination_s3_uri": names.data_capture_uri,
        "kms_key_id": keys[Domain.PROCESSED].arn,
        "capture_options": [{"capture_mode": mode} for mode in ("Input", "Output")],
        "capture_content_type_header": {
            "csv_content_types": ["text/csv"],
            "json_content_types": ["application/json"],
        },
    }

    def called(answering: _Variants, shadows: _Variants) -> pulumi.Output[str]:
        # The rollback function finds a release's configuration by `<endpoint>-<release id>`.
        more = [each for each in (shadows, asynchronous) if each]
        content = [volume_key, answering, capture if captured else None, *more]
        return content_name(f"{names.prefix}-{release.id}", content)

    variants, shadows = _variants(release, found, settings)
    if release.began and args.serving:
        serves, began = args.serving.live.config, _variants(release.began, found, settings)
        stays = called(*began).apply(lambda name: name == serves)
        variants, shadows = (_chosen(*each, stays) for each in zip((variants, shadows), began, strict=True))
    known = [settings.instance_type, settings.capture_percent, *beside]
    return aws.sagemaker.EndpointConfiguration(
        known_name(f"{name}-config-{release.id}", known),
        name=called(variants, shadows),
        kms_key_arn=volume_key,
        production_variants=variants,
        shadow_production_variants=cast("Any", shadows) or None,
        data_capture_config=capture if captured else None,
        async_inference_config=asynchronous,
        opts=pulumi.ResourceOptions.merge(opts, formerly(f"{name}-config-{release.id}")),
    )
