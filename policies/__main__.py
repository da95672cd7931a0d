"""Starts the policy pack; the Pulumi engine runs this directory with `--policy-pack policies`.

Nothing but the pack is built here, and nothing may be printed: the engine reads the first line of standard output as
the port of the analyzer.
"""

from __future__ import annotations

from guardrails import Guardrails
from guardrails.server import serve

serve(Guardrails())
