"""Gate `storage`: a claim of the default StorageClass is bound, and its data outlive a pod."""

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import Object, name
from bootstrap.api.signs import default_class
from bootstrap.gates.look import Look, Looks, steadily
from bootstrap.gates.made.answer import Meaning, answer
from bootstrap.gates.made.manifests import Mount, claim
from bootstrap.gates.made.trial import Trial, nonce
from bootstrap.gates.why.trouble import Trouble
from bootstrap.gates.why.volumes import addons_are_kept

_DATA = Mount("data", "/data", {"persistentVolumeClaim": {"claimName": "data"}})


def pass_storage(trial: Trial) -> Looks[None]:
    while (default := (yield from steadily(lambda: _default_class(trial.client)))) is None:
        yield (yield from steadily(lambda: _no_default(trial)))
    yield from trial.begin()
    yield from trial.make(claim("data"))
    # The volume may be a person's own, bound by chance: no file of theirs has this name.
    word, file = nonce(), f"/data/{trial.namespace}"
    # A class that waits for its first consumer binds the claim only now.
    script = f"echo {word} > {file} && echo written > /dev/termination-log"
    yield from answer(trial, "storage-write", script, mounts=(_DATA,))
    yield from trial.bound("data")
    yield from trial.remove("Pod", "storage-write")
    script = f'found=$(cat {file}) && echo "it holds $found" > /dev/termination-log'
    read = yield from answer(
        trial, "storage-read", script, mounts=(_DATA,), meaning=Meaning(closer=_of_reading)
    )
    if read != f"it holds {word}":
        words = f"pod storage-read says {read!r} where pod storage-write had written {word!r}"
        yield trial.failed("data did not outlive their pod", Trouble("data-lost", words, True))
    yield trial.passed(f"class {name(default)}: a claim is bound, its data stay")


def _of_reading(trouble: Trouble) -> Trouble:
    if trouble.reason != "pod-failed" or "No such file" not in trouble.words:
        return trouble
    words = f"what pod storage-write had written is not there any more: {trouble.words}"
    return trouble._replace(reason="data-lost", words=words)


def _default_class(client: ApiClient) -> Object | None:
    try:
        listed = client.get_json("/apis/storage.k8s.io/v1/storageclasses")
    except ApiFailure as failure:
        if failure.reason != "api-not-found":
            raise
        listed = client.get_json("/apis/storage.k8s.io/v1beta1/storageclasses")
    return default_class(listed)


def _no_default(trial: Trial) -> Look:
    words = "there is no default StorageClass, so a claim that names none is never bound"
    # To minikube's, nobody but its addon manager, up to 1.6, would bring one.
    stays = trial.minikubes and not addons_are_kept(trial.client)
    trouble = Trouble("storageclass-missing", words, final=stays)
    return trial.failed("no default StorageClass", trouble)
