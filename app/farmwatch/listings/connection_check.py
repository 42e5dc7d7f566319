"""Whether a connection answers at all, and to how many farms it leads."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import Fault
from farmwatch.polling.clock import Clock
from farmwatch.polling.schedule import Schedule
from farmwatch.polling.target import PollResult, Target

EVERY = timedelta(seconds=15)

KEY = "connection"


class ConnectionObserved(Struct, frozen=True):
    """What the newest good answer told, at ``seen_at``: how many ``farms`` there are, and whether there are
    ``more``. ``fault`` says that the newest call failed."""

    farms: int | None = None
    more: bool = False
    seen_at: datetime | None = None
    fault: Fault | None = None


class ConnectionCheck(Target):
    """Asks again and again for the farms (a page of ListFarms), or, where one is named, for that alone
    (GetFarm): a login may be allowed to see its own farm and no list."""

    def __init__(self, farm_id: str | None = None) -> None:
        self.key = KEY
        self.schedule = Schedule(EVERY)
        self.observed = ConnectionObserved()
        self._farm_id = farm_id

    def poll(self, api: DeadlineApi | Fault, clock: Clock) -> PollResult:
        """Ask once. A fault leaves what was known."""
        answer = api if isinstance(api, Fault) else self._ask(api)
        if isinstance(answer, Fault):
            self.observed = replace(self.observed, fault=answer)
            return PollResult(answer)
        farms, more = answer
        self.observed = ConnectionObserved(farms, more, clock.now())
        return PollResult()

    def _ask(self, api: DeadlineApi) -> tuple[int, bool] | Fault:
        if self._farm_id is not None:
            farm = api.farm(self._farm_id)
            return farm if isinstance(farm, Fault) else (1, False)
        page = api.farms()
        return page if isinstance(page, Fault) else (len(page.items), page.next is not None)
