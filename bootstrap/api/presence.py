"""Is a cluster's API server still there? Asked without credentials, which it may have outlived."""

import socket
import ssl
import time
from enum import StrEnum
from urllib.parse import urlsplit

from bootstrap.api.failure import ApiFailure
from bootstrap.api.tls import trust
from bootstrap.api.wire import seconds_left
from bootstrap.kubeconfig.private import Connection
from bootstrap.regular import read_regular

_ANOTHERS = frozenset({18, 19, 20, 21})
"""X509_V_ERR_* of OpenSSL's x509_vfy.h: no chain to the CA. What else is wrong with a certificate
(expired, say) does not make it another cluster's."""


class Presence(StrEnum):
    """What is at the address of an API server."""

    THERE = "there"
    """A server whose certificate the cluster's CA signed, whether it answers questions or not."""
    GONE = "gone"
    """Nothing listens, or another's server."""
    SILENT = "silent"
    """No connection: so is a machine that is off, and one behind a broken network."""
    UNKNOWN = "unknown"
    """Something listens; whose it is could not be told."""


def for_later(connection: Connection) -> Connection:
    """Address and CA alone, the CA read now: minikube may delete the file with the cluster."""
    pem = connection.ca_pem
    if connection.ca_file is not None:
        try:
            pem = read_regular(connection.ca_file).decode("ascii", "replace")
        except OSError:
            pem = None
    return Connection(connection.server, ca_pem=pem)


def presence(connection: Connection, *, timeout: float = 2.0) -> Presence:
    """Look at the address once, within `timeout` seconds."""
    address = urlsplit(connection.server)
    moment = time.monotonic() + timeout
    try:
        wire = socket.create_connection((address.hostname or "", address.port or 443), timeout)
    except ConnectionRefusedError:
        return Presence.GONE
    except OSError:
        return Presence.SILENT
    with wire:
        return _whose(wire, connection, moment)


def _whose(wire: socket.socket, connection: Connection, moment: float) -> Presence:
    try:
        context = trust(connection._replace(certificate_file=None, certificate_pem=None))
        context.check_hostname = False
        wire.settimeout(seconds_left(moment))
        context.wrap_socket(wire).close()
    except ssl.SSLCertVerificationError as error:
        return Presence.GONE if error.verify_code in _ANOTHERS else Presence.THERE
    except (OSError, ApiFailure):
        return Presence.UNKNOWN
    return Presence.THERE
