"""Operations: what watches a workload, what answers to it, and who is told."""
