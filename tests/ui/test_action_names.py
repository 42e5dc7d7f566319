"""What session actions are called in the history: as they were on the screen."""

from __future__ import annotations

from farmwatch.ui.action_names import MOST, ActionNames
from farmwatch.wall.values import Failure, WallRow
from tests.canned import REF, START, STEP_ID, an_action
from tests.ui.test_wall import at_wall, wall


def test_what_is_in_sight_on_the_wall_goes_by_its_name() -> None:
    names = ActionNames()
    runs = an_action(3, step_id=STEP_ID, parameters={"Frame": "38"})
    failed = an_action(4, "FAILED", step_id=STEP_ID, parameters={"Frame": "15"})
    names.see([WallRow(REF), WallRow(REF, action=runs), object(), Failure(REF, failed, START, step="Render")])
    assert names(runs.action_id).endswith("Frame=38")
    assert names(failed.action_id) == "Render  Frame=15"
    names.see([WallRow(REF, action=runs, step="Render")])
    assert names(runs.action_id) == "Render  Frame=38", "the name of the step has become known"
    names.see([WallRow(REF, action=runs)])
    assert names(runs.action_id) == "Render  Frame=38"


def test_no_more_names_are_kept_than_there_may_be() -> None:
    names = ActionNames()
    actions = [an_action(number) for number in range(MOST + 1)]
    names.see(WallRow(REF, action=action) for action in actions)
    assert not names(actions[0].action_id)
    assert names(actions[1].action_id)
    assert names(actions[-1].action_id)


async def test_whoever_looks_at_the_wall_sees_its_actions() -> None:
    async with at_wall() as stage:
        rows = wall(stage).rows.in_sight(*wall(stage).table.in_view)
        actions = [row.action for row in rows if row.action is not None]
        assert actions
        assert all("Frame=" in stage.app.action_names(action.action_id) for action in actions)
