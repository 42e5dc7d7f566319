"""What botocore reads of its own data, without what nobody here needs of it.

The list of every endpoint of every service (7 MiB once read, and a tenth of the time until the first answer)
comes from the time before the rule sets, which every service that is asked here has. What botocore still
takes from it are the partitions and the pattern of their host names, and those stand in a small file of their
own. The models of the services have their documentation in them, another 4 MiB, and a hundred operations that
nobody here asks. And to find one service among those that there are, botocore looks into the folders of all
four hundred of them, twice for every client.
"""

from __future__ import annotations

import gzip
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import msgspec
from botocore.loaders import JSONFileLoader
from msgspec import Raw

from farmwatch.aws.api import OPERATIONS

LOGS_OPERATIONS = ("GetLogEvents",)
"""What is asked of CloudWatch Logs."""

USED_OPERATIONS: Mapping[str, Collection[str]] = {
    "deadline": {*OPERATIONS.values(), "AssumeQueueRoleForRead"} - {*LOGS_OPERATIONS},
    "logs": LOGS_OPERATIONS,
}
"""The operations that are asked, by the names of services. What botocore itself asks for credentials of the
others is its own business."""


def read_less(core: botocore.session.Session) -> None:
    """Have a session read what is needed of its data; to be called before it makes a client."""
    loader: Any = core.get_component("data_loader")
    loader.file_loader = _WithoutDocumentation()
    spare_list_of_services(core)
    spare_list_of_endpoints(core)


class _WithoutDocumentation(JSONFileLoader):
    """Reads the files that botocore would, and drops what they say to people, and what nobody asks."""

    def load_file(self, file_path: str) -> Any:
        for name, open_file in ((f"{file_path}.json", Path.open), (f"{file_path}.json.gz", gzip.open)):
            path = Path(name)
            if path.is_file():
                with open_file(path, "rb") as file:
                    written = file.read()
                # .../<service>/<version>/service-2
                service = path.parts[-3] if path.name.startswith("service-2.json") else ""
                if service in USED_OPERATIONS:
                    return trimmed(written, USED_OPERATIONS[service])
                return _undocumented(msgspec.json.decode(written))
        return None


def trimmed(written: bytes, asked: Collection[str]) -> dict[str, Any]:
    """The model of a service with these of its operations, and the shapes that they are made of: the rest is
    not even read."""
    model = msgspec.json.decode(written, type=dict[str, Raw])
    model.pop("documentation", None)
    operations = msgspec.json.decode(model.pop("operations"), type=dict[str, Raw])
    shapes = msgspec.json.decode(model.pop("shapes"), type=dict[str, Raw])
    kept = {name: _read(one) for name, one in operations.items() if name in asked}
    made_of: dict[str, Any] = {}
    wanted = [*_shapes_in(list(kept.values()))]
    while wanted:
        name = wanted.pop()
        if name not in made_of:
            made_of[name] = _read(shapes[name])
            wanted += _shapes_in(made_of[name])
    return {**{name: _read(part) for name, part in model.items()}, "operations": kept, "shapes": made_of}


def _read(written: Raw) -> Any:
    return _undocumented(msgspec.json.decode(written))


def _undocumented(part: Any) -> Any:
    # A member of a shape may have that name too; what describes it is no string.
    if isinstance(part, dict):
        if isinstance(part.get("documentation"), str):
            del part["documentation"]
        for one in part.values():
            _undocumented(one)
    elif isinstance(part, list):
        for one in part:
            _undocumented(one)
    return part


def _shapes_in(part: object) -> Iterator[str]:
    """The names of the shapes that a part of a model refers to."""
    if isinstance(part, list):
        for one in part:
            yield from _shapes_in(one)
    elif isinstance(part, dict):
        for name, one in part.items():
            if name == "shape" and isinstance(one, str):
                yield one
            else:
                yield from _shapes_in(one)


def spare_list_of_services(core: botocore.session.Session) -> None:
    """Let the session take every folder of its data for a service. Which versions one has, and whether it has
    any, it looks up in that folder alone."""
    loader: Any = core.get_component("data_loader")

    def list_available_services(type_name: str) -> list[str]:  # noqa: ARG001 - as botocore's
        folders = [Path(path) for path in loader.search_paths]
        return sorted({entry.name for folder in folders if folder.is_dir() for entry in folder.iterdir()})

    loader.list_available_services = list_available_services


def spare_list_of_endpoints(core: botocore.session.Session) -> None:
    """Let the session make the list from the partitions when a client asks for it."""
    loader: Any = core.get_component("data_loader")
    load = loader.load_data_with_path

    def load_with_path(name: str) -> Any:
        if name != "endpoints":
            return load(name)
        try:
            data, path = load("partitions")
            return {"version": 3, "partitions": [_partition(one) for one in data["partitions"]]}, path
        except (KeyError, TypeError):
            # Another botocore, another file: the long way is still there.
            return load(name)

    loader.load_data_with_path = load_with_path


def _partition(found: dict[str, Any]) -> dict[str, Any]:
    outputs = found["outputs"]
    plain, dual = "{service}.{region}.{dnsSuffix}", outputs["dualStackDnsSuffix"]
    fips = "{service}-fips.{region}.{dnsSuffix}"
    return {
        "partition": found["id"],
        "partitionName": outputs["name"],
        "dnsSuffix": outputs["dnsSuffix"],
        "regionRegex": found["regionRegex"],
        "regions": found["regions"],
        "services": {},
        "defaults": {
            "hostname": plain,
            "protocols": ["https"],
            "signatureVersions": ["v4"],
            "variants": [
                {"dnsSuffix": outputs["dnsSuffix"], "hostname": fips, "tags": ["fips"]},
                {"dnsSuffix": dual, "hostname": fips, "tags": ["dualstack", "fips"]},
                {"dnsSuffix": dual, "hostname": plain, "tags": ["dualstack"]},
            ],
        },
    }
