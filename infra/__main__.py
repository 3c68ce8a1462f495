"""``python -m infra``: the same as ``blendbeat-infra``."""

import sys

from infra.cli import main

sys.exit(main())
