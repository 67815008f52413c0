"""`python -m marvel`: the command `marvel`, without installing it."""

import sys

from marvel.cli import main

sys.exit(main())
