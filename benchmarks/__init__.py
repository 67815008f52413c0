"""Measurements, each a module with a command line: speed of the parts, and every task through the whole pipeline."""

import marvel  # noqa: F401 (one thread per process, which has to be said before NumPy is imported)
