"""An installed stand-in minikube, and what was recorded of the real one."""

import http.client
import json
import os
import re
import ssl
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.helpers.places import TRANSCRIPTS
from tests.standins import minikube
from tests.standins.kubeconfig import load

NAME = "minikube-v1.38.1-none.json"
UNLIKE = (
    (re.compile(r'"id":"[0-9a-f-]{36}"'), '"id":""'),
    (re.compile(r"minikube v1.38.1 on [^\n\"]*"), "minikube v1.38.1 on HERE"),
    (re.compile(r"^E\d{4} [\d:.]+ +\d+ ", re.MULTILINE), "E "),
)


class Said(NamedTuple):
    code: int
    out: str
    err: str


class StandIn:
    """An installed stand-in with a home of its own."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir(parents=True)
        kubectl = folder / "bin" / "kubectl"
        kubectl.parent.mkdir()
        kubectl.write_text("#!/bin/sh\n")
        kubectl.chmod(0o755)
        path = f"{kubectl.parent}{os.pathsep}{os.environ['PATH']}"
        self.env = {"HOME": str(self.home), "PATH": path, "MINIKUBE_WANTREPORTERRORPROMPT": "false"}
        self.program = minikube.install(folder / "program", **({"root": True} | settings))

    def __call__(self, *argv: str, stdin: str = "", **env: str) -> Said:
        done = subprocess.run(
            [self.program, *argv],
            input=stdin,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=20,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def popen(self, *argv: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.program, *argv],
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def minikube_home(self) -> Path:
        return self.home / ".minikube"

    def kubeconfig(self) -> dict[str, Any]:
        return load((self.home / ".kube" / "config").read_text())

    def get(self, path: str, *, certified: bool = True) -> tuple[int, bytes]:
        config = self.kubeconfig()
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        tls = ssl.create_default_context(cafile=cluster["certificate-authority"])
        if certified:
            tls.load_cert_chain(user["client-certificate"], user["client-key"])
        where = cluster["server"].removeprefix("https://")
        connection = http.client.HTTPSConnection(where, context=tls, timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def recorded(case: str, name: str = "minikube-v0.25.0.json") -> Mapping[str, Any]:
    record: Mapping[str, Any] = json.loads((TRANSCRIPTS / name).read_text())[case]
    return record


def case(name: str) -> Mapping[str, Any]:
    return recorded(name, NAME)


def alike(text: str, home: Path | str) -> str:
    """Without what differs between two hosts, and between two calls."""
    text = re.sub(r"/root\b", "/home/dev", text.replace(str(home), "/home/dev"))
    for pattern, same in UNLIKE:
        text = pattern.sub(same, text)
    return text
