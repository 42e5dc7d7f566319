"""A farm that lives: believable farms, queues, jobs and sessions, moved along a clock."""

from moto_deadline.story.account import Account, SessionIds
from moto_deadline.story.clock import FrozenClock, RealClock, StoryClock
from moto_deadline.story.story import Story

__all__ = ["Account", "FrozenClock", "RealClock", "SessionIds", "Story", "StoryClock"]
