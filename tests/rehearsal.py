"""The rehearsal: kboot from an empty HOME to a verified cluster, with parts from registries alone.

Real in it: kboot, kubectl's bytes and digest, TLS, docker, Kubernetes and its pods. Stood in for:
minikube (tests/standins), on PATH and adopted. Nothing is patched in the cluster. All of it is in
namespaces of its own, gone at the end; only packages that are missing are installed here.
"""

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from tests.helpers.places import PARTS, ROOT

sys.path.insert(0, str(ROOT))

from tests.helpers.hosts.engine import own_engine
from tests.helpers.hosts.full_cluster import FullCluster
from tests.helpers.hosts.machine import LAID_OVER, Machine, is_hidden, is_laid_over

PUBLISHER = "https://dl.k8s.io"
EVENTS = "/var/rehearsal/events"
MIRROR = """
mkdir -p /var/rehearsal
cd {root}
PYTHONPATH={path} setsid {python} -B -m tests.helpers.serving.mirror --url-file /var/rehearsal/url \
  --ca-file /var/rehearsal/ca --log /var/rehearsal/log --serve {serve} \
  >/var/rehearsal/said 2>&1 </dev/null &
until [ -s /var/rehearsal/url ]; do kill -0 $! || exec cat /var/rehearsal/said; sleep 0.1; done
cat /var/rehearsal/url
"""
KBOOT = """\
cat >/usr/local/bin/kboot <<'END'
#!/bin/sh
PYTHONPATH=/kboot:/dependencies PYTHONDONTWRITEBYTECODE=1 exec python3 -m bootstrap "$@"
END
chmod +x /usr/local/bin/kboot
"""


class Host(Protocol):
    """Where it is played."""

    def sh(self, text: str) -> str:
        """What a shell there prints."""

    def enter(self, env: dict[str, str], *, terminal: bool) -> tuple[str, ...]:
        """What runs a command there, given after it, with the streams that this process has."""


class Stage(NamedTuple):
    """A host, and where the checkout, its Python and kubectl's bytes are on it."""

    host: Host
    root: str
    path: str
    python: str
    kubectl: Path
    home: str
    profile: str

    @property
    def version(self) -> str:
        return self.kubectl.parent.name.removeprefix("kubectl-")


class Today:
    """A Machine, as a Host."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.sh = machine.sh

    def enter(self, env: dict[str, str], *, terminal: bool) -> tuple[str, ...]:
        given = (f"{name}={env[name]}" for name in env)
        return str(self.machine.enter), "env", f"--chdir={ROOT}", *given


class Tutorial:
    """A FullCluster, as a Host."""

    def __init__(self, cluster: FullCluster) -> None:
        self.cluster = cluster
        self.sh = cluster.sh

    def enter(self, env: dict[str, str], *, terminal: bool) -> tuple[str, ...]:
        # In another terminal, too, which knows nothing of this engine.
        engine = ("docker", "--host", os.environ["DOCKER_HOST"])
        how = (*engine, "exec", *(("-it",) if terminal else ()), "--workdir=/kboot")
        given = (f"--env={name}={env[name]}" for name in env)
        # Without a terminal the engine would carry both streams, and lose their order.
        one = () if terminal else ("sh", "-c", 'exec "$@" 2>&1', "sh")
        return (*how, *given, self.cluster.name, *one)


@contextmanager
def today(folder: Path) -> Iterator[Stage]:
    kubectl = _fetched("1.35.2")
    profile = "tests/rehearsal.toml"
    with Machine.running(folder) as machine:
        machine.sh("rm /usr/local/bin/kubectl")  # kboot brings one
        root, home = str(ROOT), str(machine.home)
        yield Stage(Today(machine), root, root, sys.executable, kubectl, home, profile)


@contextmanager
def tutorial(folder: Path) -> Iterator[Stage]:
    kubectl, inside = _fetched("1.20.0"), Path("/published/kubectl-1.20.0/kubectl")
    profile = "tests/rehearsal-tutorial.toml"
    more = {str(kubectl): str(inside)}
    with own_engine(folder / "engine"), FullCluster.running(folder, more=more) as cluster:
        cluster.sh(KBOOT)
        path = "/kboot:/dependencies"
        yield Stage(Tutorial(cluster), "/kboot", path, "python3", inside, "/root", profile)


TODAY = """\
Real: kboot, kubectl 1.35.2 (its bytes and digest, over TLS: a mirror on loopback stands for
dl.k8s.io), docker, containerd, and Kubernetes 1.35.1, whose pods run. Not real: minikube, on PATH,
which says and does what 1.38.1 was recorded to. All of it runs in namespaces of its own, on no
engine of this machine's, and is gone at the end."""
TUTORIAL = """\
Real: kboot, kubectl 1.20.0 (its bytes and digest, over TLS: a mirror on loopback stands for
dl.k8s.io), docker, and Kubernetes 1.20.2 on docker, as the tutorial of 2018 has it, whose pods run.
Not real: minikube, a stand-in on PATH, and CoreDNS, for which dnsmasq stands in. All of it runs in
a container on an engine of its own, and is gone at the end."""
DEVICES = "all devices (of a container: with --privileged, or --device-cgroup-rule 'a *:* rwm')"
FIRST_TODAY = """\
The first time Kubernetes and all that a node needs is made from its source, once: 250 MB to fetch,
or 320 where Go is missing (40 of them are kubectl), about 6 minutes on two idle cores, 0.8 GB kept
in {cache}; the packages gcc, libc6-dev and iproute2 are installed where they are missing. After
that it takes less than a minute."""
FIRST_TUTORIAL = """\
The first time Kubernetes and a Debian to run it in are made, once: 250 MB to fetch, about 6 minutes
on two cores, 1 GB kept in {cache}; the packages golang-1.19, gcc, libc6-dev, dpkg-dev,
ca-certificates, debootstrap and docker.io are installed where they are missing. After that it takes
about a minute."""


