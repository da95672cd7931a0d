"""Stacks of CloudFormation whose resources are what the provider lacks."""
