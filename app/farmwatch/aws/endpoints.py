"""Which host is asked: botocore's rule sets, without the list of every endpoint of every service.

That list (7 MiB once read, and a tenth of the time until the first answer) comes from the time before the
rule sets, which every service that is asked here has. What botocore still takes from it are the partitions
and the pattern of their host names, and those stand in a small file of their own.
"""

from __future__ import annotations

from typing import Any

import botocore.session


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
