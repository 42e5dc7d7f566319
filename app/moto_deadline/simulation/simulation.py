"""The simulation: a world that is staged, and moved on by what others want of it."""

from __future__ import annotations

from collections.abc import Sequence

from moto_deadline.defaults import ACCOUNT, REGION
from moto_deadline.simulation.account import Record
from moto_deadline.simulation.archive import outline, write_out_archived
from moto_deadline.simulation.clock import StoryClock
from moto_deadline.simulation.nights import stage_night
from moto_deadline.simulation.scale import stage_scale
from moto_deadline.simulation.scenario import stage
from moto_deadline.simulation.script import told_to_end
from moto_deadline.simulation.updates import update_tasks
from moto_deadline.simulation.world import World


class Simulation(World):
    """Fills an account and moves it along a clock; the same seed and clock give the same simulation.

    With ``sessions`` it is a large farm that runs so many at once, with ``night`` (one of `nights.NIGHTS`) a
    small one in which one thing goes wrong; without, one in which much that is particular happens.
    """

    def __init__(
        self,
        seed: int = 7,
        clock: StoryClock | None = None,
        account_id: str = ACCOUNT,
        region: str = REGION,
        sessions: int | None = None,
        night: str | None = None,
    ) -> None:
        super().__init__(seed, clock, account_id, region)
        if night is not None:
            stage_night(self, night)
        elif sessions is None:
            stage(self)
        else:
            stage_scale(self, sessions)
        self.advance()

    def tell_to_end(self, session: Record, well: bool = True) -> None:
        """Somebody asked for the end of a session (UpdateSession)."""
        self.play(told_to_end(self, session, well))
        self.advance()

    def update_tasks(self, farm_id: str, job: Record, tasks: Sequence[Record], target: str) -> None:
        """Somebody gave tasks of a job another status (UpdateTask, UpdateJob)."""
        update_tasks(self, farm_id, job, tasks, target)
        self.advance()

    def outline(self, queue_id: str, job_id: str) -> None:
        """Make the step and the tasks of an archived job, which is done when they are looked for."""
        if job_id in self.archive and job_id not in self.account.steps:
            _, fate = self.archive[job_id]
            outline(self, self.account.jobs[queue_id][job_id], fate)

    def write_out(self, queue_id: str, job_id: str) -> None:
        """Make the steps, tasks and sessions of an archived job, which is done when it is looked into."""
        self.outline(queue_id, job_id)
        archived = self.archive.pop(job_id, None)
        if archived is not None:
            farm_id, fate = archived
            write_out_archived(self, farm_id, self.account.jobs[queue_id][job_id], fate)
