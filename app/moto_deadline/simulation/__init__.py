"""A farm that lives: believable farms, queues, jobs and sessions, moved along a clock."""

from moto_deadline.simulation.account import Account, SessionIds
from moto_deadline.simulation.clock import FrozenClock, RealClock, StoryClock
from moto_deadline.simulation.simulation import Simulation

__all__ = ["Account", "FrozenClock", "RealClock", "SessionIds", "Simulation", "StoryClock"]
