"""From runs to scores, tables and figures, one command line a file (`python -m workflow.scripts.tables`)."""

import os

os.environ["MPLBACKEND"] = (
    "agg"  # before matplotlib is imported: files are drawn, whatever a notebook's terminal exports
)
