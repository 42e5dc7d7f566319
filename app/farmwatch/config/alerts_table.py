"""What the settings file says of alerts."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

_Span = Annotated[str, Meta(min_length=1, max_length=100)]


class AlertsTable(Struct, frozen=True, forbid_unknown_fields=True):
    """When alerts are judged, and when nobody is told of them."""

    from_start: Annotated[
        bool,
        Meta(
            description="whether alerts are judged from the start, and not only once the wall was opened",
            extra={"allowed": "true or false; where somebody is to be told it is always so"},
        ),
    ] = False

    quiet_hours: Annotated[
        tuple[_Span, ...],
        Meta(
            description="when nobody is told of alerts; what still fires then is told when they end",
            extra={"allowed": 'a list of local times like ["22:00-07:00", "sat,sun 00:00-24:00"]'},
        ),
    ] = ()
