"""A program of this folder, started."""

import subprocess
from collections.abc import Callable

Start = Callable[..., subprocess.Popen[str]]
"""Name and arguments → its process."""
