"""Guardrails: the policies of the platform as one Pulumi policy pack.

`themes/` holds the policies, `rule.py` the form they are written in, `pack.py` the pack, `server.py` the analyzer that
the engine talks to. The package depends on `pulumi-policy` and the standard library only, and its modules import one
another relatively, so that it works both as `guardrails` (run by the engine) and as `policies.guardrails` (tests).
"""

from __future__ import annotations

from .pack import ConfigurationError, Guardrails

__all__ = ["ConfigurationError", "Guardrails"]
