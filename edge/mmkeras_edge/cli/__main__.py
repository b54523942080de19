"""`python -m mmkeras_edge.cli`, where the command is not on the path."""

import sys

from mmkeras_edge.cli import main

if __name__ == "__main__":
    sys.exit(main())
