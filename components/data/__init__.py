"""Data: what the platform keeps of the rows it was given, beside the lake itself."""
