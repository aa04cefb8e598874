"""TLS to one API server: whom kboot trusts there, and as whom it comes."""

import os
import ssl

from bootstrap.api.failure import ApiFailure
from bootstrap.kubeconfig.private import Connection
from bootstrap.regular import is_file

_PIPE_LIMIT = 16 << 10
"""Bytes that any pipe takes without a reader: the capacity of macOS's before it grows."""


def trust(connection: Connection) -> ssl.SSLContext:
    """TLS that trusts the cluster's CA only, and shows the client certificate.

    Raises ApiFailure (`api-credentials`) when the files are missing or no good.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # minikube's CAs of 2018 have no key identifiers, which Python >= 3.13 may insist on.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # As for kubectl, a certificate in the kubeconfig is trusted also when it is not a root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    certificate = (connection.certificate_file, connection.certificate_pem)
    key = (connection.key_file, connection.key_pem)
    try:
        context.load_verify_locations(connection.ca_file, cadata=connection.ca_pem)
        if any(certificate):
            _load_client_certificate(context, certificate, key)
    except (OSError, ValueError, TypeError) as error:
        raise ApiFailure("api-credentials", _unusable(connection, error)) from error
    return context


_Source = tuple[str | None, str | None]


def _load_client_certificate(context: ssl.SSLContext, certificate: _Source, key: _Source) -> None:
    opened: list[int] = []
    try:
        certificate_name, key_name = (
            file or _pipe(pem or "", opened) for file, pem in (certificate, key)
        )
        # Without a password function, OpenSSL would ask at the terminal for an encrypted key's.
        context.load_cert_chain(certificate_name, key_name, password=lambda: "")
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _pipe(pem: str, opened: list[int]) -> str:
    """A name under which OpenSSL, which only reads files, finds a text that is on no disk."""
    content = pem.encode("ascii")
    if len(content) > _PIPE_LIMIT:
        raise ValueError(f"a certificate or key is over {_PIPE_LIMIT >> 10} KiB")
    reader, writer = os.pipe()
    opened.append(reader)
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(content)
    return f"/dev/fd/{reader}"


def _unusable(connection: Connection, error: Exception) -> str:
    files = (connection.ca_file, connection.certificate_file, connection.key_file)
    missing = [file for file in files if file is not None and not is_file(file)]
    if missing:
        return f"the kubeconfig names {' and '.join(missing)}, which does not exist"
    return f"the certificates in the kubeconfig cannot be used: {error}"
