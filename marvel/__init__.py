"""Marvel: offline-to-online safe reinforcement learning, and the parts that every method here shares."""

import os

# One thread per process: the networks are small, many runs go side by side, and sums keep one order (same spec, same
# bytes). Set before NumPy or torch is imported anywhere in the package.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # no banner on stdout
os.environ.setdefault("DSRL_SUPPRESS_IMPORT_ERROR", "1")  # dsrl looks for the old gym, which nothing here needs
