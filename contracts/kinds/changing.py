"""Whether an endpoint that is there can become one of another kind, under its name.

What another kind makes has the same names (log group, role, alarms, scalable target), and is half made when AWS refuses
the first of them. So each stack keeps the kind of every endpoint that it was deployed with.
"""

from __future__ import annotations

from contracts.kinds import KINDS


def refusal(name: str, there: str, wanted: str) -> str:
    """What stands against it that the endpoint called `name` becomes `wanted`, and what to do; "" if nothing does.

    `there` is its kind, or a text of an older program that kept none: then nothing is known.
    """
    if there not in KINDS or wanted in (there, *KINDS[there].becomes):
        return ""
    allowed = ", ".join((there, *KINDS[there].becomes))
    return (
        f"found {wanted}; allowed: {allowed}, for endpoint {name} is {there} now, and no update makes another kind of "
        "it: give the other kind a name of its own, have clients ask that, then take this one out; or take this one "
        "out, run `pulumi up`, and add it again"
    )
