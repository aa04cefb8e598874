"""Writes the names of a cluster's Services and pods to a hosts file, as they change.

dnsmasq, run in the cluster as its DNS, reads the file's folder with --hostsdir. The names are
those of https://github.com/kubernetes/dns/blob/master/docs/specification.md, A records only.
"""

import argparse
import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .api import Api

LOOK_SECONDS = 0.25
DOMAIN = "svc.cluster.local"


def records(services: list[dict[str, Any]], endpoints: list[dict[str, Any]]) -> Iterator[str]:
    """Lines of a hosts file."""
    headless = set()
    for service in services:
        name = f"{service['metadata']['name']}.{service['metadata']['namespace']}.{DOMAIN}"
        address = service["spec"].get("clusterIP", "")
        if address == "None":
            headless.add(name)
        elif address:
            yield f"{address} {name}"
    for each in endpoints:
        name = f"{each['metadata']['name']}.{each['metadata']['namespace']}.{DOMAIN}"
        for address in _addresses(each) if name in headless else ():
            yield f"{address['ip']} {name}"
            if "hostname" in address:
                yield f"{address['ip']} {address['hostname']}.{name}"


def _addresses(endpoints: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for subset in endpoints.get("subsets") or ():
        yield from subset.get("addresses") or ()


def follow(api: Api, folder: Path) -> None:
    """Keep the hosts file in `folder` as the API says, until the process is ended."""
    written = None
    while folder.exists():
        try:
            services, endpoints = (
                json.loads(api.call("GET", f"/api/v1/{kind}?resourceVersion=0"))["items"]
                for kind in ("services", "endpoints")
            )
        except (OSError, http.client.HTTPException) as error:
            print(error, flush=True)
        else:
            text = "".join(f"{line}\n" for line in records(services, endpoints))
            if text != written:
                staged = folder / ".staged"  # dnsmasq passes over names with a dot before them
                staged.write_text(text)
                staged.replace(folder / "cluster")
                written = text
        time.sleep(LOOK_SECONDS)


def main() -> None:
    parser = argparse.ArgumentParser(description="Keep a hosts file of a cluster's names.")
    parser.add_argument("folder", type=Path, help="has admin.crt and admin.key, and names/")
    parser.add_argument("node_ip")
    parser.add_argument("port", type=int)
    parser.add_argument("ca_cert", type=Path)
    given = parser.parse_args()
    api = Api.as_admin(given.folder, given.node_ip, given.port, given.ca_cert)
    follow(api, given.folder / "names")
