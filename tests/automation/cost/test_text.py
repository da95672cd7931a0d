"""An estimate for people: by component, line by line, and what a change changes."""

from __future__ import annotations

from automation.cost.estimate import changes
from automation.cost.text import by_change, by_component, line_by_line
from tests.automation.cost.test_estimate import ALARM, KEY, VPC_ENDPOINT
from tests.automation.cost.written import estimated, resource


def test_the_tables_say_what_is_from_memory() -> None:
    found = estimated(ALARM, KEY, VPC_ENDPOINT)
    assert by_component(found).splitlines() == [
        "         component      fixed   traffic   USD a month   of it ~",
        "───────────────────────────────────────────────────────────────",
        "ground   keys-raw        1.00      0.03          1.03      1.03",
        "         sns            14.60      0.00         14.60      0.00",
        "churn    errors          0.10      0.00          0.10      0.10",
        "",
        "         s, us-east-1   15.70      0.03         15.73      1.13",
    ]
    assert line_by_line(found).splitlines()[2:] == [
        "keys-raw    keys-raw                     customer key                1   month             ~1.00",
        "keys-raw    keys-raw                     requests                    1   10,000            ~0.03",
        "sns         sns                          interface endpoint      1,460   zone-hour         14.60",
        "errors      errors                       alarm, standard             1   month             ~0.10",
        "            lines below half a cent: 1                                                     ~0.00",
        "",
        "            s, us-east-1                                                                   15.73",
        "            of it from memory                                                              ~1.13",
    ]


def test_a_change_is_told_by_component() -> None:
    before, after = estimated(ALARM, KEY), estimated(KEY, VPC_ENDPOINT, resource("sqs/queue:Queue", "letters"))
    assert by_change(changes(before, after)).splitlines() == [
        "         component   before   after   change",
        "────────────────────────────────────────────",
        "ground   sns           0.00   14.60   +14.60",
        "churn    errors        0.10    0.00    -0.10",
        "",
        "                                      +14.50",
    ]
    assert by_change(changes(before, before)) == "no component's cost changes"
