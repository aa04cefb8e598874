"""Why a question to the API server got no usable answer: a reason id, words, and a fix."""

import re
import socket
import ssl

from bootstrap.api.wire import Cut, NotHttp

CANNOT_MEND_ITSELF = frozenset(
    {
        "api-certificate-expired",
        "api-certificate-name",
        "api-certificate-not-yet-valid",
        "api-credentials",
        "api-forbidden",
        "api-plain-http",
        "api-unauthorized",
        "api-unknown-ca",
        "clock-skew",
        "create-refused",
        "credentials-program",
        "namespace-terminating",
        "pod-security",
        "policy-refuses",
        "quota-exceeded",
        "volume-not-kept",
        "webhook-refuses",
    }
)
"""Reasons for which waiting is of no use."""

_GET = "kboot exec -- kubectl get "
_KUBECONFIG = "kboot up   (reads the cluster's address and credentials anew)"
_RESTART = "kboot down, then kboot up   (data in the cluster stay)"
_QUOTA = "have what makes that quota in new namespaces (kboot-*) leave more room"
REFUSED = {
    "create-refused": "let kboot's namespaces (kboot-*) do what `why` names, or verify fewer gates",
    "pod-security": "allow kboot's namespaces (kboot-*) to run pods, or verify fewer gates",
    "policy-refuses": f"{_GET}validatingadmissionpolicies,validatingadmissionpolicybindings",
    "quota-exceeded": _QUOTA,
    "quota-in-use": _QUOTA,
    "quota-wants-limits": "have what makes that quota in new namespaces (kboot-*) also make a "
    "LimitRange",
    "webhook-fails": f"{_GET}validatingwebhookconfigurations,mutatingwebhookconfigurations",
    "webhook-refuses": f"{_GET}validatingwebhookconfigurations,mutatingwebhookconfigurations",
}
"""What to type where the server refuses what a gate makes, by reason."""
_FIXES = {
    **REFUSED,
    "api-certificate-expired": f"if `date` shows the real time: {_RESTART}",
    "api-certificate-name": _KUBECONFIG,
    "api-certificate-not-yet-valid": "none that kboot can do: set this machine's clock right",
    "api-credentials": _KUBECONFIG,
    "api-forbidden": "none that kboot can do: ask the cluster's owner to let this user read it",
    "api-no-such-host": _KUBECONFIG,
    "api-plain-http": _KUBECONFIG,
    "api-refused": "kboot up   (starts the cluster if it is stopped)",
    "api-unauthorized": _KUBECONFIG,
    "api-unknown-ca": _KUBECONFIG,
    "api-unreachable": "kboot up   (starts the cluster if it is stopped)",
    "clock-skew": "set both clocks right (`date` tells this machine's), then kboot down, kboot up",
    "namespace-terminating": "kboot verify   (again: somebody deleted the namespace of its gates)",
    "credentials-program": "install the program that your kubeconfig names for this user",
    "credentials-program-fails": "run the program that your kubeconfig names for this user",
    "proxy-fails": "see whether the proxy that your environment or kubeconfig names is there",
}

# X509_V_ERR_* of OpenSSL's x509_vfy.h; whatever else it finds is about the chain to the CA.
_CERTIFICATE = {
    9: (
        "api-certificate-not-yet-valid",
        "its certificate is not valid yet, by this machine's clock",
    ),
    10: ("api-certificate-expired", "its certificate has expired, by this machine's clock"),
    62: ("api-certificate-name", "its certificate is not valid for that name"),
    64: ("api-certificate-name", "its certificate is not valid for that address"),
}
_UNKNOWN_CA = ("api-unknown-ca", "its certificate is not signed by the CA in the kubeconfig")

# What OpenSSL 1.1 to 3.5 make of an answer that is not TLS.
_NOT_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")
_OUR_CERTIFICATE = re.compile(r"ALERT_(.*CERTIFICATE.*|UNKNOWN_CA)$")

_CLOSED = (
    ConnectionResetError,
    ConnectionAbortedError,
    BrokenPipeError,
    ssl.SSLEOFError,
    ssl.SSLZeroReturnError,
    Cut,
)
_BY_TYPE: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...] = (
    (TimeoutError, "api-timeout", "no answer within {seconds:.2g} s"),
    (_CLOSED, "api-reset", "the connection was closed before the answer was complete"),
    (ConnectionRefusedError, "api-refused", "connection refused: nothing listens there"),
    (socket.gaierror, "api-no-such-host", "that name has no address"),
    (NotHttp, "api-not-http", "the answer is not HTTP"),
    (ssl.SSLError, "api-tls", "TLS failed: {error}"),
    (OSError, "api-unreachable", "it cannot be reached: {error}"),
)


