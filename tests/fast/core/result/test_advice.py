"""What is said of a context must not send anybody to a profile's cluster."""

import re

import pytest

from bootstrap.api import failure
from bootstrap.core.result.advice import for_context
from bootstrap.gates.why import fixes

KNOWN = {**failure._FIXES, **fixes.FIXES, "": failure._RESTART, "other": fixes.LOOK_CLOSER}
OF_A_PROFILE = re.compile(r"kboot (up|plan|doctor|down|exec|env)\b|profile|minikube")


@pytest.mark.parametrize("reason", KNOWN)
def test_no_fix_for_a_context_acts_on_a_profiles_cluster(reason: str) -> None:
    said = for_context(KNOWN[reason], reason, "prod")
    assert said and not OF_A_PROFILE.search(said)


def test_kubectl_and_verify_are_told_the_context_and_quoted_for_a_shell() -> None:
    fix = "kboot verify --keep, then kboot exec -- kubectl get events --all-namespaces"
    assert for_context(fix, "crash-loop", "my prod", "/opt/kboot") == (
        "/opt/kboot verify --context 'my prod' --keep, "
        "then kubectl --context 'my prod' get events --all-namespaces"
    )


def test_advice_that_fits_no_cluster_but_a_profiles_becomes_a_look() -> None:
    assert (
        for_context("kboot down, then kboot up", "never-heard-of", "prod")
        == "kubectl --context prod get events --all-namespaces"
    )
    assert for_context("", "api-timeout", "prod") == ""
