"""The profiles and regions that boto3 knows of."""

from __future__ import annotations

from typing import Any

import botocore.session
from msgspec import Struct

from farmwatch.aws.cleaning import clean


class Profile(Struct, frozen=True):
    """A profile of the AWS configuration: its name, its region (empty where it has none), and whether a
    Deadline Cloud monitor made it."""

    name: str
    region: str = ""
    is_monitor: bool = False


def known_profiles() -> tuple[Profile, ...]:
    """Every profile, by name. Raises whatever botocore raises for files that it cannot read."""
    known: dict[str, Any] = botocore.session.Session().full_config.get("profiles", {})
    profiles = [
        Profile(clean(name, 200), clean(str(told.get("region") or ""), 40), bool(told.get("monitor_id")))
        for name, told in known.items()
    ]
    return tuple(sorted(profiles, key=lambda profile: profile.name.casefold()))


def known_regions() -> tuple[str, ...]:
    """The regions of AWS, by name. (Which of them Deadline Cloud is in botocore does not tell.)"""
    return tuple(sorted(botocore.session.Session().get_available_regions("ec2")))
