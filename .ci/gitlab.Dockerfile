# What the jobs of .gitlab-ci.yml run in that take a role: build it, push it to your registry, name it in DELIVERY_IMAGE.
#   docker build -f .ci/gitlab.Dockerfile -t <registry>/delivery .
# Pin both bases by digest where your registry mirrors them.
FROM ghcr.io/sigstore/cosign/cosign:v3.0.6 AS cosign

FROM pulumi/pulumi-python-3.11:3.272.0
RUN apt-get update && apt-get install --yes --no-install-recommends git make skopeo && rm -rf /var/lib/apt/lists/*
COPY --from=cosign /ko-app/cosign /usr/local/bin/cosign
