"""Marvel: offline-to-online safe reinforcement learning, and the parts that every method here shares."""

import os

from marvel import numerics as numerics  # first: it sets what NumPy and torch read when they are loaded

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")  # no banner on stdout
os.environ.setdefault("DSRL_SUPPRESS_IMPORT_ERROR", "1")  # dsrl looks for the old gym, which nothing here needs
