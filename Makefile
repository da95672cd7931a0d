# Every command builds what it needs first; nothing relies on what a machine happens to have.
SHELL  := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN    := .venv/bin
STACK  ?= staging
# Where it is set, every process would compile all its imports again.
unexport PYTHONDONTWRITEBYTECODE
export = $(BIN)/uv export -q --frozen --no-annotate --no-emit-project $(2) -o $(1)

# What a pull request is told of a stack: the files that `pr-comment` reads.
TOLD   := .local/delivery/$(STACK)
BASE   ?= origin/main
SYFT   ?= syft
# 1 builds a training image that trains on GPUs: larger, and of use to those only who ask for instances that have one.
CUDA   ?=

.PHONY: help images bases boms pr-preview pr-policies pr-cost pr-comment setup up down synth diagram boundary test test-all check format bench-preview bench-serve bench-etl bench-train bench-validate lock pipeline clean
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -hE '^[a-z][a-z-]*:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: .venv/local.stamp ## make .venv with all that the program, the policies and the local run need

up: .venv/local.stamp ## set up, deploy to an emulated AWS and run the whole loop (STACK=staging|prod)
	$(BIN)/python -m local up --stack $(STACK)

down: .venv/local.stamp ## stop an emulator that `up --keep` left running
	$(BIN)/python -m local down --stack $(STACK)

synth: .venv/local.stamp ## write every resource of a stack as JSON
	$(BIN)/python -m local synth --stack $(STACK)

diagram: .venv/local.stamp ## draw the architecture of a stack, from its synth
	@$(BIN)/python -m local diagram --stack $(STACK)

boundary: .venv/local.stamp ## collect the permissions boundary from the roles of a stack with everything on
	@$(BIN)/python -m local synth --stack thestack --config-file components/ground/every_role.yaml --out .local/every_role.json
	@$(BIN)/python -m components.ground.collected .local/every_role.json

test: .venv/dev.stamp ## set up and run all tests that a change can break, in minutes
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: .venv/dev.stamp ## those and the long ones: examples, kill series, load, clean environments, big data
	$(BIN)/python -m pytest -n 2 --dist loadfile -m ""

check: .venv/dev.stamp $(BIN)/actionlint ## format, lint, strict types, import contracts and workflows
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/shellcheck .ci/run .ci/release-notes .ci/take-role
	$(BIN)/actionlint -shellcheck $(BIN)/shellcheck
	$(BIN)/zizmor --offline --quiet --pedantic .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci .gitlab-ci.yml
	$(BIN)/basedpyright
	$(BIN)/lint-imports

format: .venv/dev.stamp ## rewrite files in the project's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

pipeline: .venv-pipeline/stamp ## compile the SageMaker pipeline definition into committed JSON
	.venv-pipeline/bin/python -m workloads.pipeline

pr-preview: .venv/local.stamp ## what `up` would change, for `pr-comment` (STACK=staging|prod)
	@mkdir -p $(TOLD)
	$(BIN)/python -m automation preview --stack $(STACK) --json > $(TOLD)/preview.json

pr-policies: .venv/local.stamp ## what the policies say, for `pr-comment`
	@mkdir -p $(TOLD)
	$(BIN)/python -m automation policies --stack $(STACK) --json > $(TOLD)/policies.json

# The stack as BASE declares it, with this environment. A stack that BASE does not have is priced alone.
pr-cost: .venv/local.stamp ## what a month costs, and how much more than at BASE, for `pr-comment`
	@mkdir -p $(TOLD)
	rm -rf $(TOLD)/base $(TOLD)/base.json && git worktree prune && git worktree add --quiet --detach $(TOLD)/base $(BASE)
	if [ -f $(TOLD)/base/Pulumi.$(STACK).yaml ]; then cd $(TOLD)/base && \
	  PYTHONPATH=$$PWD $(CURDIR)/$(BIN)/python -m local synth --stack $(STACK) --out $(CURDIR)/$(TOLD)/base.json; fi
	$(BIN)/python -m automation cost --stack $(STACK) --json \
	  $$([ ! -f $(TOLD)/base.json ] || echo --against $(TOLD)/base.json) > $(TOLD)/cost.json
	git worktree remove --force $(TOLD)/base

pr-comment: .venv/local.stamp ## what a pull request is told of a stack, from those three
	@mkdir -p $(TOLD)
	$(BIN)/python -m automation comment --stack $(STACK) $(TOLD) > $(TOLD)/comment.md

