"""A `kubectl proxy` of kboot's own, for an API server that kboot does not reach itself."""

import shutil
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from bootstrap.errors import Exit, KbootError
from bootstrap.host.programs.probe import Service
from bootstrap.kubeconfig.contexts import Target
from bootstrap.kubeconfig.private import Connection

START_SECONDS = 15.0
"""kubectl listens within 0.2 s; on a machine that is being installed, everything takes longer."""
_POLL = 0.01
_PATH_LIMIT = 100
"""Bytes of a socket's path: macOS takes 103."""


@contextmanager
def kubectl_proxy(target: Target, kubectl: str, env: Mapping[str, str]) -> Iterator[Connection]:
    """The way to `target` through a kubectl that runs as long as the block lasts.

    It listens on a socket in a folder that only this user may enter. Whatever the context needs (a
    program for its credentials, a proxy), kubectl does, as it would for this person anyway.
    Raises KbootError (70) when kubectl ends instead, 71 when it does not listen.
    """
    folder = _folder()
    path = folder / "socket"
    argv = (kubectl, "--context", target.context, "proxy", f"--unix-socket={path}")
    try:
        service = _start(argv, env, folder)
        try:
            _wait(service, path, target)
            yield target.connection._replace(socket=str(path))
        finally:
            service.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    """Of mode 0700."""
    folder = Path(tempfile.mkdtemp(prefix="kboot-proxy-"))
    if len(str(folder / "socket").encode()) <= _PATH_LIMIT:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="kboot-proxy-", dir="/tmp"))


def _start(argv: tuple[str, ...], env: Mapping[str, str], folder: Path) -> Service:
    try:
        return Service(argv, env, folder)
    except OSError as error:
        raise _failed(Exit.TOOL_FAILED, f"cannot be run: {error.strerror}", "") from error


def _wait(service: Service, path: Path, target: Target) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _listens(path):
        if service.ended:
            raise _failed(Exit.TOOL_FAILED, f"ended for {target.context}", service.said)
        if time.monotonic() >= deadline:
            words = f"did not listen within {START_SECONDS:g} s"
            raise _failed(Exit.TOOL_TIMED_OUT, words, service.said)
        time.sleep(_POLL)


def _listens(path: Path) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as asking, suppress(OSError):
        asking.connect(str(path))
        return True
    return False


def _failed(code: Exit, words: str, said: str) -> KbootError:
    return KbootError(
        code,
        f"kubectl proxy {words}",
        why="it said:" if said else "it said nothing",
        items=said.splitlines()[-3:],
        state="nothing was changed; kubectl proxy is ended",
        next="see whether kubectl itself works with this context: kubectl get nodes",
    )
