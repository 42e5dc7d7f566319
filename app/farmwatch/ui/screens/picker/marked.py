"""What is marked: everything that is watched in the background, wherever it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from farmwatch.aws.model import SessionRef
from farmwatch.listings.place import Level, Place
from farmwatch.monitor.handles import ListHandle
from farmwatch.polling.freshness import Freshness
from farmwatch.ui.marking import mark
from farmwatch.ui.navigation import GoBack, Visit
from farmwatch.ui.screens.picker.acting import choices_of_mark
from farmwatch.ui.screens.picker.screen import PickerScreen
from farmwatch.words.keys import key

if TYPE_CHECKING:
    from farmwatch.words.requests import Choice


class MarkedScreen(PickerScreen):
    """Lists what is marked, over the screen below, and leads there."""

    def level_listed(self) -> Level:
        """What is marked, whatever stands at the place of the screen below."""
        return Level.MARKED

    def crumb(self) -> tuple[str, ...]:
        """What it is called behind the place of the screen below."""
        return ("Marked",)

    def tells_of(self, ref: SessionRef | None) -> bool:  # noqa: ARG002 - of all of them
        """News of everything that is marked is to be seen here."""
        return True

    def let_go(self) -> None:
        """Let go of the list; what came in has been seen."""
        super().let_go()
        self.farmwatch.marks.looked()

    def _watch(self) -> ListHandle[Any]:
        return self.farmwatch.marks.watch()

    def _empty_words(self, fresh: Freshness) -> str:
        if self.text or self.observed.seen_at is None:
            return super()._empty_words(fresh)
        return (
            f"Nothing is marked.\n{key('mark', 'm')} on a job or a session marks it: it is watched and\n"
            "recorded until it has ended, whatever is on the screen."
        )

    def _place_of(self, key: str | None) -> Place | None:
        row = self._rows.item(key)
        if row is None:
            return None
        ref = row.ref
        ids = (ref.farm_id, ref.queue_id, ref.job_id)
        return Place(ref.connection, *ids, ref.session_id if isinstance(ref, SessionRef) else None)

    def _go_into(self, key: str) -> None:
        row, place = self._rows.item(key), self._place_of(key)
        if row is None or place is None or not row.is_watched:
            return
        self.monitor.want_names(place)
        self.post_message(Visit(place))

    def action_mark(self) -> None:
        """Take the mark off what is under the cursor."""
        row, place = self._rows.item(self.table.cursor_key), self._place_of(self.table.cursor_key)
        if row is not None and row.is_over:
            self.farmwatch.marks.remove(row.ref)
        elif row is not None and place is not None:
            mark(self.farmwatch, place, row.name)

    def choices(self) -> Sequence[Choice]:
        """What can be done to the job under the cursor, or to the session while it has not ended."""
        row = self._rows.item(self.table.cursor_key)
        return () if row is None else choices_of_mark(row)

    def action_up(self) -> None:
        """Clear the filter; where there is none, back to the screen below."""
        if self.text or self.has_open_filter:
            self._close_filter(clear=True)
        else:
            self.post_message(GoBack())

    def chosen_id(self) -> str | None:
        """The id of what is under the cursor."""
        place = self._place_of(self.table.cursor_key)
        return None if place is None else place.ids[-1]
