"""Where `up` cannot go on for want of an engine or a route, a checkout names its rehearsal."""

from tests.helpers.driving.kboot import PROGRAM, TOOLS, Kboot
from tests.helpers.places import ROOT

PROFILE = """\
name = "here"

[tools]
minikube = "1.38.1"

[cluster]
name   = "here"
driver = "virtualbox"
"""
REHEARSE = str(ROOT / "scripts" / "rehearse")


def test_a_blocked_up_of_a_checkout_ends_with_the_rehearsal(kboot: Kboot) -> None:
    kboot.env["KBOOT_COMMAND"] = str(ROOT / "scripts" / "kboot")
    done = kboot.run("up", kboot.profile(PROFILE))
    assert done.code == 60
    assert REHEARSE in (done.out + done.err).splitlines()[-1]


def test_an_up_without_a_route_ends_with_the_rehearsal(kboot: Kboot) -> None:
    kboot.env["KBOOT_COMMAND"] = str(ROOT / "scripts" / "kboot")
    done = kboot.run(
        "up", "--mirror", "https://dl.k8s.io=https://nosuch.invalid", kboot.profile(TOOLS)
    )
    assert done.code == 20
    assert REHEARSE in (done.out + done.err).splitlines()[-1]


def test_a_kboot_that_is_of_no_checkout_names_none(kboot: Kboot) -> None:
    done = kboot.run("up", kboot.profile(PROFILE), program=PROGRAM)
    assert done.code == 60
    assert "rehearse" not in done.out + done.err
