"""Figures of a study: one module a kind (kinds.py), entries of a config (entries.py), style and panels beside."""

import os

os.environ["MPLBACKEND"] = "agg"  # read when matplotlib is imported; a notebook's terminal exports another
