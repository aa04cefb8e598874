"""Who may do what with a file, kept when another takes its place: or why that cannot be.

A rename puts a new inode in the place of the old one. Owner, group, mode, ACL and extended
attributes go with it; other names of the old inode and a mount on it cannot.
"""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

_KEPT = ("system.posix_acl_access", "user.", "security.selinux")
"""What its owner may set. Others (capabilities, signatures) are of that very inode, or root's."""


def not_to_keep(real: Path, status: os.stat_result) -> str:
    """What would be lost if a new file took the place of this one; empty: nothing."""
    if status.st_nlink > 1:
        return f"{real} has {status.st_nlink} names (hard links), and the others would keep the old"
    if _mount(real) != _mount(real.parent):
        return f"{real} is a mount point, in whose place no other file can be put"
    if os.geteuid() != 0 and status.st_gid not in _own_groups(real.parent):
        return f"{real} belongs to a group that you are not in"
    odd = [name for name in _attributes(real) if not name.startswith(_KEPT)]
    return f"{real} has the attribute {odd[0]}, which only root can keep" if odd else ""


def make_like(descriptor: int, real: Path) -> None:
    """Give the new file what the old one has, before anything is in it. Raises OSError."""
    status = real.stat()
    if os.fstat(descriptor).st_gid != status.st_gid:
        os.fchown(descriptor, -1, status.st_gid)
    theirs, ours = _attributes(real), _attributes(descriptor)
    # A folder's default ACL is on the new file, and would come to life with the mode.
    for name in ours.keys() - theirs.keys():
        os.removexattr(descriptor, name)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
    for name, value in theirs.items():
        if ours.get(name) != value:
            os.setxattr(descriptor, name, value)


def _attributes(file: Path | int) -> dict[str, bytes]:
    """Empty where the file system, or the operating system, has none."""
    if not hasattr(os, "listxattr"):
        return {}
    try:
        return {name: os.getxattr(file, name) for name in os.listxattr(file)}
    except OSError as error:
        if error.errno != errno.ENOTSUP:
            raise
        return {}


def _own_groups(folder: Path) -> set[int]:
    """Those that a new file there can have."""
    status = folder.stat()
    inherited = {status.st_gid} if status.st_mode & stat.S_ISGID else set()
    return {os.getegid(), *os.getgroups(), *inherited}


def _mount(path: Path) -> str:
    """Of Linux: the number of the mount that it is in. A file's own device does not tell."""
    with suppress(OSError, AttributeError):
        descriptor = os.open(path, os.O_PATH)
        try:
            lines = Path(f"/proc/self/fdinfo/{descriptor}").read_text().splitlines()
            return next((line for line in lines if line.startswith("mnt_id:")), "")
        finally:
            os.close(descriptor)
    return ""
