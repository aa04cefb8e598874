import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bootstrap.core.model.events import Event, Happening
from bootstrap.core.model.gate import LIVE_GATES, Gate, GateResult, GateStatus, selected
from bootstrap.engine.prove.passing import SHORTEST_PAUSE, Proving
from bootstrap.gates.look import Expected
from bootstrap.kubeconfig.private import Connection
from tests.helpers.serving.apiserver import (
    SYSTEM,
    ApiServer,
    Document,
    Handler,
    Identity,
    as_json,
    deployment,
    healthy_1_9,
    new_identity,
    serving,
)

LIVE_IDS = tuple(gate.id for gate in LIVE_GATES)
ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
EXPECTED = Expected(kubernetes="1.9.0", kubectl="1.9.3")


class Run:
    """One passing of gates, with what it told on the way."""

    def __init__(
        self,
        connection: Connection,
        *,
        gates: tuple[Gate, ...] = LIVE_GATES,
        expected: Expected = EXPECTED,
        timeout: float = 10.0,
        on_event: Callable[[Event], None] = lambda event: None,
    ) -> None:
        self.events: list[Event] = []

        def emit(event: Event) -> None:
            self.events.append(event)
            on_event(event)

        began = time.monotonic()
        with Proving(connection, expected, timeout=timeout, emit=emit) as proving:
            results = tuple(proving.run(gates))
        self.seconds = time.monotonic() - began
        self.results: dict[str, GateResult] = {each.gate: each for each in results}

    @property
    def status(self) -> dict[str, str]:
        return {gate: result.status.value for gate, result in self.results.items()}

    def happened(self, gate: str) -> list[str]:
        return [each.happening.value for each in self.events if each.subject == gate]


def test_a_healthy_cluster_passes_every_gate_in_order_over_one_connection(
    server: ApiServer, connection: Connection
) -> None:
    run = Run(connection)
    assert list(run.results) == list(LIVE_IDS)
    assert all(result.passed for result in run.results.values())
    assert server.connections == 1
    told = [(each.happening, each.subject) for each in run.events]
    assert told == [
        (happening, gate)
        for gate in LIVE_IDS
        for happening in (Happening.GATE_STARTED, Happening.GATE_PASSED)
    ]


def test_a_server_that_drops_its_connections_is_survived(
    server: ApiServer, connection: Connection
) -> None:
    run = Run(connection, on_event=lambda event: server.drop_connections())
    assert all(result.passed for result in run.results.values())
    assert server.connections > 1


def test_a_hung_server_fails_its_gate_in_time_and_the_rest_is_skipped(
    server: ApiServer, connection: Connection
) -> None:
    server.hung.set()
    run = Run(connection, timeout=1.0)
    assert run.status == {"api": "failed"} | dict.fromkeys(LIVE_IDS[1:], "skipped")
    assert run.results["api"].reason == "api-timeout"
    assert run.results["version"].message == "needs api"
    assert run.results["system"].message == "needs nodes"
    assert run.happened("nodes") == ["gate-skipped"]
    assert run.seconds < 1.0


def test_a_gate_that_passes_later_is_waited_for_and_noticed_at_once(
    server: ApiServer, connection: Connection
) -> None:
    nodes = server.documents["/api/v1/nodes"]
    server.documents["/api/v1/nodes"] = as_json({"items": []})
    mended = 0.0

    def mend(event: Event) -> None:
        nonlocal mended
        if event.happening is Happening.WAITING:
            server.documents["/api/v1/nodes"] = nodes
            mended = time.monotonic()

    run = Run(connection, on_event=mend)
    assert all(result.passed for result in run.results.values())
    assert run.happened("nodes") == ["gate-started", "waiting", "gate-passed"]
    assert run.results["nodes"].seconds >= SHORTEST_PAUSE
    asked = sum(path == "/api/v1/nodes" for path in server.requests)
    assert (mended > 0, asked) == (True, 2)


def test_waiting_is_told_only_when_its_reason_changes(
    server: ApiServer, connection: Connection
) -> None:
    lists: Iterator[dict[str, Any]] = iter(
        [{"items": []}] * 4 + [{"items": [{"metadata": {"name": "slow"}}]}] * 4
    )
    healthy = server.documents["/api/v1/nodes"]
    assert isinstance(healthy, Document)

    def next_list(handler: Handler) -> None:
        found = next(lists, None)
        handler.answer(healthy if found is None else as_json(found))

    server.documents["/api/v1/nodes"] = next_list
    run = Run(connection)
    waits = [each for each in run.events if each.happening is Happening.WAITING]
    assert [each.message for each in waits] == [
        "no node has registered itself",
        "slow: it has not reported yet",
    ]
    first, second = (each.seconds or 0.0 for each in waits)
    assert second - first >= 4 * SHORTEST_PAUSE


def test_a_gate_that_does_not_pass_keeps_its_time_to_itself(
    server: ApiServer, connection: Connection
) -> None:
    server.documents["/api/v1/nodes"] = as_json({"items": []})
    del server.documents[ACCOUNT]
    run = Run(connection, timeout=1.2)
    assert run.status == {
        "api": "passed",
        "version": "passed",
        "nodes": "failed",
        "system": "skipped",
        "serviceaccount": "failed",
    }
    assert run.results["nodes"].message == "no node"
    assert run.results["system"].message == "needs nodes"
    # nodes may take a third of what two quick gates left over; serviceaccount all the rest.
    assert run.results["nodes"].seconds < run.results["serviceaccount"].seconds
    assert run.results["nodes"].seconds < 1.2 / 2
    # All end with the deadline, give or take what a busy machine adds after it.
    assert run.seconds < 1.5 * 1.2


