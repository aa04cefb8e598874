"""The images of a cluster without a registry, made from this host's own programs.

`busybox:1.28` is what its name promises only in its applets: it is Debian's busybox with libc.
It is not the static one, whose wget crashes when it looks up a name. Debian's 1.35 crashes also
on `wget -T`, so a script stands before that applet.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

PAUSE = "k8s.gcr.io/pause:3.2"
BUSYBOX = "busybox:1.28"
DNS = "kboot-tests/dnsmasq:1"
WGET = """\
#!/bin/sh
seconds=900 previous=
for word; do
  shift
  if [ "$previous" = -T ]; then seconds=$word
  elif [ "$word" != -T ]; then set -- "$@" "$word"; fi
  previous=$word
done
exec timeout "$seconds" busybox wget "$@"
"""


def load(pause: Path) -> None:
    """Give this host's engine the images that it lacks."""
    have = _run("docker", "images", "--format", "{{.Repository}}:{{.Tag}}").split()
    with tempfile.TemporaryDirectory() as folder:
        if PAUSE not in have:
            root = Path(folder, "pause")
            root.mkdir()
            shutil.copy(pause, root / "pause")
            _import(root, PAUSE, 'ENTRYPOINT ["/pause"]')
        if BUSYBOX not in have:
            root = _root(Path(folder, "busybox"), "busybox")
            _run("chroot", str(root), "/bin/busybox", "--install", "-s", "/bin")
            (root / "bin" / "wget").unlink()
            (root / "bin" / "wget").write_text(WGET)
            (root / "bin" / "wget").chmod(0o755)
            _import(root, BUSYBOX, 'CMD ["sh"]')
        if DNS not in have:
            root = _root(Path(folder, "dnsmasq"), "dnsmasq")
            _import(root, DNS, 'ENTRYPOINT ["/bin/dnsmasq"]')


def _root(root: Path, name: str) -> Path:
    """A file system with that program and all that it is linked with."""
    program = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    assert program, name
    for made in ("bin", "dev", "etc", "proc", "sys", "tmp", "var/run"):
        (root / made).mkdir(parents=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    (root / "etc" / "group").write_text("root:x:0:\n")
    shutil.copy(program, root / "bin" / name)
    for library in re.findall(r"(/\S+) \(0x", _run("ldd", program)):
        (root / library[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, root / library[1:])
    return root


def _import(root: Path, image: str, change: str) -> None:
    with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as tar:
        path = "ENV PATH=/bin"
        words = ["docker", "import", "--change", change, "--change", path, "-", image]
        subprocess.run(words, stdin=tar.stdout, check=True, capture_output=True)
    assert tar.returncode == 0


def _run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout
