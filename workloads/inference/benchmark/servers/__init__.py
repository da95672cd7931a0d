"""The servers that are measured against: one small file each, as their own documentation would have it."""
