"""`python -m mmkeras.cli`, where the command is not on the path."""

import sys

from mmkeras.cli import main

sys.exit(main())
