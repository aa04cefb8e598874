"""A company's network: the only way out is a proxy that asks for a password, under a private CA.

The mirror's name is known to the proxy alone, so whatever arrives came through it. The password
stands in the environment and in a request's header; where else it is found, it leaked.
"""

import base64
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpers.driving.kboot import Done, Kboot
from tests.helpers.places import PARTS
from tests.helpers.serving.mirror import Mirror
from tests.helpers.waiting import until

pytestmark = pytest.mark.real

NAME = "mirror.test"
PATH = "/release/v1.20.0/bin/linux/amd64/kubectl"
PROFILE = 'name = "p"\n[tools]\nkubectl = "1.20.0"\n'
PASSWORD = "sesame-2718"
CREDENTIALS = f"worker:{PASSWORD}"
WITH_HOSTS = (
    "/usr/bin/unshare",
    "-m",
    "/bin/sh",
    "-c",
    '/bin/mount --bind "$0" /etc/hosts && exec "$@"',
)
"""Begins a command line whose first word is a file that stands for /etc/hosts."""
TRACE = ("/usr/bin/strace", "-f", "-qq", "-e", "trace=execve", "-s", "9999", "-o")
"""Shows every word of every command line, and of the environment only how much there is."""
CONFIG = f"""\
Port {{port}}
Listen 127.0.0.1
Timeout 60
LogFile "{{log}}"
LogLevel Connect
BasicAuth {CREDENTIALS.replace(":", " ")}
"""


