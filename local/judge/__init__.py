"""The judge: the policy pack in a process of its own, spoken to as the engine does, and its verdicts on a stack."""
