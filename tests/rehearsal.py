"""The rehearsal: kboot from an empty HOME to a verified cluster, with parts from registries alone.

Real here: kboot, kubectl's bytes and digest, TLS, the Kubernetes 1.20.2 control plane. Stood in
for: minikube (tests/standins), on PATH and adopted. Patched: the node's Ready condition and the
DNS pod's, since there is no kubelet.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.mirror import Mirror  # noqa: E402
from tests.standins import minikube as standin  # noqa: E402

PROFILE = "tests/rehearsal.toml"
KUBECTL = "1.20.0"
PUBLISHER = "https://dl.k8s.io"
KUBECTL_PATH = f"/release/v{KUBECTL}/bin/linux/amd64/kubectl"


def main() -> int:
    arguments = _arguments()
    missing = _missing()
    if missing:
        print(f"rehearse: this machine cannot: {missing}", file=sys.stderr)
        return 1
    binaries = Path(_output(ROOT / "scripts" / "build-kubernetes"))
    kubectl = Path(_output(ROOT / "scripts" / "fetch-kubectl", KUBECTL))
    home = Path(tempfile.mkdtemp(prefix="kboot-rehearsal-"))
    standin.install(home / "bin", version="1.19.0", backing="real", binaries=binaries)
    with _mirror(kubectl) as mirror, _swept(home, keep=arguments.keep):
        env = _environment(home, mirror)
        _explain(mirror)
        code = _play(env, keep=arguments.keep)
        served = mirror.requests
        asked = "".join(f"\n  {each.method} {each.path} → {each.status}" for each in served)
        print(f"\nAsked of the mirror in all this:{asked or ' nothing'}")
        if arguments.keep and not code:
            _how_to_enter(home, env)
    return code


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/rehearse", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the cluster; say how to enter")
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


@contextmanager
def _mirror(kubectl: Path) -> Iterator[Mirror]:
    with Mirror({KUBECTL_PATH: kubectl}) as mirror:
        yield mirror


def _environment(home: Path, mirror: Mirror) -> dict[str, str]:
    kept = ("LANG", "LC_ALL", "TERM", "NO_COLOR", "COLUMNS")
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "HOME": str(home),
        "PATH": f"{home / 'bin'}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "KBOOT_MIRRORS": f"{PUBLISHER}={mirror.url}",
        "KBOOT_CA_BUNDLE": str(mirror.ca_file),
        "KBOOT_COMMAND": "kboot",
    }


def _explain(mirror: Mirror) -> None:
    told = (
        f"A rehearsal. Real: kboot, kubectl {KUBECTL} (from {mirror.url}, which stands for "
        f"{PUBLISHER}), TLS, and the control plane of Kubernetes 1.20.2. Not real: minikube, a "
        "stand-in on PATH. Patched: the node's Ready condition and the DNS pod's, for there is no "
        "kubelet, so nothing runs in this cluster."
    )
    print(textwrap.fill(told, 80), flush=True)


def _script(*, keep: bool) -> list[tuple[str, ...]]:
    words = [
        ("up", PROFILE),
        ("up", PROFILE),
        ("doctor", PROFILE),
        ("exec", PROFILE, "--", "kubectl", "get", "nodes"),
    ]
    return words if keep else [*words, ("down", PROFILE)]


def _play(env: dict[str, str], *, keep: bool) -> int:
    """Stops at the first command that fails, with its exit code."""
    for words in _script(keep=keep):
        code = _show(env, *words)
        if code:
            return code
    return 0


def _show(env: dict[str, str], *words: str) -> int:
    print(f"\n$ kboot {' '.join(words)}", flush=True)
    code = subprocess.run([str(ROOT / "scripts" / "kboot"), *words], env=env, cwd=ROOT).returncode
    if code:
        print(f"rehearse: kboot {words[0]} ended with exit {code}", flush=True)
    return code


@contextmanager
def _swept(home: Path, *, keep: bool) -> Iterator[None]:
    """Whatever happens, nothing of the rehearsal is left running (unless it is to be kept)."""
    done = False
    try:
        yield
        done = True
    finally:
        if not (keep and done):
            env = {"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
            argv = [str(home / "bin" / "minikube"), "delete", "--profile", "rehearsal"]
            subprocess.run(argv, env=env, capture_output=True)
            shutil.rmtree(home)


def _how_to_enter(home: Path, env: dict[str, str]) -> None:
    shown = " ".join(f"{name}={env[name]}" for name in ("HOME", "PATH"))
    print(
        "\nThe cluster is kept. To enter it:\n"
        f"  env {shown} \\\n    {ROOT}/scripts/kboot exec {ROOT}/{PROFILE} -- kubectl get pods -A\n"
        "To end it:\n"
        f"  HOME={home} {home}/bin/minikube delete --profile rehearsal && rm -rf {home}"
    )


if __name__ == "__main__":
    sys.exit(main())
