"""`python -m settings`: write what follows from the models."""

from __future__ import annotations

from settings import reference

for path, text in reference.files().items():
    path.write_text(text, encoding="utf-8")
    print(path.relative_to(reference.ROOT))
