"""The installed `kboot`, alone with its own modules, whatever PYTHON* and folders offer."""

# Built in, or loaded by every Python before the first line of a program: safe at any sys.path.
import _signal  # type: ignore[import-not-found]
import os
import sys

_REACHING = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONPLATLIBDIR")
"""Variables that lead Python to other modules than its own."""


def main() -> int:
    """The process's exit code. What was imported before it is built into Python, or loaded by it.

    A console script's first line cannot say -I on every system, and another start of Python costs
    as much as half a run of kboot: only those pay for it whose variables have reached this one.
    """
    end_at_once_by_signal()
    if not sys.flags.ignore_environment and _is_reached(os.environ.get("PYTHONPATH", "")):
        # Not -I: a kboot of `pip install --user` stands where -s would not look.
        os.execv(sys.executable, (sys.executable, "-EP", *sys.argv))
    if not sys.flags.safe_path:
        del sys.path[0]  # the folder of the script, where people keep programs of their own
    from bootstrap.cli import main

    return main()


def _is_reached(path: str) -> bool:
    """Not where PYTHONPATH is what leads to kboot itself, as after `pip install --target`."""
    home = os.path.realpath(f"{__file__}/../..")
    leads_here = home in map(os.path.realpath, path.split(os.pathsep))
    return any(map(os.environ.get, _REACHING)) and not leads_here


def end_at_once_by_signal() -> None:
    """Until `cli` can tell of it, Ctrl-C ends kboot as it ends any program, without a traceback."""
    if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
        _signal.signal(_signal.SIGINT, _signal.SIG_DFL)


if __name__ == "__main__":  # scripts/kboot, which has Python start without it: it takes a while
    end_at_once_by_signal()
    import site

    site.main()
    from bootstrap.cli import main as run

    sys.exit(run())