def test_of_a_gate_to_which_another_left_little_time_nothing_is_known(
    server: ApiServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bootstrap.engine.prove.passing._KEPT", 0.3)
    server.documents["/api/v1/nodes"] = as_json({"items": []})
    del server.documents[ACCOUNT]
    run = Run(connection, gates=selected(("nodes", "serviceaccount")), timeout=3.0)
    assert run.status == {"api": "passed", "nodes": "failed", "serviceaccount": "unknown"}
    cut = run.results["serviceaccount"]
    assert cut.reason == "no-time-left"
    assert "the other gates have the rest; so far: " in cut.why
    assert cut.fix.startswith("kboot verify --gates serviceaccount")


def test_the_reason_at_the_end_is_the_clusters_and_not_the_deadlines(
    server: ApiServer, connection: Connection
) -> None:
    def slow(handler: Handler) -> None:
        if len(server.requests) > 1:
            server.released.wait()
        handler.answer(as_json({"items": []}))

    server.documents = {"/api/v1/nodes": slow}
    run = Run(connection, gates=(Gate("nodes"),), timeout=0.4)
    assert len(server.requests) > 1
    assert run.results["nodes"].reason == "node-missing"
    assert "then no answer in the" in run.results["nodes"].why


def test_what_was_known_of_a_pod_is_told_though_the_deadline_cut_the_last_look(
    server: ApiServer, connection: Connection
) -> None:
    bad = {"metadata": {"name": "bad"}, "status": {"phase": "Pending"}}
    asked = []

    def once(handler: Handler) -> None:
        asked.append(handler.path)
        if len(asked) > 1:
            server.released.wait()
        handler.answer(as_json({"items": [bad]}))

    short = deployment("kube-dns", availableReplicas=0)
    server.documents[f"/apis/apps/v1{SYSTEM}/deployments"] = as_json({"items": [short]})
    server.documents[f"/api/v1{SYSTEM}/pods"] = once
    run = Run(connection, gates=(Gate("system"),), timeout=1.0)
    assert len(asked) > 1
    assert run.results["system"].reason == "system-unavailable"
    assert "pod bad: Pending" in run.results["system"].why


@pytest.mark.parametrize(
    ("gate", "path", "document", "status", "reason"),
    [
        ("api", "/healthz", as_json({}, 401), GateStatus.FAILED, "api-unauthorized"),
        ("nodes", "/api/v1/nodes", as_json({}, 403), GateStatus.UNKNOWN, "api-forbidden"),
        (
            "version",
            "/version",
            as_json({"gitVersion": "v1.8.0"}),
            GateStatus.FAILED,
            "version-differs",
        ),
    ],
)
def test_what_waiting_cannot_mend_fails_at_the_first_look(
    server: ApiServer,
    connection: Connection,
    gate: str,
    path: str,
    document: Document,
    status: GateStatus,
    reason: str,
) -> None:
    server.documents[path] = document
    run = Run(connection, timeout=60.0)
    result = run.results[gate]
    assert (result.status, result.reason) == (status, reason)
    assert result.fix
    assert server.requests.count(path) == (path != "/healthz")
    assert run.happened(gate) == ["gate-started", "gate-failed"]


def test_a_wrong_ca_fails_at_the_first_look(server: ApiServer, tmp_path: Path) -> None:
    run = Run(new_identity(tmp_path).connection(server.url), timeout=60.0)
    assert run.results["api"].reason == "api-unknown-ca"
    assert run.happened("api") == ["gate-started", "gate-failed"]


def test_a_gate_after_an_unknown_one_is_skipped(server: ApiServer, connection: Connection) -> None:
    server.documents["/api/v1/nodes"] = as_json({}, 403)
    run = Run(connection)
    assert run.status["system"] == "skipped"
    assert run.status["serviceaccount"] == "passed"


def test_a_gate_whose_prerequisite_was_not_even_asked_is_skipped(connection: Connection) -> None:
    assert Run(connection, gates=LIVE_GATES[1:2]).status == {"version": "skipped"}


def test_chosen_gates_run_with_what_they_need(connection: Connection) -> None:
    run = Run(connection, gates=selected(("system",)))
    assert run.status == {"api": "passed", "nodes": "passed", "system": "passed"}


def test_a_server_that_comes_up_late_is_waited_for(identity: Identity) -> None:
    with serving(identity.server_tls()) as gone:
        connection = identity.connection(gone.url)
    port = gone.server_address[1]
    late: list[ApiServer] = []

    def start(event: Event) -> None:
        if event.happening is Happening.WAITING and not late:
            assert "refused" in event.message
            server = stack.enter_context(serving(identity.server_tls(), port))
            server.documents = healthy_1_9()
            late.append(server)

    with contextlib.ExitStack() as stack:
        run = Run(connection, on_event=start)
    assert late and all(result.passed for result in run.results.values())


def test_an_interrupt_goes_through(server: ApiServer, connection: Connection) -> None:
    def interrupt(event: Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Run(connection, on_event=interrupt)


def test_no_time_at_all_is_not_readiness(connection: Connection) -> None:
    run = Run(connection, timeout=0.0)
    assert run.results["api"].status is GateStatus.FAILED
