"""The gates that use the cluster, by their ids."""

from collections.abc import Callable, Mapping

from bootstrap.cluster.gate_look import Looks
from bootstrap.cluster.trial.dns import pass_dns
from bootstrap.cluster.trial.patience import patiently
from bootstrap.cluster.trial.programs import Programs, pass_build, pass_kubectl
from bootstrap.cluster.trial.smoke import pass_smoke
from bootstrap.cluster.trial.storage import pass_storage
from bootstrap.cluster.trial.trial import Trial


def trial_gates(trial: Trial, programs: Programs) -> Mapping[str, Callable[[], Looks[None]]]:
    """Each gives its looks, of which the last has passed or is final."""
    return {
        "dns": lambda: patiently(pass_dns(trial)),
        "storage": lambda: patiently(pass_storage(trial)),
        "smoke": lambda: patiently(pass_smoke(trial)),
        "kubectl": lambda: patiently(pass_kubectl(trial, programs)),
        "build": lambda: patiently(pass_build(trial, programs)),
    }
