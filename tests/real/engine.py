"""A Docker engine, and images in it, made by this project's scripts."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def path_from(*command: str | Path) -> Path:
    """What a script of this project prints. Its talk goes to the terminal's stderr."""
    return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout[:-1])


def docker(*words: str) -> str:
    return subprocess.run(("docker", *words), check=True, stdout=subprocess.PIPE, text=True).stdout


@contextmanager
def running_engine(folder: Path) -> Iterator[None]:
    """The machine's own engine, or one with its data in `folder` that is gone afterwards."""
    had_bridge = Path("/sys/class/net/docker0").exists()
    started = subprocess.run(
        (SCRIPTS / "engine", folder), check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
    try:
        yield
    finally:
        if started:
            os.kill(int(started), signal.SIGTERM)
            subprocess.run(("tail", f"--pid={started}", "-f", "/dev/null"), check=True)
            if not had_bridge:
                subprocess.run(("ip", "link", "delete", "docker0"), check=True)


def cluster_image() -> str:
    """The image of scripts/cluster-host. It stays in the engine, named by its content."""
    tar = path_from(SCRIPTS / "cluster-host")
    name = f"kboot-cluster-host:{tar.stem.rpartition('-')[2]}"
    if not docker("images", "--quiet", name):
        docker("import", str(tar), name)
    return name
