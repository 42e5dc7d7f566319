"""The backend: what each operation answers, from the account that its simulation fills and moves."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from botocore import xform_name
from moto.core.base_backend import BackendDict, BaseBackend

from moto_deadline.exceptions import ConflictException, ResourceNotFoundException, ValidationException
from moto_deadline.paging import page
from moto_deadline.search import JOBS, STEPS, TASKS, WORKERS, search, values_left
from moto_deadline.simulation import Account, Simulation
from moto_deadline.simulation.updates import may_become
from moto_deadline.validation import checked

Record = dict[str, Any]
Asked = dict[str, Any]

BATCH_SIZE = 100
ROLE_LIFE = timedelta(minutes=15)


class DeadlineBackend(BaseBackend):
    """One account in one region. Without a simulation it is empty. Each method takes a checked request and
    gives the reply's members; raises the exceptions of the service."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.simulation: Simulation | None = None
        self._lock = threading.RLock()

    @property
    def lock(self) -> Any:
        """To be held while anything is asked: the simulation moves when it is looked at."""
        return self._lock if self.simulation is None else self.simulation.lock

    @property
    def account(self) -> Account:
        """The account as it is now: looking at it moves its simulation on."""
        if self.simulation is None:
            return Account()
        self.simulation.advance()
        return self.simulation.account

    # --- farms, queues, fleets, workers ---------------------------------------------------------------

    def list_farms(self, asked: Asked) -> Record:
        """Every farm of the account; a ``principalId`` makes no difference."""
        return page(list(self.account.farms.values()), asked, "farms", "farmId")

    def get_farm(self, asked: Asked) -> Record:
        """A farm; raises `ResourceNotFoundException` where there is none."""
        return _found(self.account.farms, "farm", asked["farmId"])

    def list_queues(self, asked: Asked) -> Record:
        """The queues of a farm; those of one ``status``, if it is asked for."""
        self.get_farm(asked)
        queues = [q for q in self.account.queues[asked["farmId"]].values() if _fits(q, asked, "status")]
        return page(queues, asked, "queues", "queueId")

    def get_queue(self, asked: Asked) -> Record:
        """A queue; raises `ResourceNotFoundException` where the farm has none such."""
        self.get_farm(asked)
        return _found(self.account.queues[asked["farmId"]], "queue", asked["queueId"])

    def list_queue_environments(self, asked: Asked) -> Record:
        """The environments of a queue; raises `ResourceNotFoundException` where there is no such queue."""
        self.get_queue(asked)
        environments = list(self.account.environments[asked["queueId"]].values())
        return page(environments, asked, "environments", "queueEnvironmentId")

    def get_queue_environment(self, asked: Asked) -> Record:
        """An environment; raises `ResourceNotFoundException` where the queue has none such."""
        self.get_queue(asked)
        environments = self.account.environments[asked["queueId"]]
        return _found(environments, "queue-environment", asked["queueEnvironmentId"])

    def list_fleets(self, asked: Asked) -> Record:
        """The fleets of a farm; those of one ``status`` and ``displayName``, if they are asked for."""
        self.get_farm(asked)
        fleets = self.account.fleets[asked["farmId"]].values()
        fitting = [f for f in fleets if _fits(f, asked, "status") and _fits(f, asked, "displayName")]
        return page(fitting, asked, "fleets", "fleetId")

    def get_fleet(self, asked: Asked) -> Record:
        """A fleet; raises `ResourceNotFoundException` where the farm has none such."""
        self.get_farm(asked)
        return _found(self.account.fleets[asked["farmId"]], "fleet", asked["fleetId"])

    def list_workers(self, asked: Asked) -> Record:
        """The workers of a fleet; raises `ResourceNotFoundException` where there is no such fleet."""
        self.get_fleet(asked)
        return page(list(self.account.workers[asked["fleetId"]].values()), asked, "workers", "workerId")

    def get_worker(self, asked: Asked) -> Record:
        """A worker; raises `ResourceNotFoundException` where the fleet has none such."""
        self.get_fleet(asked)
        return _found(self.account.workers[asked["fleetId"]], "worker", asked["workerId"])

    def batch_get_worker(self, asked: Asked) -> Record:
        """Up to 100 workers, each found or told of in ``errors``."""
        return self._batch("GetWorker", asked, "workers")

    def search_workers(self, asked: Asked) -> Record:
        """Workers of the fleets that are named, found and sorted; raises `ResourceNotFoundException` where
        one of these fleets is not there."""
        workers: list[Record] = []
        for fleet_id in dict.fromkeys(asked["fleetIds"]):
            self.get_fleet({"farmId": asked["farmId"], "fleetId": fleet_id})
            workers += self.account.workers[fleet_id].values()
        return search("workers", workers, WORKERS, asked)

    # --- jobs, steps, tasks ---------------------------------------------------------------------------

    def list_jobs(self, asked: Asked) -> Record:
        """All jobs of a queue, as they were put there: nothing is sorted."""
        self.get_queue(asked)
        return page(list(self.account.jobs[asked["queueId"]].values()), asked, "jobs", "jobId")

    def search_jobs(self, asked: Asked) -> Record:
        """Jobs of the queues that are named, found and sorted. Their parameters are told as
        ``jobParameters``, where GetJob says ``parameters``."""
        reply = search("jobs", self._jobs_of(asked), JOBS, asked)
        shown = [{**job, "jobParameters": job.get("parameters", {})} for job in reply["jobs"]]
        return {**reply, "jobs": shown}

    def _jobs_of(self, asked: Asked) -> list[Record]:
        """The jobs of the queues that a search names; only the one it is narrowed to, if it is."""
        job_id = asked.get("jobId")
        jobs: list[Record] = []
        for queue_id in dict.fromkeys(asked["queueIds"]):
            self.get_queue({"farmId": asked["farmId"], "queueId": queue_id})
            of_queue = self.account.jobs[queue_id]
            if job_id is None:
                jobs += of_queue.values()
            elif job_id in of_queue:
                jobs.append(of_queue[job_id])
        return jobs

    def get_job(self, asked: Asked) -> Record:
        """A job; raises `ResourceNotFoundException` where the queue has none such."""
        self.get_queue(asked)
        return _found(self.account.jobs[asked["queueId"]], "job", asked["jobId"])

    def batch_get_job(self, asked: Asked) -> Record:
        """Up to 100 jobs, each found or told of in ``errors``."""
        return self._batch("GetJob", asked, "jobs")

    def list_steps(self, asked: Asked) -> Record:
        """The steps of a job, which is written out by that if it is one of the archive."""
        self.get_job(asked)
        self._look_into(asked)
        return page(list(self.account.steps[asked["jobId"]].values()), asked, "steps", "stepId")

    def get_step(self, asked: Asked) -> Record:
        """A step; raises `ResourceNotFoundException` where the job has none such."""
        self.get_job(asked)
        self._look_into(asked)
        return _found(self.account.steps[asked["jobId"]], "step", asked["stepId"])

    def batch_get_step(self, asked: Asked) -> Record:
        """Up to 100 steps, each found or told of in ``errors``."""
        return self._batch("GetStep", asked, "steps")

    def search_steps(self, asked: Asked) -> Record:
        """Steps of the jobs of the queues that are named, or of one of these jobs, found and sorted."""
        return search("steps", self._steps_of(asked), STEPS, asked)

    def _steps_of(self, asked: Asked, statuses: Iterable[str] | None = None) -> Iterator[Record]:
        """The steps of the jobs that a search is about; given run statuses, of those that have such tasks."""
        account = self.account
        for job in self._jobs_of(asked):
            if statuses is not None and not any(map(job["taskRunStatusCounts"].get, statuses)):
                continue
            if self.simulation is not None:
                self.simulation.outline(job["queueId"], job["jobId"])
            yield from account.steps[job["jobId"]].values()

    def list_tasks(self, asked: Asked) -> Record:
        """The tasks of a step; raises `ResourceNotFoundException` where there is no such step."""
        self.get_step(asked)
        return page(list(self.account.tasks[asked["stepId"]].values()), asked, "tasks", "taskId")

    def get_task(self, asked: Asked) -> Record:
        """A task; raises `ResourceNotFoundException` where the step has none such."""
        self.get_step(asked)
        return _found(self.account.tasks[asked["stepId"]], "task", asked["taskId"])

    def batch_get_task(self, asked: Asked) -> Record:
        """Up to 100 tasks, each found or told of in ``errors``."""
        return self._batch("GetTask", asked, "tasks")

    def search_tasks(self, asked: Asked) -> Record:
        """Tasks of the jobs of the queues that are named, or of one of these jobs, found and sorted."""
        return search("tasks", self._tasks_of(asked), TASKS, asked)

    def _tasks_of(self, asked: Asked) -> Iterator[Record]:
        """What a search for tasks has to go through: those of the statuses that it asks for, which an account
        of many keeps by their statuses; else those of all jobs that say that they have such."""
        account = self.account
        by_status = account.tasks_by_status
        statuses = values_left(asked, "RUN_STATUS")
        if by_status is None or statuses is None:
            for step in self._steps_of(asked, statuses):
                yield from account.tasks[step["stepId"]].values()
            return
        job_id = asked.get("jobId")
        for queue_id in dict.fromkeys(asked["queueIds"]):
            self.get_queue({"farmId": asked["farmId"], "queueId": queue_id})
            for status in sorted(statuses):
                tasks = by_status.get((queue_id, status), {}).values()
                yield from tasks if job_id is None else (task for task in tasks if task["jobId"] == job_id)

    # --- sessions -------------------------------------------------------------------------------------

    def list_sessions(self, asked: Asked) -> Record:
        """The sessions of a job, which is written out by that if it is one of the archive."""
        self.get_job(asked)
        self._look_into(asked)
        return page(list(self.account.sessions[asked["jobId"]].values()), asked, "sessions", "sessionId")

    def list_sessions_for_worker(self, asked: Asked) -> Record:
        """The sessions of a worker, of whatever job; without those of archived jobs not yet written out."""
        self.get_worker(asked)
        sessions = [
            session
            for of_job in self.account.sessions.values()
            for session in of_job.values()
            if session["workerId"] == asked["workerId"]
        ]
        return page(sessions, asked, "sessions", "sessionId")

    def get_session(self, asked: Asked) -> Record:
        """A session; raises `ResourceNotFoundException` where the job has none such."""
        self.get_job(asked)
        self._look_into(asked)
        return _found(self.account.sessions[asked["jobId"]], "session", asked["sessionId"])

    def batch_get_session(self, asked: Asked) -> Record:
        """Up to 100 sessions, each found or told of in ``errors``."""
        return self._batch("GetSession", asked, "sessions")

    def update_session(self, asked: Asked) -> Record:
        """Tell a session to end, in its own time; raises `ConflictException` where it has ended."""
        session = self.get_session(asked)
        if self._was_taken(asked):
            return {}
        if session["lifecycleStatus"] == "ENDED":
            raise ConflictException("The session has ended.", "STATUS_CONFLICT", asked["sessionId"])
        if self.simulation is not None:
            self.simulation.tell_to_end(session)
        return self._take(asked)

    def update_task(self, asked: Asked) -> Record:
        """Give a task another status; raises `ConflictException` where it cannot have that one: what is over
        can only be READY again, what is not over cannot be PENDING."""
        task = self.get_task(asked)
        if self._was_taken(asked):
            return {}
        target = asked["targetRunStatus"]
        if not may_become(task["runStatus"], target):
            why = f"A task that is {task['runStatus']} cannot be given the target {target}."
            raise ConflictException(why, "STATUS_CONFLICT", asked["taskId"], "task")
        if self.simulation is not None:
            self.simulation.update_tasks(asked["farmId"], self.get_job(asked), [task], target)
        return self._take(asked)

    def update_job(self, asked: Asked) -> Record:
        """Give a job another priority, and all of its tasks that can have it another status; raises
        `ConflictException` where none can."""
        job = self.get_job(asked)
        self._look_into(asked)
        if self._was_taken(asked):
            return {}
        target = asked.get("targetTaskRunStatus")
        if target is not None:
            steps = self.account.steps[job["jobId"]]
            every = [task for step_id in steps for task in self.account.tasks[step_id].values()]
            tasks = [task for task in every if may_become(task["runStatus"], target)]
            if not tasks:
                why = f"No task of the job can be given the target {target}."
                raise ConflictException(why, "STATUS_CONFLICT", asked["jobId"], "job")
            job["targetTaskRunStatus"] = target
            if self.simulation is not None:
                self.simulation.update_tasks(asked["farmId"], job, tasks, target)
        if "priority" in asked:
            job["priority"] = asked["priority"]
        return self._take(asked)

    def _was_taken(self, asked: Asked) -> bool:
        """Whether it is the same wish again, by its token."""
        return self.simulation is not None and asked.get("clientToken") in self.simulation.taken

    def _take(self, asked: Asked) -> Record:
        if self.simulation is not None and "clientToken" in asked:
            self.simulation.taken.add(asked["clientToken"])
        return {}

    def list_session_actions(self, asked: Asked) -> Record:
        """The actions of a session, or those of a task in all sessions of the job; raises
        `ValidationException` unless exactly one of the two is named."""
        self.get_job(asked)
        self._look_into(asked)
        if ("sessionId" in asked) == ("taskId" in asked):
            why = "exactly one of sessionId and taskId must be given"
            raise ValidationException(why, [("sessionId", why)])
        if "sessionId" in asked:
            self.get_session(asked)
            actions = list(self.account.actions[asked["sessionId"]].values())
        else:
            actions = [
                action
                for session_id in self.account.sessions[asked["jobId"]]
                for action in self.account.actions[session_id].values()
                if action["definition"].get("taskRun", {}).get("taskId") == asked["taskId"]
            ]
        return page(actions, asked, "sessionActions", "sessionActionId")

    def get_session_action(self, asked: Asked) -> Record:
        """An action of a job, whose session is not named but stands in its id; raises
        `ResourceNotFoundException` where the job has none such."""
        self.get_job(asked)
        self._look_into(asked)
        # The id of an action holds that of its session.
        session_id = f"session-{asked['sessionActionId'].split('-')[1]}"
        known = session_id in self.account.sessions[asked["jobId"]]
        actions = self.account.actions[session_id] if known else {}
        return _found(actions, "session-action", asked["sessionActionId"])

    def batch_get_session_action(self, asked: Asked) -> Record:
        """Up to 100 actions, each found or told of in ``errors``."""
        return self._batch("GetSessionAction", asked, "sessionActions")

    def _batch(self, single: str, asked: Asked, name: str) -> Record:
        """Each of the identifiers asked for by itself: what fails is told beside what is found."""
        identifiers = asked["identifiers"]
        if not 1 <= len(identifiers) <= BATCH_SIZE:
            why = f"must have between 1 and {BATCH_SIZE} members"
            raise ValidationException(f"identifiers {why}", [("identifiers", why)])
        ask = getattr(self, xform_name(single))
        found: list[Record] = []
        errors: list[Record] = []
        for ids in identifiers:
            try:
                found.append({**ask(checked(single, ids)), **ids})
            except (ResourceNotFoundException, ValidationException) as error:
                errors.append({**ids, "code": error.code, "message": error.message})
        return {name: found, "errors": errors}

    def _look_into(self, asked: Asked) -> None:
        """A job of long ago is only written out when somebody looks into it."""
        if self.simulation is not None:
            self.simulation.write_out(asked["queueId"], asked["jobId"])

    # --- roles ----------------------------------------------------------------------------------------

    def assume_queue_role_for_read(self, asked: Asked) -> Record:
        """Credentials that open nothing real, good for 15 minutes; raises `ResourceNotFoundException` where
        there is no simulation."""
        self.get_queue(asked)
        return self._credentials(asked["queueId"])

    def assume_queue_role_for_user(self, asked: Asked) -> Record:
        """Credentials as `assume_queue_role_for_read` gives them."""
        self.get_queue(asked)
        return self._credentials(asked["queueId"])

    def assume_fleet_role_for_read(self, asked: Asked) -> Record:
        """Credentials as a queue's read role gives them, but of the fleet."""
        self.get_fleet(asked)
        return self._credentials(asked["fleetId"])

    def _credentials(self, of: str) -> Record:
        if self.simulation is None:
            raise ResourceNotFoundException("role", of)
        until = self.simulation.clock.now() + ROLE_LIFE
        mixed = hashlib.sha256(f"{of} {until}".encode()).hexdigest()
        return {
            "credentials": {
                # Of the form of the real ones, and said to be none of them.
                "accessKeyId": f"ASIAEMBEDDEDFARM{mixed[:4].upper()}",
                "secretAccessKey": f"embedded-farm-{mixed[:26]}",
                "sessionToken": f"embedded-farm-{mixed}",
                "expiration": until,
            }
        }


def _found(records: dict[str, Record], kind: str, key: str) -> Record:
    if key not in records:
        raise ResourceNotFoundException(kind, key)
    return records[key]


def _fits(record: Record, asked: Asked, member: str) -> bool:
    return member not in asked or record[member] == asked[member]


deadline_backends = BackendDict(
    DeadlineBackend,
    "deadline",
    use_boto3_regions=False,
    additional_regions=["us-west-2", "us-east-1", "us-east-2", "eu-west-1", "eu-central-1"],
)
"""Every backend, by account and region; `backend_of` has one for any region."""


def backend_of(account_id: str, region: str) -> DeadlineBackend:
    """The backend of an account in a region; a region that nobody has named before is empty."""
    regions = deadline_backends[account_id]
    if region not in regions:
        # moto makes backends for the regions that it knows of; clients ask in all that there are.
        regions.regions.append(region)
    return regions[region]
