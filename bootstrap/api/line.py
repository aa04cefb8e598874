"""The open connection to the API server that a run's look leaves to its gates."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bootstrap.api.client import ApiClient
    from bootstrap.kubeconfig.private import Connection


class Line:
    """At most one client. A handshake, and loading its certificates, cost what ten questions do."""

    def __init__(self) -> None:
        self._client: ApiClient | None = None

    def keep(self, client: "ApiClient") -> None:
        """Instead of the one that was kept before."""
        self.close()
        self._client = client

    def take(self, connection: "Connection") -> "ApiClient | None":
        """The one kept for that very connection. Whoever takes it closes it."""
        client = self._client
        if client is None or client.connection != connection:
            return None
        self._client = None
        return client

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
