"""One host of today: containerd, docker and kubectl are on it, and a stand-in minikube 1.38.1.

It is a set of namespaces of this machine's, not a container; machine-init is its first process.
`python -m tests.helpers.hosts.machine` keeps one running for a person.
"""

import argparse
import fcntl
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Self

from bootstrap.kubeconfig.private import Connection
from tests.helpers.hosts.engine import alone, path_from
from tests.helpers.places import PARTS, ROOT

PROFILE = """\
name = "today"

[tools]
minikube = "1.38.1"
kubectl  = "1.35.1"
docker   = ">=20"

[cluster]
name       = "minikube"
driver     = "none"
kubernetes = "1.35.1"
"""
INSTALL = (
    "import pathlib, sys; from tests.standins import minikube; minikube.install("
    "pathlib.Path('/usr/local/bin'), version='1.38.1', backing='kubeadm', "
    "binaries=pathlib.Path(sys.argv[1]))"
)
ENTER = """\
#!/bin/sh
# A command in the machine; without one, a shell.
[ $# != 0 ] || set -- bash
exec nsenter --target {process} --mount --pid --uts --ipc --net --cgroup \\
  env -i --chdir={home} TERM="$TERM" LANG=C.UTF-8 PATH={path} HOME={home} "$@"
"""
INIT = Path(__file__).with_name("machine-init")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOME = Path("/var/home/dev")
"""In the machine; here there is no such folder."""
LAID_OVER = ("/etc", "/opt", "/run", "/usr", "/var")


def is_laid_over(path: Path) -> bool:
    """Whether no machine can be kept there: it would be laid over itself."""
    return any(path.resolve().is_relative_to(each) for each in LAID_OVER)


def is_hidden(path: Path) -> bool:
    """Whether a machine sees nothing of it: its /run is another, and a layer shows no mounts."""
    real = path.resolve()
    over = [Path(each) for each in LAID_OVER if real.is_relative_to(each)]
    return any(each == Path("/run") or each.stat().st_dev != real.stat().st_dev for each in over)


class Machine:
    """A host on which `minikube start` brings up a cluster. Nothing of one is there yet."""

    def __init__(self, build: Path, folder: Path) -> None:
        """`build`: of Kubernetes 1.35.1. `folder`: for what a test needs of the machine here."""
        self.build, self.folder = build, folder
        self._own, number, self._lock = _place(build.parent / "machines")
        self.home, self.enter = HOME, self._own / "enter"
        net = f"10.199.{number // 64}."
        self.outside = f"{net}{number % 64 * 4 + 1}"
        """This machine's address, as it is seen from inside."""
        self.address = f"{net}{number % 64 * 4 + 2}"
        self._init = self._begin()
        try:
            self._process = int(self._line())
            self._connect()
            self._write_enter()
            assert self._line() == "ready"
            self._give_images()
        except BaseException:
            self.close()
            raise

    _process = 0

    @classmethod
    @contextmanager
    def running(cls, folder: Path, profile: str = PROFILE) -> Iterator[Self]:
        """`folder` has the profile, in a file kboot.toml. Nothing is left of it afterwards."""
        (folder / "kboot.toml").write_text(profile)
        subprocess.run((PARTS / "packages", "iproute2"), check=True)
        made = cls(path_from(PARTS / "build-kubernetes-1.35"), folder)
        try:
            made.furnish()
            yield made
        finally:
            made.close()

    def furnish(self) -> None:
        """Put kubectl, this kboot and the stand-in minikube on PATH; the latter uses containerd."""
        self.sh(f"ln -s {self.build}/bin/kubectl /usr/local/bin/")
        python = f"PYTHONPATH={ROOT} exec {sys.executable} -B"
        self.sh(f'{python} -c "{INSTALL}" {self.build}')
        kboot = f'#!/bin/sh\nPYTHONDONTWRITEBYTECODE=1 {python} -m bootstrap "$@"\n'
        self.sh(f"printf %s {shlex.quote(kboot)} >/usr/local/bin/kboot")
        self.sh("chmod 755 /usr/local/bin/kboot")
        self.sh("minikube config set container-runtime containerd")
        # minikube only looks for them: containerd here has its plugins elsewhere.
        self.sh("mkdir -p /opt/cni/bin && ln -s /bin/true /usr/local/bin/crictl")
        self.sh(f"docker load --input {self.build}/images/busybox.tar")

    def run(self, *words: str, user: str = "root") -> subprocess.CompletedProcess[str]:
        own = () if user == "root" else ("runuser", "--user", user, "--")
        command = (self.enter, *own, *words)
        return subprocess.run(command, capture_output=True, text=True, timeout=600)

    def sh(self, text: str) -> str:
        """What a shell in it prints. Raises OSError where it does not end well."""
        done = self.run("sh", "-c", text)
        if done.returncode:
            said = done.stderr.strip() or done.stdout.strip()
            raise OSError(f"on the host: {text}: exit {done.returncode}: {said}")
        return done.stdout.strip()

    def kboot(self, command: str, *flags: str, user: str = "root") -> tuple[int, dict[str, Any]]:
        words = (command, "--output", "json", *flags, str(self.folder / "kboot.toml"))
        done = self.run("kboot", *words, user=user)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    def connection(self) -> Connection:
        """As the cluster's administrator, for a process on this machine."""
        where = f"{self.home}/.minikube"
        client = f"{where}/profiles/*/client"
        files = {"ca": f"{where}/ca.crt", "crt": f"{client}.crt", "key": f"{client}.key"}
        for name, path in files.items():
            (self.folder / name).write_text(self.sh(f"cat {path}") + "\n")
        return Connection(
            server=f"https://{self.address}:8443",
            ca_file=str(self.folder / "ca"),
            certificate_file=str(self.folder / "crt"),
            key_file=str(self.folder / "key"),
        )

    def close(self) -> None:
        """Its first process takes all others along, and they the mounts and the network."""
        with self._init, suppress(ProcessLookupError):
            os.kill(self._process or self._init.pid, signal.SIGKILL)
        with alone(self._own.parent / "door"), self._lock:
            _remove(self._own)

    def _begin(self) -> subprocess.Popen[str]:
        """It ends with its standard input, which is ours: also when nobody calls `close`."""
        command = (INIT, self._own, self.build, self.address, self.outside)
        pipe = subprocess.PIPE
        with (self._own / "log").open("w") as log:
            return subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=log, text=True, start_new_session=True
            )

    def _line(self) -> str:
        assert self._init.stdout is not None
        line = self._init.stdout.readline()
        if not line:
            said = (self._own / "log").read_text().strip() or "its first process ended"
            raise OSError(f"no host can be made of this machine's namespaces: {said}")
        return line.rstrip()

    def _connect(self) -> None:
        """Its first process waits for the link. Whoever waits for it leaves the control groups:
        of version 2 one that has groups of its own may have no process."""
        for line in (self._own / "groups").read_text().splitlines():
            (Path(line).parent / "cgroup.procs").write_text(str(self._init.pid))
        link, peer = self._own.name, ("peer", "name", "eth0", "netns", str(self._process))
        _ip("link", "add", link, "type", "veth", *peer)
        _ip("address", "add", f"{self.outside}/30", "dev", link)
        _ip("link", "set", link, "up")

    def _write_enter(self) -> None:
        text = ENTER.format(process=self._process, home=self.home, path=PATH)
        self.enter.write_text(text)
        self.enter.chmod(0o755)

    def _give_images(self) -> None:
        """Unpacking them takes seconds, so what the first machine unpacked is kept for others."""
        images = self.build / "images"
        if self.sh("ctr --namespace k8s.io images ls --quiet"):
            return
        self.sh(f"ctr --namespace k8s.io images import {images}/all.tar")
        own = self._own / "containerd"
        if not own.exists():  # it is in memory
            return
        self.sh("service containerd stop")
        with alone(images / "door"):
            if not (images / "containerd").exists():
                _keep(own, images / "containerd")
        self.sh("service containerd start; until ctr version; do sleep 0.1; done")


