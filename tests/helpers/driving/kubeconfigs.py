"""Kubeconfigs as other tools than kboot write them, and an API server to name in them."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.helpers.driving.kboot import Kboot
from tests.helpers.serving.apiserver import TOKEN, ApiServer, Identity

Body = Mapping[str, Any]


@contextmanager
def temporary_files(kboot: Kboot) -> Iterator[None]:
    """A TMPDIR of kboot's own, short enough for a socket's path as those of pytest are not."""
    with tempfile.TemporaryDirectory(prefix="kt-", dir="/tmp") as folder:
        kboot.env["TMPDIR"] = folder
        yield


def left(kboot: Kboot) -> tuple[list[int], list[Path]]:
    """Processes and temporary files."""
    return kboot.left(), list(Path(kboot.env["TMPDIR"]).iterdir())


def cluster_of(identity: Identity, server: ApiServer) -> dict[str, Any]:
    return {"server": server.url, "certificate-authority": identity.ca_file}


def kubeconfig(
    file: Path, cluster: Body, user: Body | None = None, *, context: str = "prod"
) -> Path:
    """One context with its cluster and its user, all of one name. By default the user is known."""
    known = {"token": TOKEN} if user is None else user
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": context, "user": known}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document))
    return file
