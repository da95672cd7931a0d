"""Training against what one would write instead: `make bench-train`."""