class Play(NamedTuple):
    """One of the two rehearsals. `build`: the script of the long part."""

    stage: Callable[[Path], AbstractContextManager[Stage]]
    told: str
    first: str
    build: str

    def is_made(self) -> bool:
        asked = (PARTS / self.build, "--cached")
        return subprocess.run(asked, stdout=subprocess.DEVNULL).returncode == 0


PLAYS = {
    False: Play(today, TODAY, FIRST_TODAY, "build-kubernetes-1.35"),
    True: Play(tutorial, TUTORIAL, FIRST_TUTORIAL, "build-kubernetes-1.20"),
}
FAILURES = (KeyboardInterrupt, OSError, subprocess.SubprocessError)


def main() -> int:
    arguments = _arguments()
    missing = _missing(tutorial=arguments.tutorial)
    if missing:
        print(f"rehearse: this machine cannot: {missing}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return _rehearse(arguments)
    except FAILURES as error:
        return _told(error)


def _told(failure: BaseException) -> int:
    """The exit code for it, once it is said."""
    match failure:
        case KeyboardInterrupt():
            print("\nrehearse: stopped", flush=True)
            return 130
        case subprocess.CalledProcessError(cmd=command, returncode=code):
            program = next(each for each in command if each != sys.executable)
            print(f"rehearse: {Path(program).name} failed (exit {code})", flush=True)
        case _:
            print(f"rehearse: {failure}", flush=True)
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/rehearse", description=__doc__)
    parser.add_argument("--tutorial", action="store_true", help="as of 2018: 1.20.2 on docker")
    parser.add_argument("--keep", action="store_true", help="keep the cluster until Ctrl-C")
    parser.add_argument("--events", metavar="FILE", help="what the first `up` adds its events to")
    return parser.parse_args()


def _missing(*, tutorial: bool) -> str:
    """What this machine lacks, in words; empty when it can rehearse."""
    lacks = [
        *(["root"] if os.geteuid() != 0 else []),
        *(["Linux"] if sys.platform != "linux" else []),
        *(["amd64, as kubectl's bytes are"] if os.uname().machine != "x86_64" else []),
        *([] if tutorial or _may_use_devices() else [DEVICES]),
        *([] if _can_isolate(tutorial=tutorial) else ["to be allowed namespaces of its own"]),
        *_missing_places(tutorial=tutorial),
        *(["apt-get (Debian or Ubuntu)"] if shutil.which("apt-get") is None else []),
    ]
    return f"it needs {' and '.join(lacks)}" if lacks else ""


def _may_use_devices() -> bool:
    """kube-proxy's container is privileged, which cgroup v1 allows nobody who lacks some."""
    try:
        allowed = Path("/sys/fs/cgroup/devices/devices.list").read_text()
    except OSError:
        return True
    return "a *:* rwm" in allowed


def _rehearse(arguments: argparse.Namespace) -> int:
    play = PLAYS[arguments.tutorial]
    _say(play.told)
    cache = _cache()
    if not play.is_made():
        _say(play.first.format(cache=cache))
    with (
        tempfile.TemporaryDirectory(prefix="kboot-rehearsal-") as folder,
        play.stage(Path(folder)) as stage,
    ):
        code = _played(stage, arguments)
    if code:
        print("rehearse: nothing of it is left")
    return code


def _played(stage: Stage, arguments: argparse.Namespace) -> int:
    """Its failures are told here: one that goes beyond this is of the making or of the end."""
    try:
        code = _perform(stage, keep=arguments.keep, events=arguments.events)
        asked = stage.host.sh("cat /var/rehearsal/log").splitlines()
        print("\nAsked of the mirror in all this:", *(asked or ["nothing"]), sep="\n  ")
        if arguments.keep and not code:
            _keep(stage)
    except FAILURES as error:
        return _told(error)
    return code


def _say(told: str) -> None:
    print(textwrap.fill(told.replace("\n", " "), 80), flush=True)


def _cache() -> Path:
    user_cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("KBOOT_TEST_CACHE") or Path(user_cache, "kboot-tests"))


