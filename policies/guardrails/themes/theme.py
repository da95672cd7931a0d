"""The themes of the pack, with the NIST SP 800-53 Rev. 5 controls that each stands for.

The NIST ids are those that Prowler maps to the typical checks of the group.
"""

from __future__ import annotations

from ..rule import Theme

ENCRYPTION_AT_REST = Theme("encryption-at-rest", "Encryption at rest", nist="SC-28(1) SC-13 AU-9(3) CP-9(8)")
ENCRYPTION_IN_TRANSIT = Theme("encryption-in-transit", "Encryption in transit", nist="SC-8 SC-8(1) AC-17(2) SC-23")
NETWORK = Theme("network", "Network and private subnets", nist="SC-7 AC-4(21)")
PUBLIC_ACCESS = Theme("public-access", "Public access", nist="AC-3 AC-6 AC-21 SC-7")
IAM = Theme("iam", "IAM least privilege", nist="AC-6 AC-6(10) AC-2 AC-3 AC-5 CM-5")
TAGGING = Theme("tagging", "Tagging and naming", nist="CM-8 PM-5")
AUDIT = Theme("audit", "Logging and audit", nist="AU-2 AU-3 AU-6 AU-11 AU-12 SI-4 SI-7 CA-7")
PROTECTION = Theme("protection", "Data protection, versioning, backup", nist="CP-9 CP-10 CP-6 AU-9(2) SI-12")
GOVERNANCE = Theme("governance", "Machine-learning governance", nist="CM-3 SI-4")
COST = Theme("cost", "Cost guard rails")
RELIABILITY = Theme("reliability", "Reliability", nist="CP-2 CP-10 SC-5(2) SI-13")

THEMES = (
    ENCRYPTION_AT_REST,
    ENCRYPTION_IN_TRANSIT,
    NETWORK,
    PUBLIC_ACCESS,
    IAM,
    TAGGING,
    AUDIT,
    PROTECTION,
    GOVERNANCE,
    COST,
    RELIABILITY,
)
