"""Which bytes a program is, so that its version need not be asked for twice."""

import os
import stat
import time

Fingerprint = list[str | int]
"""Real path, device, inode, size, mtime and ctime in ns. A list, since it is kept as JSON."""

_RACY_SECONDS = 2.0
_MAGIC = (
    b"\x7fELF",
    b"\xcf\xfa\xed\xfe",  # Mach-O, 64 bits, little-endian
    b"\xca\xfe\xba\xbe",  # Mach-O, several architectures in one file
)


def fingerprint(path: str) -> Fingerprint | None:
    """What changes whenever the program's bytes do, or None where nothing may be remembered of it.

    None for scripts and shims, whose answer depends on other files, for what cannot be read, and
    for a file changed in the last two seconds: on kernels before 6.13 a second change may bear the
    same time stamp (the "racy git" rule). ctime is part of it since mtime can be set back.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(descriptor)
        # Read last: what is written to the file after fstat gives it another ctime.
        machine_code = stat.S_ISREG(status.st_mode) and os.read(descriptor, 4) in _MAGIC
    except OSError:
        return None
    finally:
        os.close(descriptor)
    if not machine_code or time.time() - status.st_ctime < _RACY_SECONDS:
        return None
    return [
        os.path.realpath(path),
        status.st_dev,
        status.st_ino,
        status.st_size,
        status.st_mtime_ns,
        status.st_ctime_ns,
    ]
