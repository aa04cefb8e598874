"""`python -m bootstrap` is `kboot`."""

import sys

from bootstrap.isolated import end_at_once_by_signal

if __name__ == "__main__":
    end_at_once_by_signal()
    from bootstrap.cli import main

    sys.exit(main())