def _can_isolate(*, tutorial: bool) -> bool:
    more = () if tutorial else ("--pid", "--uts", "--ipc", "--cgroup", "--fork")
    tried = ("unshare", "--mount", "--net", *more, "true")
    try:
        return subprocess.run(tried, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


def _missing_places(*, tutorial: bool) -> list[str]:
    home = ["a HOME that can be written to"]
    if not os.environ.get("HOME"):
        return home
    laid_over = ", ".join(LAID_OVER)
    python = Path(sys.executable)
    used = (ROOT, python, _cache(), Path(tempfile.gettempdir()))
    odd = [f"paths without spaces and the like: not {each}" for each in used if not _is_plain(each)]
    hidden = any(map(is_hidden, (ROOT, python.parent, python.resolve().parent)))
    on_today = [
        *([f"KBOOT_TEST_CACHE outside {laid_over}"] if is_laid_over(_cache()) else []),
        *([f"its checkout and Python off /run and mounts below {laid_over}"] if hidden else []),
    ]
    lacks = [*odd, *([] if tutorial else on_today)]
    return lacks or ([] if _has_cache() else home)


def _is_plain(path: Path) -> bool:
    """It may stand as it is in a shell's script and in a mount's options."""
    return re.fullmatch(r"[\w/.+@~-]+", str(path)) is not None


def _has_cache() -> bool:
    try:
        _cache().mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(_cache(), os.W_OK)


def _fetched(version: str) -> Path:
    script = (sys.executable, PARTS / "fetch-kubectl", version)
    done = subprocess.run(script, check=True, stdout=subprocess.PIPE, text=True)
    return Path(done.stdout.strip())


def _perform(stage: Stage, *, keep: bool, events: str | None) -> int:
    """Stops at the first command that fails, with its exit code."""
    served = f"/release/v{stage.version}/bin/linux/amd64/kubectl={stage.kubectl}"
    given = {"root": stage.root, "path": stage.path, "python": stage.python}
    url = stage.host.sh(MIRROR.format(serve=served, **given))
    recording = ("--events", EVENTS) if events else ()
    script = [
        ("up", *recording, stage.profile),
        ("up", stage.profile),
        ("doctor", stage.profile),
        ("exec", stage.profile, "--", "kubectl", "get", "nodes"),
    ]
    for words in script if keep else [*script, ("down", "--delete", "--yes", stage.profile)]:
        code = _show(stage, url, *words)
        if code:
            return code
    if events:
        Path(events).write_text(stage.host.sh(f"cat {EVENTS}") + "\n")
    return 0


def _show(stage: Stage, url: str, *words: str) -> int:
    print(f"\n$ kboot {' '.join(words)}", flush=True)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    kept = ("LANG", "LC_ALL", "TERM", "NO_COLOR", "COLUMNS")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env |= {"HOME": stage.home, "KBOOT_COMMAND": "kboot", "KBOOT_CA_BUNDLE": "/var/rehearsal/ca"}
    env |= {"KBOOT_MIRRORS": f"{PUBLISHER}={url}"}
    argv = (*stage.host.enter(env, terminal=terminal), "kboot", *words)
    code = subprocess.run(argv, stderr=None if terminal else subprocess.STDOUT).returncode
    if code:
        print(f"rehearse: kboot {words[0]} ended with exit {code}", flush=True)
    return code


def _keep(stage: Stage) -> None:
    env = {"HOME": stage.home}
    enter = shlex.join(stage.host.enter(env, terminal=True))
    print(
        "\nThe cluster is kept until Ctrl-C here. In another terminal:\n"
        f"  {enter} kboot exec {stage.profile} -- kubectl get pods -A",
        flush=True,
    )
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("\nending it", flush=True)


if __name__ == "__main__":
    sys.exit(main())
