"""The gates that use the cluster, by their ids."""

from collections.abc import Callable, Mapping

from bootstrap.cluster.gate_look import Looks
from bootstrap.cluster.trial.build import pass_build
from bootstrap.cluster.trial.dns import pass_dns
from bootstrap.cluster.trial.kubectl import pass_kubectl
from bootstrap.cluster.trial.programs import Programs
from bootstrap.cluster.trial.smoke import pass_smoke
from bootstrap.cluster.trial.storage import pass_storage
from bootstrap.cluster.trial.trial import Trial


def trial_gates(trial: Trial, programs: Programs) -> Mapping[str, Callable[[], Looks[None]]]:
    """Each gives its looks, of which the last has passed or is final."""
    return {
        "dns": lambda: pass_dns(trial),
        "storage": lambda: pass_storage(trial),
        "smoke": lambda: pass_smoke(trial),
        "kubectl": lambda: pass_kubectl(trial, programs),
        "build": lambda: pass_build(trial, programs),
    }
