"""The models of the AWS API that botocore carries, and whether a value is what one of their shapes allows.

A leaf: it needs botocore and nothing of ours, so that the pipeline's definition, the adapter and the emulator check
requests by one rule.
"""
