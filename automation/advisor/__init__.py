"""Where to serve a model, by what is asked of it: every target judged, sized, priced and ranked."""

from __future__ import annotations

from automation.advisor.advice import Alternative, advise

__all__ = ["Alternative", "advise"]
