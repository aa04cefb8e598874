"""A client of the Kubernetes API for the stand-ins' own use."""

import contextlib
import http.client
import json
import ssl
from pathlib import Path
from typing import NamedTuple, Self


class ApiError(OSError):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status}: {text}")
        self.status = status


class Api(NamedTuple):
    host: str
    port: int
    tls: ssl.SSLContext

    @classmethod
    def as_admin(cls, folder: Path, host: str, port: int, ca_cert: Path) -> Self:
        """With the certificate `admin` that is in `folder`."""
        tls = ssl.create_default_context(cafile=ca_cert)
        tls.load_cert_chain(folder / "admin.crt", folder / "admin.key")
        return cls(host, port, tls)

    def call(self, method: str, path: str, body: object = None) -> bytes:
        """The answer's body. ApiError for a status of 400 or more, OSError without an answer."""
        kind = "strategic-merge-patch+json" if method == "PATCH" else "json"
        connection = http.client.HTTPSConnection(self.host, self.port, timeout=5, context=self.tls)
        with contextlib.closing(connection):
            connection.request(
                method,
                path,
                None if body is None else json.dumps(body),
                {"Content-Type": f"application/{kind}"},
            )
            response = connection.getresponse()
            content = response.read()
        if response.status >= 400:
            raise ApiError(response.status, content.decode(errors="replace"))
        return content

    def create(self, path: str, body: object) -> None:
        try:
            self.call("POST", path, body)
        except ApiError as error:
            if error.status != http.HTTPStatus.CONFLICT:
                raise

    def answers(self, path: str) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.call("GET", path)
            return True
        return False