def _keep(own: Path, kept: Path) -> None:
    """By hard links, but for containerd's databases, which it goes on writing."""
    partial = kept.with_name("containerd.partial")
    shutil.rmtree(partial, ignore_errors=True)  # what a killed run left
    subprocess.run(("cp", "-al", own, partial), check=True)
    for base in partial.rglob("*.db"):
        copy = base.with_name("copy")
        shutil.copy(base, copy)
        copy.replace(base)
    partial.rename(kept)


def _place(places: Path) -> tuple[Path, int, IO[str]]:
    """A new folder, its number, and the lock that says that somebody uses it, while it is open.

    The link and the control groups are called as the folder is.
    """
    if is_laid_over(places):
        raise OSError(f"no host can be kept in {places}: only outside {', '.join(LAID_OVER)}")
    places.mkdir(exist_ok=True)
    with alone(places / "door"):
        sweep(places)
        for number in range(2**14):
            own = places / f"kboot{number}"
            if not (own.exists() or Path("/sys/class/net", own.name).exists()):
                own.mkdir()
                lock = _locked(own)
                assert lock is not None
                return own, number, lock
    raise OSError("too many machines")


def _ip(*words: str) -> None:
    subprocess.run(("ip", *words), check=True)


def sweep(places: Path) -> None:
    """Remove what machines left whose maker was killed."""
    for own in places.glob("kboot*"):
        if lock := _locked(own):
            with lock:
                _remove(own)


def _locked(own: Path) -> IO[str] | None:
    lock = (own / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    return lock


def _remove(own: Path) -> None:
    groups = own / "groups"
    for group in groups.read_text().splitlines() if groups.exists() else ():
        _remove_group(Path(group))
    shutil.rmtree(own)


def _remove_group(group: Path) -> None:
    """The kernel needs a moment to see that no process is in it any more."""
    for _ in range(200):
        with suppress(OSError):
            for each in sorted(group.rglob("*/"), reverse=True):
                each.rmdir()
            group.rmdir()
        if not group.exists():
            return
        time.sleep(0.05)
    raise OSError(f"processes are still in {group}")


def main() -> None:
    """Keep one until Ctrl-C."""
    argparse.ArgumentParser(
        prog="python -m tests.helpers.hosts.machine", description=__doc__
    ).parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        suppress(KeyboardInterrupt),
        tempfile.TemporaryDirectory() as folder,
        Machine.running(Path(folder)) as made,
    ):
        print(f"enter it: {made.enter}\nthen: kboot up {folder}/kboot.toml", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
