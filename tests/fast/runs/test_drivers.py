"""What a driver needs beside tools is looked for where minikube would find it."""

import json

import pytest

from tests.helpers.driving.kboot import NEW, Kboot, as_root, on_linux

pytestmark = [as_root, on_linux]


def of_driver(kboot: Kboot, name: str) -> list[tuple[str, str]]:
    done = kboot.run("doctor", "p.toml", "--output", "json")
    subject = f"driver {name}"
    found = [each for each in json.loads(done.out)["findings"] if each["subject"] == subject]
    return [(each["status"], each["message"]) for each in found]


def test_a_missing_program_of_the_driver_is_told_and_blocks_before_anything_is_done(
    new: Kboot,
) -> None:
    assert of_driver(new, "none") == [("ok", "docker, iptables, conntrack: there")]
    (new.bin / "conntrack").unlink()
    ((status, message),) = of_driver(new, "none")
    assert status == "fail" and message.startswith("conntrack is not on PATH, and minikube 1.19.0")
    done = new.run("up", "p.toml")
    assert done.code == 60 and "install the package conntrack" in done.err
    assert not new.calls("start")


def test_the_runtime_of_minikubes_own_settings_counts(new: Kboot) -> None:
    settings = new.home / ".minikube" / "config" / "config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text('{"container-runtime": "containerd"}')
    assert ("fail", "containerd is not on PATH") in [
        (status, message.partition(",")[0]) for status, message in of_driver(new, "none")
    ]


@pytest.mark.parametrize(("missing", "taken"), [("podman", "none"), ("", "podman")])
def test_the_first_driver_whose_programs_are_there_is_taken(
    missing: str, taken: str, new: Kboot
) -> None:
    new.profile(NEW.replace('driver     = "none"', 'driver = ["kvm2", "podman", "none"]'))
    for program in {"podman", "sudo"} - {missing}:
        (new.bin / program).symlink_to("/bin/true")
    done = new.run("doctor", "p.toml", "--output", "json")
    found = json.loads(done.out)["findings"]
    (chosen,) = [each["message"] for each in found if each["reason"] == "driver-chosen"]
    assert chosen.startswith(f"{taken}, of kvm2, podman, none")
