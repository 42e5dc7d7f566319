"""What stands on the edges of screens and boxes."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from farmwatch.ui.textual_compat import ContainedApp
from farmwatch.ui.widgets.lines import entitle


class Inside(Static):
    crops: ClassVar[list[Region]] = []
    """What was drawn of it."""

    def render_lines(self, crop: Region) -> list[Strip]:
        self.crops.append(crop)
        return super().render_lines(crop)


class Boxed(ContainedApp[None]):
    """An app whose views do not fail."""

    CSS = "#box { border: solid white; height: 6; padding: 1 }"

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Inside("what is inside")

    def view_failed(self, error: Exception, doing: str, widget: Widget | None = None, part: str = "") -> None:
        raise error

    def view_is_well(self, widget: Widget, part: str) -> None:
        pass

    def is_shown_as_failed(self, widget: Widget, part: str) -> bool:
        return False

    def drawn_instead(self, widget: Widget, crop: Region) -> list[Strip] | None:
        return None

    def cannot_go_on(self, error: Exception) -> None:
        raise error

    def terminal_answered(self, answer: str) -> None:
        pass


async def settled(pilot: Pilot[None]) -> None:
    """Wait until a pause draws nothing of what is inside any more."""
    while True:
        Inside.crops.clear()
        await pilot.pause()
        if not Inside.crops:
            return


async def test_another_title_of_a_box_draws_nothing_of_what_is_inside() -> None:
    async with Boxed().run_test() as pilot:
        box = pilot.app.query_one("#box")
        entitle(box, Content("seen 1 s ago"), Content("⏎ opens"))
        await settled(pilot)
        for seconds in (2, 3):
            entitle(box, Content(f"seen {seconds} s ago"), Content(f"⏎ opens {seconds}"))
            await pilot.pause()
        assert not Inside.crops
        shown = pilot.app.export_screenshot().replace("&#160;", " ")
        assert "seen 3 s ago" in shown
        assert "⏎ opens 3" in shown
        assert "what is inside" in shown


async def test_what_has_not_changed_is_not_drawn_between_what_has() -> None:
    async with Boxed().run_test() as pilot:
        box, inside = pilot.app.query_one("#box"), pilot.app.query_one(Inside)
        entitle(box, Content("one"), Content("two"))
        inside.update("first\nsecond")
        await settled(pilot)
        inside.refresh(Region(0, 1, 10, 1))
        entitle(box, Content("three"))
        await pilot.pause()
        assert [(crop.y, crop.height) for crop in Inside.crops] == [(1, 1)]
