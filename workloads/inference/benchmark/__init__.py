"""The service against a naive one and against the usual model servers: `make bench-serve`. Never part of an image."""
