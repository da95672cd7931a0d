"""Storage: bucket policies, access logs and container images, where moto differs from what the platform needs."""
