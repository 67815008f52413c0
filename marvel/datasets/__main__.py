"""The command line of `python -m marvel.datasets`."""

import sys

from marvel.datasets.card import main

sys.exit(main())
