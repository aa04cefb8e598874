"""How to reach a server: proxy, certificates, timeouts, and the reason why it was not reached."""

import re
import ssl
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    IncompleteRead,
    LocationValueError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ProxySchemeUnknown,
    ReadTimeoutError,
    SSLError,
)
from urllib3.util import Timeout, make_headers

from bootstrap.core.values.masking import mask, mask_value
from bootstrap.errors import Exit, KbootError
from bootstrap.store.fetch.urls import host, is_loopback

TIMEOUT = Timeout(connect=10, read=30)
"""Seconds: to connect, and without a single byte."""
MIN_RATE = 1024
"""Bytes a second. What comes slower over a whole `RATE_WINDOW` has as good as broken off."""
RATE_WINDOW = 30.0
"""Seconds."""


class TooSlowError(HTTPError):
    """A body that trickles; another try may meet a better line."""


class Floor:
    """Holds one body to `MIN_RATE`."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._came = 0

    def add(self, count: int, now: float) -> None:
        """`count` bytes came until `now` (monotonic). Raises TooSlowError."""
        self._came += count
        if now - self._began >= RATE_WINDOW:
            if self._came < MIN_RATE * RATE_WINDOW:
                raise TooSlowError(f"slower than {MIN_RATE} bytes/s for {RATE_WINDOW:g} s")
            self._began, self._came = now, 0


_REFUSED = re.compile(r"Tunnel connection failed: 4(?!08|29)")
"""What `http.client` says where the proxy itself answers that it will not: 401, 403, 407."""


def open_pool(url: str, ca_bundle: Path | None) -> urllib3.PoolManager:
    """Connections for `url`, through the proxy that the environment names for it.

    `ca_bundle` replaces the system's certificates; so does SSL_CERT_FILE (read by OpenSSL).
    Raises KbootError (2) for a bundle or proxy that cannot be used.
    """
    context = trust(ca_bundle)
    proxy = proxy_for(url)
    if not proxy:
        return urllib3.PoolManager(ssl_context=context, timeout=TIMEOUT, retries=False)
    try:
        return urllib3.ProxyManager(
            proxy,
            proxy_headers=make_headers(proxy_basic_auth=credentials(proxy)),
            ssl_context=context,
            proxy_ssl_context=context,
            timeout=TIMEOUT,
            retries=False,
        )
    except ProxySchemeUnknown as error:
        raise KbootError(
            Exit.USAGE,
            f"kboot cannot use the proxy {mask_value(proxy)}",
            why="only http:// and https:// proxies can be used",
            next="set https_proxy to an http:// proxy",
        ) from error


def trust(ca_bundle: Path | None) -> ssl.SSLContext:
    """TLS that trusts the CAs in `ca_bundle`; None: the system's. Raises KbootError (2)."""
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # SSLError is one: a file without a certificate
        raise KbootError(
            Exit.USAGE,
            f"kboot cannot use the certificates in {ca_bundle}",
            why=error.strerror or str(error),
            next="name a file of PEM certificates that you may read as the CA bundle",
        ) from error
    # Since Python 3.13 it would refuse companies' CAs that have no key identifiers.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def proxy_for(url: str) -> str:
    """The proxy's URL, or empty: none is set, no_proxy covers the host, or it is this machine.

    urllib3 reads no variables itself. Loopback is never proxied, as in Go's `net/http`.
    """
    parts = urlsplit(url)
    proxies = getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all", "")
    if not proxy or is_loopback(host(url)) or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def credentials(url: str) -> str | None:
    """`user:password` of the URL, if any: urllib3 ignores them there and wants a header."""
    user, found, _ = urlsplit(url).netloc.rpartition("@")
    return unquote(user) if found else None


def reason(error: HTTPError) -> str:
    """In words, without object names and credentials, why nothing (more) came."""
    match error:
        case LocationValueError():
            # Not its words: they quote what stands there, which may be half of a password.
            return "no host is to be found in the address (in a password write / ? # @ as %…)"
        case NameResolutionError():
            return "its name cannot be resolved"
        case ConnectTimeoutError() if not isinstance(error, NewConnectionError):
            return f"no connection within {TIMEOUT.connect_timeout:g} s"
        case ReadTimeoutError():
            return f"not a byte came for {TIMEOUT.read_timeout:g} s"
        case ProxyError():
            return f"the proxy did not let it through: {mask(str(error.original_error))}"
        case SSLError():
            return f"TLS failed: {error} (is the clock right, and the CA bundle?)"
        case ProtocolError(args=(_, IncompleteRead(partial=int(came), expected=int(missing)))):
            return f"the connection ended after {came:,} bytes, {missing:,} before the end"
        case ProtocolError(args=(_, Exception() as cause)):
            return mask(getattr(cause, "strerror", None) or str(cause))
    return mask(str(error.__cause__ or error))


def is_passing(error: HTTPError) -> bool:
    """Whether trying again may help. A certificate that is not trusted will not be so then.

    An address that cannot be asked stays one.

    Nor will a proxy's refusal be another one, and wrong passwords can lock an account.
    """
    if isinstance(error, ProxyError):
        return _REFUSED.match(str(error.original_error)) is None
    return not isinstance(error, SSLError | LocationValueError)
