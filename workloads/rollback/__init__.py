"""Emergency rollback: an alarm (or a person) moves the endpoint to the last release that is known good."""
