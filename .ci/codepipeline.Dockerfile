# What the builds of CodePipeline run in: build it, push it to a registry of the account, name it by digest in
# delivery.codepipeline.image.
#   docker build -f .ci/codepipeline.Dockerfile -t <registry>/delivery .
# Pin the bases by digest where your registry mirrors them.
FROM ghcr.io/sigstore/cosign/cosign:v3.0.6 AS cosign
FROM anchore/syft:v1.38.0 AS syft
FROM golang:1.25-bookworm AS go
FROM docker:28.5-dind AS docker

FROM pulumi/pulumi-python-3.11:3.272.0
RUN apt-get update && apt-get install --yes --no-install-recommends \
    default-jre-headless git iptables make skopeo && rm -rf /var/lib/apt/lists/*
COPY --from=cosign /ko-app/cosign /usr/local/bin/cosign
COPY --from=syft /syft /usr/local/bin/syft
# Go builds the linter of the workflows, Java runs Spark; Docker's daemon builds images.
COPY --from=go /usr/local/go /usr/local/go
COPY --from=docker /usr/local/bin/ /usr/local/bin/
COPY --from=docker /usr/local/libexec/docker /usr/local/libexec/docker
ENV PATH="/usr/local/go/bin:${PATH}"
