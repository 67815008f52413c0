"""From runs to scores, tables and figures, one command line a file (`python -m workflow.scripts.tables`)."""

import os

os.environ["MPLBACKEND"] = "agg"  # read when matplotlib is imported; a notebook's terminal exports another
