"""AWS Deadline Cloud for moto: an embedded render farm that any AWS client can talk to.

moto has no Deadline Cloud, so this package is the missing backend, registered from outside::

    from moto import mock_aws
    import moto_deadline

    with mock_aws():
        moto_deadline.install(Simulation(clock=FrozenClock()))
        boto3.client("deadline", region_name=moto_deadline.REGION).list_farms()

An account without a `Simulation` is empty. The backend knows nothing of what watches it.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from moto_deadline.defaults import ACCOUNT, REGION

if TYPE_CHECKING:
    from moto_deadline.simulation import Simulation

__all__ = ["ACCOUNT", "REGION", "install", "register"]

_HOST = re.compile(r"https?://(?:(?:management|scheduling)\.)?deadline\.(.+)\.amazonaws\.com")


def register() -> None:
    """Make moto know Deadline Cloud; harmless when it does already."""
    from moto import backend_index

    from moto_deadline import models, responses, urls

    # moto looks for the backends in the package itself.
    modules = {"": models, ".models": models, ".responses": responses, ".urls": urls}
    for name, module in modules.items():
        sys.modules[f"moto.deadline{name}"] = module
    if all(name != "deadline" for name, _ in backend_index.backend_url_patterns):
        backend_index.backend_url_patterns.append(("deadline", _HOST))


def install(simulation: Simulation) -> Simulation:
    """Put a simulation behind the backend of its account and region; under ``mock_aws``, after it has begun,
    because its start empties every backend."""
    from moto_deadline.models import deadline_backends

    register()
    deadline_backends[ACCOUNT][REGION].simulation = simulation
    return simulation
