"""Pulling: rows of a source elsewhere, asked for by HTTP, come to the raw bucket as if somebody had delivered them."""
