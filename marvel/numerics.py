"""Numerics pinned before anything is computed: one thread, denormals flushed, and on request the same bytes everywhere.

The environment variable MARVEL_NUMERICS chooses the mode:

- `native` (default): the libraries choose their instructions by processor, which is fastest. The same spec gives the
  same bytes on one type of processor; other types agree within rounding, which learning then amplifies.
- `portable`: only instructions that all x86-64 processors with AVX2 share. The same spec gives the same bytes on Intel
  and AMD; an update takes two to three times as long.

The package imports this module before NumPy and torch, because they read these variables when they are loaded.
"""

import os
import sys

from marvel.errors import InputError

MODES = ("native", "portable")
# One thread per process: the networks are small, many runs go side by side, and sums keep one order.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# MKL's mode that is equal on all processors; torch's, OpenBLAS's and NumPy's own functions without AVX-512.
PORTABLE = {
    "MKL_CBWR": "COMPATIBLE",
    "ATEN_CPU_CAPABILITY": "avx2",
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR",
}


def set_environment(environment: dict, loaded: dict) -> str | None:
    """Set the variables of the chosen mode; what has been loaded too early to obey them is a fault.

    Args:
        environment: `os.environ`; changed in place.
        loaded: `sys.modules`.

    Returns:
        The fault as one sentence, or None.
    """
    for name in THREADS:
        environment.setdefault(name, "1")
    mode = environment.get("MARVEL_NUMERICS", "native")
    if mode not in MODES:
        return f"MARVEL_NUMERICS is {mode!r}; it must be one of {', '.join(MODES)}."
    early = [name for name in ("numpy", "torch") if name in loaded]
    if mode == "portable" and early and any(environment.get(name) != value for name, value in PORTABLE.items()):
        return (
            f"MARVEL_NUMERICS is portable, but {' and '.join(early)} had been imported before marvel and no longer "
            "read it; import marvel first."
        )
    if mode == "portable":
        environment.update(PORTABLE)
    return None


_fault = set_environment(os.environ, sys.modules)


def pin() -> None:
    """Hold torch to one thread and flush denormals to zero, in this thread.

    Dead ReLU units let Adam's moments decay below 1e-38, where arithmetic is many times slower on Intel; no weight is
    changed by flushing them, as a test shows.

    Raises:
        InputError: MARVEL_NUMERICS is unknown, or was set too late.
    """
    import numpy as np  # here, since the workflow imports the package and needs neither
    import torch

    if _fault:
        raise InputError(_fault)
    for kind in (np.float16, np.float32, np.float64):
        np.finfo(kind)  # it looks for the smallest subnormal number once, and would warn that there is none
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)


def settings() -> dict:
    """What can change a run's bytes on one processor, for its record and fingerprint; as found, not as intended."""
    import numpy as np
    import torch

    return {
        "mode": os.environ.get("MARVEL_NUMERICS", "native"),
        "threads": torch.get_num_threads(),
        "flush_denormal": bool(np.float32(1e-38) * np.float32(0.1) == 0),
    } | {name: os.environ.get(name) for name in PORTABLE}
