"""What is not shown of addresses: users, passwords, signatures."""

import re

_CREDENTIALS = re.compile(r"(?<=//)[^/@\s]+@")
_QUERY = re.compile(r"(?<=\?)[^\s'\"]+")


def mask(text: str) -> str:
    """`text` with the credentials of all URLs in it hidden: user, password and query (signed
    addresses carry their signature there)."""
    return _QUERY.sub("…", _CREDENTIALS.sub("***@", text))


def mask_credentials(value: str) -> str:
    """`value` with the user and password of a URL, or of a proxy without scheme, as `***`."""
    scheme, separator, rest = value.partition("://")
    if not separator:
        scheme, rest = "", value
    if rest.startswith("/") or "@" not in rest:
        return value
    return f"{scheme}{separator}***@{rest.rpartition('@')[2]}"
