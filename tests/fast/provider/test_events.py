import json

import pytest

from bootstrap.provider.minikube.events import tell


def event(kind: str, **data: str) -> str:
    return json.dumps({"specversion": "1.0", "type": f"io.k8s.sigs.minikube.{kind}", "data": data})


def test_a_step_is_told_with_its_number() -> None:
    line = event("step", currentstep="5", totalsteps="12", message="Creating VM ...\n", name="x")
    assert tell(line) == (("step 5/12: Creating VM ...",), False)


@pytest.mark.parametrize("now", ["", "unknown"])
def test_a_step_without_a_number_is_told_without(now: str) -> None:
    line = event("step", currentstep=now, totalsteps="12", message="Done!\n", name="Done")
    assert tell(line).lines == ("Done!",)


def test_an_error_is_told_in_the_words_of_the_text_form() -> None:
    line = event(
        "error",
        name="DRV_AS_ROOT",
        exitcode="57",
        message='The "docker" driver should not be used with root privileges.',
        advice="Use a user.\nOr not.",
        url="https://minikube.sigs.k8s.io/",
        issues="",
    )
    assert tell(line) == (
        (
            'Exiting due to DRV_AS_ROOT: The "docker" driver should not be used with root '
            "privileges.",
            "Suggestion: Use a user.",
            "Or not.",
            "Documentation: https://minikube.sigs.k8s.io/",
        ),
        True,
    )


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (event("info", message="KUBECONFIG=/x\n"), ("KUBECONFIG=/x",)),
        (event("warning", message="two\nlines\n"), ("two", "lines")),
        (event("download", artifact="boot2docker.iso"), ("downloading boot2docker.iso",)),
        (event("download.progress", artifact="x", progress="0.1"), ()),
    ],
)
def test_other_events_are_told_as_what_they_say(line: str, told: tuple[str, ...]) -> None:
    assert tell(line) == (told, False)


@pytest.mark.parametrize(
    "line",
    [
        "* minikube v1.0.0 on linux (amd64)",
        "",
        "{not json",
        "[" * 100_000,
        "{" * 100_000,
        '{"Host": "Running"}',
        '{"type": "org.example.step", "data": {"message": "x"}}',
        '{"type": "io.k8s.sigs.minikube.step", "data": "x"}',
        '{"type": 5, "data": {}}',
        "E1123 05:59:43.674359 19333 start.go:186] Error",
    ],
)
def test_what_is_no_event_is_told_as_it_is(line: str) -> None:
    assert tell(line) == ((line,), False)
