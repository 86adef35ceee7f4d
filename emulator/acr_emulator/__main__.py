"""`python -m acr_emulator`."""

import sys

from acr_emulator.cli import main

sys.exit(main())
