"""What can be wished of the farm: that a session ends, that a task or a job becomes something else."""

from __future__ import annotations

from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from farmwatch.aws.api import DeadlineApi
from farmwatch.aws.model import ENDED, Fault, SessionRef

READY = "READY"
CANCELED = "CANCELED"
SUSPENDED = "SUSPENDED"
SUCCEEDED = "SUCCEEDED"


class EndSession(Struct, frozen=True):
    """A session is to end. ``token`` names the wish, and is empty until it is confirmed."""

    ref: SessionRef
    token: str = ""


class UpdateTask(Struct, frozen=True):
    """A task of a session's job is to have another run status: READY requeues it."""

    ref: SessionRef
    step_id: str
    task_id: str
    target: str
    token: str = ""


class UpdateJob(Struct, frozen=True):
    """All tasks of a job are to have another run status."""

    connection: str
    farm_id: str
    queue_id: str
    job_id: str
    target: str
    token: str = ""


Wish = EndSession | UpdateTask | UpdateJob


def confirmed(wish: Wish) -> Wish:
    """The wish under a token of its own: however often it is sent, the service takes it once."""
    return replace(wish, token=str(uuid4()))


def operation_of(wish: Wish) -> str:
    """The API operation that it is sent by."""
    match wish:
        case EndSession():
            return "UpdateSession"
        case UpdateTask():
            return "UpdateTask"
        case UpdateJob():
            return "UpdateJob"


def target_of(wish: Wish) -> str:
    """The status that is wished."""
    return ENDED if isinstance(wish, EndSession) else wish.target


def ref_of(wish: Wish) -> SessionRef:
    """Under what the history keeps it: the session; of a whole job its id stands in place of a session's."""
    if isinstance(wish, UpdateJob):
        return SessionRef(wish.connection, wish.farm_id, wish.queue_id, wish.job_id, wish.job_id)
    return wish.ref


def id_of(wish: Wish) -> str:
    """The id of the session, the task or the job that is to be changed."""
    match wish:
        case EndSession():
            return wish.ref.session_id
        case UpdateTask():
            return wish.task_id
        case UpdateJob():
            return wish.job_id


def send(wish: Wish, api: DeadlineApi) -> Fault | None:
    """Make the request; ``None`` where the service has taken it. It blocks."""
    match wish:
        case EndSession():
            return api.end_session(wish.ref, wish.token)
        case UpdateTask():
            return api.update_task(wish.ref, wish.step_id, wish.task_id, wish.target, wish.token)
        case UpdateJob():
            return api.update_job(wish.farm_id, wish.queue_id, wish.job_id, wish.target, wish.token)
