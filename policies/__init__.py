"""The CrossGuard policy pack of the platform; the Pulumi engine starts this directory (see `__main__.py`)."""
