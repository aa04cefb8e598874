"""For all tests."""

import signal
from collections.abc import Iterator

import pytest

from bootstrap.kubeconfig.private import Connection
from tests.helpers.serving.apiserver import ApiServer, Identity, healthy_1_9, new_identity, serving

# Started in the background, by nohup or by a CI service, this process may ignore these, and every
# program that a test starts would inherit that: no Ctrl-C would ever arrive. A caught signal is
# reset to its default in a started program.
signal.signal(signal.SIGINT, signal.default_int_handler)
for _number in (signal.SIGHUP, signal.SIGQUIT):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Identity:
    return new_identity(tmp_path_factory.mktemp("identity"))


@pytest.fixture
def server(identity: Identity) -> Iterator[ApiServer]:
    """A healthy Kubernetes 1.9."""
    with serving(identity.server_tls()) as running:
        running.documents = healthy_1_9()
        yield running


@pytest.fixture
def connection(identity: Identity, server: ApiServer) -> Connection:
    return identity.connection(server.url)
