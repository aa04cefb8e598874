"""A trial at work against an API server that acts as Kubernetes does."""

import contextlib
import time
from collections.abc import Iterator

from bootstrap.core.model.gate import Lack
from bootstrap.gates.look import Look, Looks
from bootstrap.gates.made.manifests import Image
from bootstrap.gates.made.namespace import EXPIRES, HOLDER, LABEL, Owner
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.programs import Programs
from bootstrap.gates.using.table import trial_gates
from tests.helpers.serving.acting_api import ActingApi, running
from tests.helpers.serving.apiserver import Identity

NOTHING = Programs(*(Lack("none"),) * 4)
IMAGE = Image("busybox:1.28")


@contextlib.contextmanager
def acting(identity: Identity, version: str = "1.20") -> Iterator[ActingApi]:
    server = ActingApi(identity.server_tls(), version)
    with running(server):
        yield server


def through(looks: Looks[object]) -> Look | None:
    """Its last look, where that passed or is final; None when it came to its end."""
    deadline = time.monotonic() + 20
    for look in looks:
        if look.passed or look.final:
            return look
        assert time.monotonic() < deadline, look
    return None


def pass_gate(trial: Trial, gate: str) -> Look | None:
    return through(trial_gates(trial, NOTHING)[gate]())


def own(owner: Owner, run: str, expires: str = "660s") -> dict[str, dict[str, str]]:
    """The metadata of a namespace that a run of this machine made."""
    annotations = {HOLDER: owner.holder, EXPIRES: expires}
    return {"labels": {LABEL: run}, "annotations": annotations}
