"""The set-up of the ``deadline`` command, which a workstation for Deadline Cloud has already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

DEFAULT_CHAIN = "(default)"
"""How the ``deadline`` command calls "no profile: whatever boto3 finds"."""


class NotReadable(ValueError):  # noqa: N818 - named for what the wrangler is told
    """The file is there and is none; the text is the kind of error."""


class DeadlineConfig(Struct, frozen=True):
    """What the file says: a section for each kind of setting, by profile and farm."""

    sections: Mapping[str, Mapping[str, str]]

    def get(self, section: str, name: str) -> str | None:
        """A value, without the blanks around it; ``None`` where it is empty or not there."""
        return self.sections.get(section, {}).get(name, "").strip() or None

    @property
    def default_profile(self) -> str | None:
        """The profile that the command uses where none is named."""
        return self.get("defaults", "aws_profile_name")

    def regions(self) -> dict[str, str]:
        """By profile the region of its default farm, as far as there is one."""
        found = {}
        for section in self.sections:
            if not section.startswith("profile-") or not section.endswith(" defaults"):
                continue
            profile = section.removeprefix("profile-").removesuffix(" defaults")
            farm_id = self.get(section, "farm_id")
            region = self.get(f"profile-{profile} {farm_id} defaults", "farm_region")
            if farm_id and region:
                found[profile] = region
        return found


def path_of(environ: Mapping[str, str], home: Path) -> Path:
    """Where the file is, or would be."""
    return Path(environ.get("DEADLINE_CONFIG_FILE_PATH") or home / ".deadline" / "config").expanduser()


def read(path: Path) -> DeadlineConfig | None:
    """What a file says; ``None`` where there is none. Raises `NotReadable`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadable(type(error).__name__) from error
    import configparser  # most have no such file, and the first frame waits

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise NotReadable(type(error).__name__) from error
    return DeadlineConfig({name: dict(parser[name]) for name in parser.sections()})