BASES = workloads/python.env
PINNED = ^PYTHON_(BUILD|RUN)=[a-z0-9.-]+@sha256:[0-9a-f]{64}$$

# The digest of the index as the registry has it now, by its bytes: what `skopeo inspect` prints may be of one platform.
bases: ## renew the digests of the images' bases (needs skopeo and a network)
	set -e; raw=$$(mktemp); trap 'rm -f $$raw' EXIT; for base in $$(sed -n 's/^PYTHON_//p' $(BASES)); do \
	  name=$${base%%=*}; tag=$${base#*=}; tag=$${tag%%@*}; \
	  skopeo inspect --raw docker://python:$$tag > $$raw; \
	  digest=$$(sha256sum < $$raw | cut -d' ' -f1); \
	  sed "s|^PYTHON_$$name=.*|PYTHON_$$name=$$tag@sha256:$$digest|" $(BASES) > $(BASES).new; mv $(BASES).new $(BASES); \
	done
	git diff $(BASES)

boms: .venv/uv.stamp ## bills of materials (CycloneDX) of what is locked for the images, without building them, into .local/boms
	@mkdir -p .local/boms
	for group in training training-cuda inference inference-xgboost; do \
	  $(BIN)/uv export --quiet --frozen --offline --format cyclonedx1.5 --only-group $$group --output-file .local/boms/$$group.cdx.json > /dev/null || exit 1; \
	done

# Docker's manifest, not OCI's, which SageMaker refuses; a directory, so that the digest is known before any registry.
# CODE_VERSION says which revision it is where there is no git history to ask.
images: ## build all images with their bills of materials into .local/images (needs docker buildx, skopeo and syft)
	@[ "$$(grep -cE '$(PINNED)' $(BASES))" = 2 ] || { echo "$(BASES): PYTHON_BUILD and PYTHON_RUN have to be <tag>@sha256:<digest>; run \`make bases\`" >&2; exit 1; }
	rm -rf .local/images && mkdir -p .local/images
	for image in training inference inference-arm64; do \
	  case $$image in *-arm64) platform=linux/arm64 ;; *) platform=linux/amd64 ;; esac; \
	  docker buildx build --platform $$platform --provenance=false --file workloads/$${image%-arm64}/Dockerfile \
	    $$(sed -n 's/^PYTHON_/--build-arg &/p' $(BASES)) \
	    --build-arg CODE_VERSION=$${CODE_VERSION:-$$(git rev-parse HEAD)}$(if $(CUDA), --build-arg TRAINING_REQUIREMENTS=requirements-cuda.lock) \
	    --output type=oci,dest=.local/images/$$image.tar . && \
	  skopeo --override-arch $${platform#linux/} copy --format v2s2 oci-archive:.local/images/$$image.tar dir:.local/images/$$image && \
	  $(SYFT) scan oci-archive:.local/images/$$image.tar --quiet --output spdx-json=.local/images/$$image.spdx.json && \
	  rm .local/images/$$image.tar || exit 1; \
	done

bench-preview: .venv/dev.stamp ## measure the program against as many plain resources, and with up to 50 endpoints
	@$(BIN)/python -m local.benchmark

bench-serve: .venv/dev.stamp .venv-serve/stamp .venv-bench/stamp ## measure the inference service against a naive one and its peers
	$(BIN)/python -m workloads.inference.benchmark

bench-etl: .venv/dev.stamp .venv-etl/stamp ## measure the ETL against pandas, SQL by hand and Spark (needs java)
	@mkdir -p .local
	$(BIN)/python -m workloads.etl.benchmark etl

bench-train: .venv/dev.stamp .venv-job/stamp .venv-train/stamp ## measure training against pandas and XGBClassifier on 6 million rows
	@mkdir -p .local
	$(BIN)/python -m workloads.training.benchmark

bench-validate: .venv/dev.stamp .venv-etl/stamp ## measure validation against pandas
	@mkdir -p .local
	$(BIN)/python -m workloads.etl.benchmark validation

lock: .venv/uv.stamp ## lock what pyproject.toml names, export what pip reads (UPGRADE=--upgrade takes newer versions)
	$(BIN)/uv lock $(UPGRADE)
	$(call export,requirements.txt)
	$(call export,policies/requirements.txt,--only-group policies)
	$(call export,workloads/training/requirements.lock,--only-group training)
	$(call export,workloads/training/requirements-cuda.lock,--only-group training-cuda)
	$(call export,workloads/inference/requirements.lock,--only-group inference)
	$(call export,workloads/inference/requirements-xgboost.lock,--only-group inference-xgboost)
	$(call export,requirements-bootstrap.txt,--only-group bootstrap)
	for lock in workloads/pipeline/requirements tests/workloads/tracking/mlflow; do \
	  $(BIN)/uv pip compile -q $(UPGRADE) --generate-hashes --no-annotate --no-header --python-version 3.11 \
	    -o $$lock.lock $$lock.txt || exit 1; \
	done

clean: ## remove what the commands made
	rm -rf .venv .venv-pipeline .venv-serve .venv-bench .venv-etl .venv-job .venv-train .local .pytest_cache .ruff_cache .import_linter_cache

.venv/uv.stamp: requirements-bootstrap.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
	  { echo "ml-platform needs Python 3.11; '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Install it or name it: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt
	@touch $@

# The project is no package: its path in the environment lets `python -m local` and the like run from any directory.
.venv/local.stamp: .venv/uv.stamp uv.lock
	@$(BIN)/uv sync --quiet --locked --inexact --group local
	@$(BIN)/python -c 'import pathlib, sysconfig; \
	  pathlib.Path(sysconfig.get_path("purelib"), "ml-platform.pth").write_text("$(CURDIR)\n")'
	@touch $@

.venv/dev.stamp: .venv/local.stamp
	@$(BIN)/uv sync --quiet --locked --inexact --group dev
	@touch $@

$(BIN)/actionlint: .venv/dev.stamp .ci/actionlint/go.mod .ci/actionlint/go.sum
	@command -v go > /dev/null || { echo "make check needs Go 1.25 or newer, which builds the linter of the workflows" >&2; exit 1; }
	@cd .ci/actionlint && GOBIN=$(CURDIR)/$(BIN) GOFLAGS=-mod=readonly go install github.com/rhysd/actionlint/cmd/actionlint
	@touch $@

.venv-pipeline/stamp: .venv/uv.stamp workloads/pipeline/requirements.lock
	$(PYTHON) -m venv .venv-pipeline
	$(BIN)/uv pip install --quiet --python .venv-pipeline/bin/python --require-hashes -r workloads/pipeline/requirements.lock
	@touch $@

# the packages of the inference image alone, and those of the servers it is measured against
.venv-serve/stamp: .venv/uv.stamp workloads/inference/requirements.lock
	$(PYTHON) -m venv --without-pip .venv-serve
	$(BIN)/uv pip install --quiet --python .venv-serve/bin/python --require-hashes -r workloads/inference/requirements.lock
	@touch $@

.venv-bench/stamp: .venv/uv.stamp workloads/inference/benchmark/requirements.txt workloads/inference/benchmark/peers.txt
	$(PYTHON) -m venv --without-pip .venv-bench
	$(BIN)/uv pip install --quiet --python .venv-bench/bin/python -r workloads/inference/benchmark/requirements.txt
	while read -r peer; do $(BIN)/uv pip install --quiet --python .venv-bench/bin/python "$$peer" || \
	  echo "$$peer does not install here and is left out"; done < workloads/inference/benchmark/peers.txt
	@touch $@

# pandas alone, which nothing of the platform needs
.venv-etl/stamp: .venv/uv.stamp workloads/etl/benchmark/requirements.txt
	$(PYTHON) -m venv --without-pip .venv-etl
	$(BIN)/uv pip install --quiet --python .venv-etl/bin/python -r workloads/etl/benchmark/requirements.txt
	@touch $@

# the packages of the training image alone, compiled as its build does it, and beside them those of the naive script
.venv-job/stamp: .venv/uv.stamp workloads/training/requirements.lock
	$(PYTHON) -m venv --without-pip .venv-job
	$(BIN)/uv pip install --quiet --python .venv-job/bin/python --compile-bytecode --require-hashes \
	  -r workloads/training/requirements.lock
	@touch $@

.venv-train/stamp: .venv/uv.stamp workloads/training/benchmark/requirements.txt
	$(PYTHON) -m venv --without-pip .venv-train
	$(BIN)/uv pip install --quiet --python .venv-train/bin/python --compile-bytecode -r workloads/training/benchmark/requirements.txt
	@touch $@
