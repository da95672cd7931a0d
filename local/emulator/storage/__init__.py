"""Storage: policies, access logs, conditional writes and container images, where moto differs from what is needed."""
