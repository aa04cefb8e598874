"""The rehearsal: kboot from an empty HOME to a verified cluster, with parts from registries alone.

All of it is in one container: a Debian with systemd and an engine. Real there: kboot, kubectl's
bytes and digest, TLS, Kubernetes 1.20.2 and its pods. Stood in for: minikube (tests/standins), on
PATH and adopted, and CoreDNS, by dnsmasq. Nothing is patched in the cluster.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.real.engine import running_engine  # noqa: E402
from tests.real.full_cluster import FullCluster  # noqa: E402

PROFILE = "tests/rehearsal.toml"
KUBECTL = "1.20.0"
PUBLISHER = "https://dl.k8s.io"
KUBECTL_PATH = f"/release/v{KUBECTL}/bin/linux/amd64/kubectl"
EVENTS = "/root/events"
PREPARE = f"""
cat >/usr/local/bin/kboot <<'END'
#!/bin/sh
PYTHONPATH=/kboot:/dependencies PYTHONDONTWRITEBYTECODE=1 exec python3 -m bootstrap "$@"
END
chmod +x /usr/local/bin/kboot
mkdir /mirror
cd /kboot
PYTHONPATH=/kboot:/dependencies setsid python3 -B -m tests.mirror --url-file /mirror/url \
  --ca-file /mirror/ca --log /mirror/log --serve {KUBECTL_PATH}=/published/kubectl \
  >/mirror/said 2>&1 </dev/null &
until [ -s /mirror/url ]; do kill -0 $! || exec cat /mirror/said; sleep 0.1; done
cat /mirror/url
"""


def main() -> int:
    arguments = _arguments()
    missing = _missing()
    if missing:
        print(f"rehearse: this machine cannot: {missing}", file=sys.stderr)
        return 1
    kubectl = _output(ROOT / "scripts" / "fetch-kubectl", KUBECTL)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="kboot-rehearsal-"))
        stack.callback(shutil.rmtree, folder)
        stack.enter_context(running_engine(folder / "engine"))
        host = stack.enter_context(
            FullCluster.running(folder, more={kubectl: "/published/kubectl"})
        )
        url = host.sh(PREPARE)
        _explain(url)
        code = _play(host, url, keep=arguments.keep, events=arguments.events)
        asked = "".join(f"\n  {line}" for line in host.sh("cat /mirror/log").splitlines())
        print(f"\nAsked of the mirror in all this:{asked or ' nothing'}", flush=True)
        if arguments.keep and not code:
            _how_to_enter(host, folder)
            os._exit(0)  # past every callback: all of it stays
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/rehearse", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the cluster; say how to enter")
    parser.add_argument("--events", metavar="FILE", help="what the first `up` adds its events to")
    return parser.parse_args()


def _missing() -> str:
    """What this machine lacks, in words; empty when it can rehearse."""
    lacks = [
        *(["root"] if os.geteuid() != 0 else []),
        *(["Linux on amd64"] if os.uname().machine != "x86_64" else []),
        *(["apt-get (Debian or Ubuntu)"] if shutil.which("apt-get") is None else []),
    ]
    return f"it needs {' and '.join(lacks)}" if lacks else ""


def _output(*argv: object) -> str:
    done = subprocess.run([str(each) for each in argv], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"rehearse: {Path(str(argv[0])).name} failed (exit {done.returncode})")
    return done.stdout.strip().splitlines()[-1]


def _environment(url: str) -> list[str]:
    kept = ("LANG", "LC_ALL", "TERM", "NO_COLOR", "COLUMNS")
    set_here = [f"{name}={os.environ[name]}" for name in kept if name in os.environ]
    mirror = [f"KBOOT_MIRRORS={PUBLISHER}={url}", "KBOOT_CA_BUNDLE=/mirror/ca"]
    given = ["HOME=/root", "KBOOT_COMMAND=kboot", *mirror, *set_here]
    return [f"--env={each}" for each in given]


def _explain(url: str) -> None:
    told = (
        f"A rehearsal, in a container. Real: kboot, kubectl {KUBECTL} (from {url}, which stands "
        f"for {PUBLISHER}), TLS, and Kubernetes 1.20.2, whose pods run. Not real: minikube, a "
        "stand-in on PATH, and CoreDNS, for which dnsmasq stands in. Nothing is patched."
    )
    print(textwrap.fill(told, 80), flush=True)


def _play(host: FullCluster, url: str, *, keep: bool, events: str | None) -> int:
    """Stops at the first command that fails, with its exit code."""
    recording = ("--events", EVENTS) if events else ()
    script = [
        ("up", *recording, PROFILE),
        ("up", PROFILE),
        ("doctor", PROFILE),
        ("exec", PROFILE, "--", "kubectl", "get", "nodes"),
    ]
    for words in script if keep else [*script, ("down", PROFILE)]:
        code = _show(host, url, *words)
        if code:
            return code
    if events:
        Path(events).write_text(host.sh(f"cat {EVENTS}") + "\n")
    return 0


def _show(host: FullCluster, url: str, *words: str) -> int:
    print(f"\n$ kboot {' '.join(words)}", flush=True)
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    how = ["docker", "exec", *(["-it"] if terminal else []), "--workdir=/kboot"]
    # Without a terminal the engine would carry both streams, and lose their order.
    one_stream = [] if terminal else ["sh", "-c", 'exec "$@" 2>&1', "sh"]
    argv = [*how, *_environment(url), host.name, *one_stream, "kboot", *words]
    code = subprocess.run(argv).returncode
    if code:
        print(f"rehearse: kboot {words[0]} ended with exit {code}", flush=True)
    return code


def _how_to_enter(host: FullCluster, folder: Path) -> None:
    engine = folder / "engine" / "pid"
    own = f"; kill {engine.read_text().strip()}" if engine.exists() else ""
    name = host.name[:12]
    print(
        "\nThe cluster is kept. To enter it:\n"
        f"  docker exec -it {name} kboot exec /kboot/{PROFILE} -- kubectl get pods -A\n"
        "To end it:\n"
        f"  docker rm --force --volumes {name}{own}; rm -rf {folder}"
    )


if __name__ == "__main__":
    sys.exit(main())