class ApiFailure(Exception):
    """The API server did not answer as it should. `reason` is a stable id, `words` for people."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(words)
        self.reason = reason
        self.words = words

    @property
    def final(self) -> bool:
        """Waiting cannot mend it."""
        return self.reason in CANNOT_MEND_ITSELF

    @property
    def fix(self) -> str:
        return _FIXES.get(self.reason, _RESTART)


# What a server says when it will not make something, from the most to the least telling. Of 1.9 and
# later; the texts of admission are the same throughout, those of policies are there since 1.26.
_REFUSALS = (
    # Admission that has not read yet what it decides by; the server marks it as worth a retry.
    (
        r"not yet ready to handle request|status unknown for quota|RBAC: .* not found"
        r"|is not cached in OPA|no params found for policy binding",
        "api-not-ready",
    ),
    (r"exceeded quota:.* used: [^:]*=[^,:]*[1-9]", "quota-in-use"),
    (r"exceeded quota", "quota-exceeded"),
    (r"failed quota:.* must specify", "quota-wants-limits"),
    (r"failed calling", "webhook-fails"),
    (r"denied the request", "webhook-refuses"),
    (r"ValidatingAdmissionPolicy .* denied request", "policy-refuses"),
    (r"violates PodSecurity", "pod-security"),
    (
        r"no API token found|is forbidden: error looking up service account",
        "serviceaccount-missing",
    ),
    # kboot's own, for nothing is made in another: it does not come again.
    (r"is being terminated|^namespaces \"[^\"]*\" not found", "namespace-terminating"),
)
_OF_THE_REQUEST = (400, 403, 405, 413, 415, 422)
"""Statuses by which a server refuses what it was sent; the same again would be refused again."""


def refusal(status: int, said: str) -> ApiFailure:
    """Why the server refuses a request that it understood. `said`: in its own words.

    A quota that others fill is one that they may leave again; of one that would be exceeded with
    nothing in use, nothing can come. To one that wants limits, whoever gave it to a new namespace
    may still add the LimitRange that names them.
    """
    for pattern, reason in _REFUSALS:
        if re.search(pattern, said):
            return ApiFailure(reason, said)
    if status == 403 and ("cannot " in said or "is forbidden: " not in said):
        return ApiFailure("api-forbidden", said)
    return ApiFailure("create-refused" if status in _OF_THE_REQUEST else "api-error", said)


def failure_of(error: Exception, server: str, seconds: float) -> ApiFailure:
    """What an exception of sockets, TLS or HTTP means; `seconds` is how long was waited."""
    reason, words = _explain(error, seconds)
    return ApiFailure(reason, f"{server}: {words}")


def _explain(error: Exception, seconds: float) -> tuple[str, str]:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATE.get(error.verify_code, _UNKNOWN_CA)
    if isinstance(error, ssl.SSLError) and error.reason in _NOT_TLS:
        return "api-plain-http", "it answers without TLS"
    if isinstance(error, ssl.SSLError) and _OUR_CERTIFICATE.search(error.reason or ""):
        return "api-unauthorized", "it refuses the client certificate in the kubeconfig"
    for kind, reason, words in _BY_TYPE:
        if isinstance(error, kind):
            said = getattr(error, "strerror", None) or error
            return reason, words.format(seconds=seconds, error=said)
    return "api-unreachable", str(error)


# In Go's words, from the most to the least telling. kubectl passes them on as the body of a 502
# (or 500, or 503) of its own; an API server's have JSON, or the checks of /readyz.
_SAID = (
    (r"executable \S+ not found|executable file not found", "credentials-program"),
    (r"getting credentials: |exec plugin|auth provider", "credentials-program-fails"),
    (r"proxyconnect", "proxy-fails"),
    (r"x509: .*(expired or is not yet valid)", "api-certificate-expired"),
    (
        r"x509: certificate (is valid for|is not valid)|x509: cannot validate",
        "api-certificate-name",
    ),
    (r"x509: ", "api-unknown-ca"),
    (r"server gave HTTP response to HTTPS client", "api-plain-http"),
    (r"connection refused", "api-refused"),
    (r"no such host", "api-no-such-host"),
    (r"i/o timeout|TLS handshake timeout|deadline exceeded", "api-timeout"),
    (r"EOF|connection reset", "api-reset"),
    (r"dial tcp|tls: |net/http", "api-unreachable"),
)


def failure_of_proxy(status: int, said: str, server: str) -> ApiFailure | None:
    """Why kubectl did not reach `server`; None where the answer is the server's."""
    if status not in (500, 502, 503) or said.startswith(("{", "[")):
        return None
    for pattern, reason in _SAID:
        if re.search(pattern, said):
            return ApiFailure(reason, f"{server}: {said[:500]}")
    return (
        ApiFailure("api-unreachable", f"{server}: {said[:500] or 'no word'}")
        if status == 502
        else None
    )
