"""What to type next about a cluster that no profile describes: kboot runs and mends none of it."""

import re
import shlex

_CREDENTIALS = "get this context's entry in your kubeconfig anew, the way that it was made"
_OWNER = "ask whoever runs the cluster"
_LOOK = "kboot exec -- kubectl get events --all-namespaces"
_BY_REASON = {
    "api-certificate-expired": f"if `date` shows the real time: {_OWNER}",
    "api-certificate-name": _CREDENTIALS,
    "api-credentials": _CREDENTIALS,
    "credentials-program": "install the program that your kubeconfig names for this user",
    "api-forbidden": f"{_OWNER} to let this user do it, or verify what it may: --gates LIST",
    "api-no-such-host": "see whether the server's name in your kubeconfig is right",
    "api-plain-http": "see whether the server's address in your kubeconfig is right",
    "api-refused": "start the cluster, or see whether its address in your kubeconfig is right",
    "api-unauthorized": _CREDENTIALS,
    "api-unknown-ca": _CREDENTIALS,
    "api-unreachable": "see whether this machine's network, or its VPN, leads to the cluster",
    "clock-skew": f"if `date` shows the real time: {_OWNER}",
    "kubectl-skew": "put a kubectl on PATH that is within one minor version of the server's",
    "node-missing": "kboot exec -- kubectl get nodes",
    "serviceaccount-missing": "kboot exec -- kubectl -n kube-system get pods",
}
_KUBECTL = re.compile(r"\bkboot exec -- kubectl\b")
_VERIFY = re.compile(r"\bkboot verify\b")
_OF_A_PROFILE = re.compile(r"\bkboot (up|plan|doctor|down|exec|env)\b|\bthe profile\b|\bminikube\b")


def for_context(advice: str, reason: str, context: str, program: str = "kboot") -> str:
    """`advice` (a fix for `reason`, as it is for a profile's cluster) for a context of kubectl's.

    `program`: how the person calls kboot.
    """
    if not advice:
        return ""
    named = shlex.quote(context)
    advice = _BY_REASON.get(reason, advice)
    advice = _KUBECTL.sub(lambda _: f"kubectl --context {named}", advice)
    advice = _VERIFY.sub(lambda _: f"{shlex.quote(program)} verify --context {named}", advice)
    if _OF_A_PROFILE.search(advice):
        return for_context(_LOOK, "", context, program)
    return advice
