"""CloudWatch of SageMaker's endpoints and inference components: the namespace of what hosts measure, and above the log
groups of what they print (SageMaker developer guide, "Log groups and streams")."""

from __future__ import annotations

from typing import Final

HOSTS: Final = "/aws/sagemaker/Endpoints"
COMPONENTS: Final = "/aws/sagemaker/InferenceComponents"
