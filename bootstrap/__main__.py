"""`python -m bootstrap` is `kboot`."""

import sys

from bootstrap.cli import main

if __name__ == "__main__":
    sys.exit(main())
