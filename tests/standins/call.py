"""One call of the stand-in: what was asked, where its files are, and how it speaks."""

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

REFUSED = 97


def say(text: str, *, error: bool = False) -> None:
    """Write a text and flush, so that a reader sees the lines as they come."""
    stream = sys.stderr if error else sys.stdout
    stream.write(text)
    stream.flush()


def refuse(why: str) -> NoReturn:
    """Stop, loudly: the real program would go on here, this one does not know how."""
    say(f"stand-in minikube: {why}\n", error=True)
    sys.exit(REFUSED)


def glog(level: str, place: str, text: str) -> None:
    moment = time.time()
    stamp = time.strftime("%m%d %H:%M:%S", time.localtime(moment))
    micro = int(moment % 1 * 1_000_000)
    say(f"{level}{stamp}.{micro:06d} {os.getpid():7d} {place}] {text}\n", error=True)


def user_home() -> str:
    return os.environ.get("HOME") or refuse("HOME is not set")


def minikube_home() -> Path:
    given = os.environ.get("MINIKUBE_HOME", "")
    if not given:
        return Path(user_home(), ".minikube")
    return Path(given) if Path(given).name == ".minikube" else Path(given, ".minikube")


class Call:
    """The values of flags, environment and config file, in viper's order."""

    def __init__(self, settings: Mapping[str, Any], flags: Mapping[str, list[str]]) -> None:
        self.settings = settings
        self.flags = flags
        self.home = minikube_home()
        self.profile = self.value("profile", "minikube")
        self.release = str(settings["version"])
        self.ip = _host_address() if settings["backing"] in {"full", "kubeadm"} else "127.0.0.1"

    @property
    def fault(self) -> str:
        return str(self.settings["fault"])

    @property
    def is_root(self) -> bool:
        said = self.settings["root"]
        return os.geteuid() == 0 if said is None else bool(said)

    @property
    def machine(self) -> Path:
        return self.home / "machines" / self.profile

    @property
    def profile_folder(self) -> Path:
        return self.home / "profiles" / self.profile

    def value(self, name: str, default: str = "") -> str:
        if given := self.flags.get(name):
            return given[-1]
        variable = "MINIKUBE_" + name.upper().replace("-", "_")
        if variable in os.environ:
            return os.environ[variable]
        stored = {key.lower(): value for key, value in self.stored().items()}
        return _text(stored[name.lower()]) if name.lower() in stored else default

    def wants(self, name: str, *, default: bool = True) -> bool:
        return self.value(name, str(default)).lower() in {"true", "t", "1"}

    def stored(self) -> dict[str, Any]:
        """The config file; every command but `config` reads a broken one as an empty one."""
        try:
            stored = json.loads((self.home / "config" / "config.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return stored if isinstance(stored, dict) else {}


def _host_address() -> str:
    """Of this host towards others, as minikube with the driver none takes it."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # nothing is sent
        return str(probe.getsockname()[0])


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_json(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_bytes())
    return loaded


def write_json(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(document, indent=4) + "\n")
    fresh.replace(path)
