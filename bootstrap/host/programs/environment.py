"""What of the user's environment reaches the programs that kboot runs.

A variable is dropped unless it stands here: any `MINIKUBE_<FLAG>` overrides the flag of that name
in every minikube (viper's AutomaticEnv), `DOCKER_API_VERSION` is left behind in a shell by
minikube 0.25's `docker-env`, and `LD_PRELOAD` runs code in every child.
"""

from collections.abc import Mapping
from pathlib import Path

from bootstrap.core.values.masking import mask_value

_PERSON = frozenset(
    (
        *("HOME", "USER", "LOGNAME", "SHELL", "TERM", "TMPDIR", "LANG", "LANGUAGE", "TZ"),
        # Without it `DOCKER_HOST=ssh://…` asks for a password that nobody can type.
        "SSH_AUTH_SOCK",
    )
)
_PERSON_PREFIXES = ("LC_", "XDG_")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "all_proxy")
_NOTABLE = frozenset(
    (
        "DOCKER_HOST",
        "DOCKER_CONTEXT",
        "DOCKER_CONFIG",
        "DOCKER_CERT_PATH",
        "DOCKER_TLS_VERIFY",
        "MINIKUBE_HOME",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        *_PROXIES,
        *(name.upper() for name in _PROXIES),
    ),
)
_DROPPED_ALOUD = ("MINIKUBE_", "DOCKER_", "KUBECONFIG", "LD_", "DYLD_")
_ALWAYS = {
    # Without network the update check makes every command of minikube 0.25 take 30 s.
    "MINIKUBE_WANTUPDATENOTIFICATION": "false",
    # minikube 0.x asks to upload a crash report, and takes silence for a yes.
    "MINIKUBE_WANTREPORTERRORPROMPT": "false",
    "MINIKUBE_IN_STYLE": "false",
}


def child_environment(
    environ: Mapping[str, str], *, path: str, home: Path, extra: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of a child: what is kept of `environ`, then kboot's own words.

    `path` is the child's PATH, `home` its HOME also where `environ` has none (cloud-init, cron).
    `extra` has the last word: a private KUBECONFIG, a scratch MINIKUBE_HOME, GOGC.
    """
    kept = {name: value for name, value in environ.items() if _is_kept(name)}
    return {**kept, "PATH": path, "HOME": str(home), **_ALWAYS, **extra}


def notable(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that a person should know about, sorted by name.

    Those that children get and that change what tools do, with credentials masked; and those that
    would change it and are dropped, as `(ignored)`: their values are not shown.
    """
    seen: dict[str, str] = {}
    for name in sorted(environ):
        if name in _NOTABLE:
            seen[name] = mask_value(environ[name])
        elif name.startswith(_DROPPED_ALOUD) and environ[name] != _ALWAYS.get(name):
            seen[name] = "(ignored)"
    return seen


def _is_kept(name: str) -> bool:
    return name in _PERSON or name in _NOTABLE or name.startswith(_PERSON_PREFIXES)
