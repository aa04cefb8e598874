"""A Docker engine, and images in it, made by this project's scripts."""

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.helpers.places import PARTS

BRIDGE = Path("/sys/class/net/docker0")


def path_from(*command: str | Path) -> Path:
    """The path that a script of this project prints."""
    return Path(_printed(*command))


def _printed(*command: str | Path) -> str:
    """By a script of this project. Its talk goes to the terminal's stderr."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        try:
            said, _ = running.communicate()
        except BaseException:
            running.terminate()  # it tidies up, which may take longer than `run` would wait
            running.wait()
            raise
    if running.returncode:
        raise subprocess.CalledProcessError(running.returncode, command)
    return said.removesuffix("\n")


def docker(*words: str) -> str:
    return subprocess.run(("docker", *words), check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def running_engine(folder: Path) -> Iterator[None]:
    """The machine's own engine, or one with its data in `folder` that is gone afterwards.

    Processes that name the same folder share the engine, and the last of them ends it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "users").open("w") as users:
        with alone(folder / "door"):
            _start(folder)
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            yield
        finally:
            with alone(folder / "door"):
                if _nobody_else(users.fileno()):
                    _stop(folder)


@contextmanager
def own_engine(folder: Path) -> Iterator[None]:
    """One that nobody else meets, for as long as this lasts; `docker` asks it meanwhile."""
    folder.mkdir()
    command = (PARTS / "engine", "--alone", folder)
    started = _printed(*command)
    os.environ["DOCKER_HOST"] = f"unix://{folder}/socket"
    try:
        yield
    finally:
        del os.environ["DOCKER_HOST"]
        os.kill(int(started), signal.SIGTERM)
        subprocess.run(("tail", f"--pid={started}", "-f", "/dev/null"), check=True)
        shutil.rmtree(folder / "data")


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Whoever else locks that file waits."""
    with file.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _nobody_else(shared: int) -> bool:
    try:
        fcntl.flock(shared, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _start(folder: Path) -> None:
    had_bridge = BRIDGE.exists()
    started = _printed(PARTS / "engine", folder)
    if started:
        (folder / "started").write_text(f"{started} {had_bridge:d}")


def _stop(folder: Path) -> None:
    """Nothing, where the engine is the machine's own."""
    note = folder / "started"
    if note.exists():
        process, had_bridge = map(int, note.read_text().split())
        note.unlink()
        os.kill(process, signal.SIGTERM)
        subprocess.run(("tail", f"--pid={process}", "-f", "/dev/null"), check=True)
        shutil.rmtree(folder / "data")
        if not had_bridge:
            subprocess.run(("ip", "link", "delete", BRIDGE.name), check=True)


def fresh_image() -> str:
    return _imported("kboot-fresh-host", path_from(PARTS / "fresh-host"))


def cluster_image() -> str:
    return _imported("kboot-cluster-host", path_from(PARTS / "cluster-host"))


def _imported(name: str, tar: Path) -> str:
    """The image of that tar. It stays in the engine, named by its content."""
    image = f"{name}:{tar.stem.rpartition('-')[2]}"
    with alone(tar.with_name(f"{tar.name}.lock")):
        if not docker("images", "--quiet", image):
            docker("import", str(tar), image)
    return image
