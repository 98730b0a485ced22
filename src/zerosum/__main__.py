"""`python -m zerosum`, and `torchrun -m zerosum`."""

import sys

from .cli import main

sys.exit(main())
