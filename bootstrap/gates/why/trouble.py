"""What keeps something of a trial's from coming, and whose words say so."""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from bootstrap.api.client import ApiClient
from bootstrap.api.failure import ApiFailure
from bootstrap.api.objects import Object, objects, text


class Trouble(NamedTuple):
    """`words`: the object, its condition, its last event or log lines. `final`: it stays so."""

    reason: str
    words: str
    final: bool = False


def last_event(
    client: ApiClient,
    namespace: str,
    about: Object,
    types: tuple[str, ...] = ("Warning",),
    word: str = "",
    field: str = "",
) -> Object:
    """The last event of those types about that object, or an empty one.

    `word`: that its message has; `field`: of the object that it is about.
    """
    uid = text(about, "metadata", "uid")
    query = quote(f"involvedObject.uid={uid}")
    events = listed(client, f"/api/v1/namespaces/{namespace}/events?fieldSelector={query}")
    fitting = [
        each
        for each in events
        if text(each, "type") in types
        and word in text(each, "message")
        and field in ("", text(each, "involvedObject", "fieldPath"))
    ]
    return max(fitting, key=_moment, default={})


def listed(client: ApiClient, path: str) -> list[Object]:
    """Empty also where it may not be looked at: it only says more about what is wrong anyway.

    Raises ApiFailure when time is over: then what was told before says more.
    """
    return seen(client, path) or []


def seen(client: ApiClient, path: str) -> list[Object] | None:
    """As `listed`; None where it could not be looked at, from which nothing follows."""
    try:
        found: Mapping[str, object] = client.get_json(path)
    except ApiFailure as failure:
        if failure.reason == "api-timeout":
            raise
        return None
    return objects(found, "items")


def _moment(event: Object) -> str:
    """RFC 3339 in UTC sorts as text. Events of newer servers have only `eventTime`."""
    return text(event, "lastTimestamp") or text(event, "eventTime")
