"""`python -m zerosum.claims MODEL SEED [PICTURE]`: measures one seed and prints it as JSON; `verify` starts it."""

import json
import sys
from pathlib import Path

from ..core import ZerosumError
from .verify import measure

try:
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)))
except ZerosumError as error:
    sys.exit(f"zerosum: {error}")
