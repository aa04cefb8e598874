"""The gates that use the cluster, by their ids."""

from collections.abc import Callable, Mapping

from bootstrap.gates.look import Looks
from bootstrap.gates.made.trial import Trial
from bootstrap.gates.using.build import pass_build
from bootstrap.gates.using.dns import pass_dns
from bootstrap.gates.using.kubectl import pass_kubectl
from bootstrap.gates.using.programs import Programs
from bootstrap.gates.using.smoke import pass_smoke
from bootstrap.gates.using.storage import pass_storage


def trial_gates(trial: Trial, programs: Programs) -> Mapping[str, Callable[[], Looks[None]]]:
    """Each gives its looks, of which the last has passed or is final."""
    return {
        "dns": lambda: pass_dns(trial),
        "storage": lambda: pass_storage(trial),
        "smoke": lambda: pass_smoke(trial),
        "kubectl": lambda: pass_kubectl(trial, programs),
        "build": lambda: pass_build(trial, programs),
    }