@dataclass(frozen=True)
class Proxy:
    """tinyproxy, and the file that it takes host names from."""

    port: int
    log: Path
    hosts: Path

    def url(self, credentials: str = CREDENTIALS) -> str:
        return f"http://{credentials}@127.0.0.1:{self.port}"

    @property
    def tunnels(self) -> list[str]:
        """What it was asked to connect to, let through or not."""
        return re.findall(r"CONNECT (\S+) HTTP", self.log.read_text(encoding="utf-8"))


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    subprocess.run((PARTS / "packages", "strace", "tinyproxy-bin"), check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    made = Proxy(port, tmp_path / "tinyproxy.log", tmp_path / "hosts")
    made.hosts.write_text(f"127.0.0.1 localhost {NAME}\n", encoding="ascii")
    config = tmp_path / "tinyproxy.conf"
    config.write_text(CONFIG.format(port=port, log=made.log), encoding="ascii")
    argv = (*WITH_HOSTS, str(made.hosts), "tinyproxy", "-d", "-c", str(config))
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as process:
        until(lambda: process.poll() is not None or _listens(port))
        assert process.poll() is None
        yield made
        process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def mirror(kubectl_1_20: Path) -> Iterator[Mirror]:
    with Mirror({PATH: kubectl_1_20}, names=(NAME,)) as running:
        yield running


@pytest.fixture
def kboot(tmp_path: Path, proxy: Proxy, mirror: Mirror) -> Iterator[Kboot]:
    """Somebody behind the proxy, whose kubectl comes from the mirror."""
    made = Kboot(tmp_path / "person")
    made.env["HTTPS_PROXY"] = proxy.url()
    made.env["SSL_CERT_FILE"] = str(mirror.ca_file)
    made.env["KBOOT_MIRRORS"] = f"https://dl.k8s.io={address(mirror)}"
    made.launcher = (*TRACE, str(made.folder / "trace"))
    made.profile(PROFILE)
    yield made
    made.end()


def address(mirror: Mirror) -> str:
    return mirror.url.replace("127.0.0.1", NAME)


def up(kboot: Kboot, *flags: str) -> Done:
    """A run that shows the password nowhere: not said, not kept, in no command line."""
    done = kboot.run("up", "--tools-only", *flags, "p.toml")
    check_secret(kboot, done)
    return done


def check_secret(kboot: Kboot, done: Done) -> None:
    secrets = (PASSWORD, "wrong-2718", base64.b64encode(CREDENTIALS.encode()).decode())
    trace = (kboot.folder / "trace").read_text(encoding="utf-8")
    assert re.search(r'execve\("\S+", \[.*"bootstrap".*"p.toml"\], 0x\w+ /\* \d+ vars \*/\)', trace)
    files = [path for path in kboot.folder.rglob("*") if path.is_file()]
    for secret in secrets:
        assert secret not in done.out + done.err
        assert secret not in trace
        assert [path for path in files if secret.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("flags", [(), ("-v",), ("--output", "json")], ids=" ".join)
def test_a_tool_comes_through_the_proxy_and_the_password_is_nowhere(
    flags: tuple[str, ...], kboot: Kboot, proxy: Proxy, mirror: Mirror
) -> None:
    done = up(kboot, *flags)
    assert done.code == 0, done
    assert mirror.asked == [PATH]
    assert proxy.tunnels == [address(mirror).removeprefix("https://")]
    assert list(kboot.data.glob("artifacts/kubectl/*/receipt.json"))
    kubectl = re.compile(r'execve\("\S+/kubectl", \["\S+/kubectl", "version"')
    assert kubectl.search((kboot.folder / "trace").read_text(encoding="utf-8"))


def test_no_look_at_the_machine_shows_the_password(kboot: Kboot) -> None:
    for words in (("doctor", "-v"), ("doctor", "--save-state", "state"), ("plan",)):
        done = kboot.run(*words, "p.toml")
        assert done.code in (0, 1)
        check_secret(kboot, done)
    assert "http://***@127.0.0.1" in (kboot.work / "state").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("credentials", "status"), [("worker:wrong-2718", "401"), ("nobody", "401"), ("", "407")]
)
def test_a_proxy_that_refuses_is_asked_once_and_no_password_is_shown(
    credentials: str, status: str, kboot: Kboot, proxy: Proxy, mirror: Mirror
) -> None:
    kboot.env["HTTPS_PROXY"] = proxy.url(credentials)
    done = up(kboot, "-v")
    assert done.code == 20
    joined = " ".join(done.err.split())
    assert f"the proxy did not let it through: Tunnel connection failed: {status}" in joined
    assert "https_proxy" in joined and "tried" not in joined
    assert len(proxy.tunnels) == 1
    assert mirror.connections == 0
    assert "the proxy did not let it through" in up(kboot, "--output", "json").out


def test_a_proxy_that_is_down_is_said_to_be_and_its_password_is_not_shown(
    kboot: Kboot, mirror: Mirror
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    kboot.env["HTTPS_PROXY"] = f"http://{CREDENTIALS}@127.0.0.1:{port}"
    done = up(kboot, "-v")
    assert done.code == 20
    joined = " ".join(done.err.split())
    assert "proxy" in joined and "refused" in joined and "tried 3 times" in joined
    assert mirror.connections == 0


def test_what_the_proxy_cannot_reach_is_said_of_the_proxy(kboot: Kboot, proxy: Proxy) -> None:
    kboot.env["KBOOT_MIRRORS"] = "https://dl.k8s.io=https://nowhere.invalid"
    done = up(kboot)
    assert done.code == 20
    assert "the proxy did not let it through" in " ".join(done.err.split())
    assert set(proxy.tunnels) == {"nowhere.invalid:443"}


def test_the_proxy_cannot_stand_in_for_the_private_authority(
    kboot: Kboot, proxy: Proxy, mirror: Mirror
) -> None:
    del kboot.env["SSL_CERT_FILE"]
    done = up(kboot)
    assert done.code == 20
    assert "certificate verify failed" in " ".join(done.err.split())
    assert len(proxy.tunnels) == 1
    assert mirror.asked == []


def test_no_proxy_is_honoured(kboot: Kboot, proxy: Proxy, mirror: Mirror) -> None:
    kboot.env["NO_PROXY"] = f"example.com,{NAME}"
    done = up(kboot)
    assert done.code == 20
    assert "its name cannot be resolved" in " ".join(done.err.split())
    kboot.launcher = (*WITH_HOSTS, str(proxy.hosts), *kboot.launcher)
    assert up(kboot).code == 0
    assert mirror.asked == [PATH]
    assert proxy.tunnels == []
