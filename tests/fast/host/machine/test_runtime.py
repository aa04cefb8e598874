"""A runtime is called silent only where nobody listens."""

import socket
from pathlib import Path

import pytest

from bootstrap.host.machine import runtime


def test_a_socket_that_nobody_listens_on_or_that_is_not_there_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "containerd.sock"
    monkeypatch.setattr(runtime, "_SOCKETS", {"containerd": ("containerd", (str(place),))})
    assert runtime.silent_runtime("containerd") == "containerd"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(place))
        assert runtime.silent_runtime("containerd") == "containerd"
        listening.listen()
        assert runtime.silent_runtime("containerd") == ""
    assert runtime.silent_runtime("containerd") == "containerd"


@pytest.mark.parametrize("unknown", ["", "frakti"])
def test_of_a_runtime_that_kboot_does_not_know_nothing_is_said(unknown: str) -> None:
    assert runtime.silent_runtime(unknown) == ""
