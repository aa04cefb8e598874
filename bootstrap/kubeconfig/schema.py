"""What stands where in a kubeconfig: client-go's types (tools/clientcmd/api/v1/types.go, 1.37).

An older kubectl has fewer keys, so it may accept what is refused here; never the other way round.
Keys that client-go does not know may hold anything.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

Check = Callable[[Any, str], None]
"""Of a value and where it stands. Raises ValueError."""


def check(document: Mapping[str, Any]) -> None:
    """Raises ValueError, saying what is wrong where, for what client-go would refuse."""
    _CONFIG(document, "")
    for key, known in (("kind", "Config"), ("apiVersion", "v1")):
        if document.get(key) not in (None, "", known):
            raise ValueError(f"its {key} is {document[key]!r}, not {known}")


def _of(kind: type, said: str) -> Check:
    def checked(value: Any, where: str) -> None:
        # JSON null leaves a value of Go's as it is; a truth value is no number.
        if value is not None and type(value) is not kind:
            raise ValueError(f"its {where.lstrip('.')} is not {said}")

    return checked


_words, _truth = _of(str, "a string"), _of(bool, "true or false")
_mapping, _list = _of(dict, "a mapping"), _of(list, "a list")


def _anything(value: Any, where: str) -> None:
    pass


def _bytes(value: Any, where: str) -> None:
    """Go's base64 passes over line breaks, and over nothing else."""
    _words(value, where)
    try:
        base64.b64decode((value or "").replace("\n", "").replace("\r", ""), validate=True)
    except (ValueError, binascii.Error) as error:
        raise ValueError(f"its {where.lstrip('.')} is not base64") from error


def _fields(**known: Check) -> Check:
    """Go's names in JSON have dashes where Python's have underscores."""
    named = {name.replace("_", "-"): each for name, each in known.items()}

    def checked(value: Any, where: str) -> None:
        _mapping(value, where)
        for key, each in (value or {}).items():
            named.get(key, _anything)(each, f"{where}.{key}")

    return checked


def _each(one: Check) -> Check:
    def checked(value: Any, where: str) -> None:
        _list(value, where)
        for number, each in enumerate(value or ()):
            one(each, f"{where}[{number}]")

    return checked


def _values(one: Check) -> Check:
    def checked(value: Any, where: str) -> None:
        _mapping(value, where)
        for key, each in (value or {}).items():
            one(each, f"{where}.{key}")

    return checked


def _named(kind: str, body: Check) -> Check:
    """A list that becomes a map in client-go, which two of one name cannot."""
    listed = _each(_fields(name=_words, **{kind: body}))

    def checked(value: Any, where: str) -> None:
        listed(value, where)
        seen = set()
        for each in value or ():
            name = (each or {}).get("name") or ""
            if name in seen:
                raise ValueError(f"its {where.lstrip('.')} has two entries named {name!r}")
            seen.add(name)

    return checked


_EXTENSIONS = _named("extension", _anything)
_CLUSTER = _fields(
    server=_words,
    tls_server_name=_words,
    insecure_skip_tls_verify=_truth,
    certificate_authority=_words,
    certificate_authority_data=_bytes,
    proxy_url=_words,
    disable_compression=_truth,
    extensions=_EXTENSIONS,
)
_EXEC = _fields(
    command=_words,
    args=_each(_words),
    env=_each(_fields(name=_words, value=_words)),
    apiVersion=_words,
    installHint=_words,
    provideClusterInfo=_truth,
    interactiveMode=_words,
)
_USER = _fields(
    client_certificate=_words,
    client_certificate_data=_bytes,
    client_key=_words,
    client_key_data=_bytes,
    token=_words,
    tokenFile=_words,
    as_uid=_words,
    as_groups=_each(_words),
    as_user_extra=_values(_each(_words)),
    username=_words,
    password=_words,
    auth_provider=_fields(name=_words, config=_values(_words)),
    exec=_EXEC,
    extensions=_EXTENSIONS,
    **{"as": _words},
)
_CONTEXT = _fields(cluster=_words, user=_words, namespace=_words, extensions=_EXTENSIONS)
_CONFIG = _fields(
    kind=_words,
    apiVersion=_words,
    preferences=_fields(colors=_truth, extensions=_EXTENSIONS),
    clusters=_named("cluster", _CLUSTER),
    users=_named("user", _USER),
    contexts=_named("context", _CONTEXT),
    current_context=_words,
    extensions=_EXTENSIONS,
)
