"""What decides the bytes of a computation beside the code: threads, denormals and the libraries' settings."""

import os

VARIABLES = ("MKL_CBWR", "ATEN_CPU_CAPABILITY", "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")


def settings() -> dict[str, str | None]:
    """The environment's settings that change bytes, for a run's record."""
    return {name: os.environ.get(name) for name in VARIABLES}
