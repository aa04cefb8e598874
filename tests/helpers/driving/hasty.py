"""kboot that does not wait before it tries again, and only $HASTY_READ seconds for a silent server.

`python -m tests.helpers.driving.hasty` in place of `python -m bootstrap`.
"""

import os
import sys

from urllib3.util import Timeout

from bootstrap.cli import main
from bootstrap.store.fetch import connection, request

PROGRAM = (sys.executable, "-m", "tests.helpers.driving.hasty")

if __name__ == "__main__":
    connection.TIMEOUT = Timeout(connect=10, read=float(os.environ.get("HASTY_READ", "30")))
    request.FIRST_PAUSE = 0.01
    sys.exit(main())
