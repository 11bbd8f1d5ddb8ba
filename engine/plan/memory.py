"""Keep the memory that arrays give back, for the arrays to come."""

from __future__ import annotations

from functools import cache

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # malloc.h
_LARGEST = 32 << 20  # bytes; the most that glibc accepts
_KEPT = 512 << 20  # bytes


@cache
def keep_freed_memory() -> None:
    """Let glibc keep up to half a gigabyte of freed memory, and serve arrays up to 32 MB from it.

    Without it nearly every array is mapped anew from the system, page by page: two thirds of a plan's time over a large
    chunk, in a virtual machine (bench/plan.py). Another C library goes on as it does.
    """
    import ctypes  # a few milliseconds that whoever decides one customer need not wait

    adjust = getattr(ctypes.CDLL(None), "mallopt", None)
    if adjust is not None:
        adjust(_MMAP_THRESHOLD, _LARGEST)
        adjust(_TRIM_THRESHOLD, _KEPT)
