"""What pyarrow holds at most."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa


def peak(call: Callable[[], object]) -> int:
    """Bytes that pyarrow has at most while `call` runs."""
    usual = pa.default_memory_pool()
    counted = pa.proxy_memory_pool(usual)
    pa.set_memory_pool(counted)
    try:
        call()
    finally:
        pa.set_memory_pool(usual)
    return counted.max_memory()
