"""Copy one object to its targets: take, apply, verify, delete the snapshot. Run again, it resumes.

Every step is in the journal under its target's key and the time at which the run began. A later run reads there what is
done, target by target.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from facesnap_cli.backups.copies.copy_changes import flaw_of_copy
from facesnap_cli.backups.copies.copy_job import CopyJob
from facesnap_cli.backups.copies.copy_parameters import CopyParameters, CopyTarget
from facesnap_cli.backups.copies.copy_results import CopyResult, TargetResult, TargetState
from facesnap_cli.common.errors import (
    ConflictError,
    FacesnapError,
    NotFoundError,
    OutcomeUnknownError,
    StillRunningError,
    VerificationError,
)
from facesnap_cli.common.hints import NO_COMMAND, Hint
from facesnap_cli.face_api.account import Account
from facesnap_cli.journal.account_paths import learn_accounts, with_account
from facesnap_cli.journal.backup_records import backup_by_id, record_backup
from facesnap_cli.journal.durations import estimate_s
from facesnap_cli.journal.snapshot_uses import begin_use, end_use
from facesnap_cli.models.backups import BackupRecord, BackupState
from facesnap_cli.models.operations import Job, Operation, OperationKind
from facesnap_cli.models.snapshots import Snapshot
from facesnap_cli.operations.dependencies import Dependencies
from facesnap_cli.operations.parameters import ApplyParameters, VerifyLevel
from facesnap_cli.operations.take_and_apply import intended, reusable_take, start_apply, start_take
from facesnap_cli.operations.verify import Description, Place, check_copy, describe, observe
from facesnap_cli.operations.wait import OperationProgress, Waiter

AGAIN = "to go on, run the same command again: what is done is not done twice"
RECOVER_S = 600.0  # the least time to search for the result of an operation whose response was lost


class Copy:
    """One copy, from reading its targets to deleting its snapshot."""

    def __init__(self, dependencies: Dependencies, parameters: CopyParameters, progress: OperationProgress):
        self._dependencies = dependencies
        self._parameters = parameters
        self._progress = progress
        self._journal = dependencies.journal
        self._lock = threading.Lock()
        self._source: Description | None = None
        self._take: Operation | None = None
        self._open_targets: tuple[CopyTarget, ...] = parameters.targets
        self.job = CopyJob(
            dependencies.journal,
            parameters,
            dependencies.clock.now(),
            lambda: dependencies.accounts.service_now(dependencies.clock),
        )

    def run(self) -> CopyResult:
        """Copy to all targets that can be copied to. A target's failure is in its result."""
        self._progress.begin("looking", logged=False)
        started = self._dependencies.clock.monotonic()
        for account in self._accounts():
            with suppress(FacesnapError):  # the account's first request says what is wrong
                account.begin_bulk_work()
        self.learn_time()
        threads = self._dependencies.thread_pool
        states = [future.result() for future in threads.run(self.state_of, self._parameters.targets)]
        self._open_targets = tuple(state.target for state in states if state.operation is None)
        snapshot = failure = None
        if any(state.is_open for state in states):
            try:
                snapshot = self._snapshot()
            except FacesnapError as error:
                failure = error

        def finished(state: TargetState) -> TargetResult:
            if snapshot and state.is_open:
                return self._copied_to(snapshot, state)
            return state.result if not state.is_open else replace(state.result, failure=failure)

        results = tuple(self._recorded(future.result()) for future in threads.run(finished, states))
        take = self._take or self.job.used_take() or self.job.own_take() or self._take_of(results)
        for result in results:
            if result.failure:
                _resume_by_running_again(result.failure)
        end = self._clean_up(take, [result for result in results if not result.failure]) if take else ""
        elapsed_s = self._dependencies.clock.monotonic() - started
        return CopyResult(self._parameters.take.object_type.value, take, results, end, elapsed_s)

    def _recorded(self, result: TargetResult) -> TargetResult:
        """Return a target's result with what the journal keeps of its copy."""
        known = result.operation and backup_by_id(self._journal, result.operation.intent)
        return replace(result, record=known or None)

    def give_up(self) -> None:
        """Wait for what an unfinished run has sent, and delete its snapshot."""
        begun = self.job.used_take() or self.job.own_take()
        take = self._ended(begun) if begun else None
        if take is None:
            return
        for target in self._parameters.targets:
            if apply := self.job.apply_to(target):
                self._ended(apply)
        self._clean_up(take, [TargetResult(target, "") for target in self._parameters.targets])

    def learn_time(self) -> None:
        """Ask the service for its time by one cheap request, unless a response of this run has shown it."""
        take = self._parameters.take
        for account in self._accounts():
            if any(known.service_clock.is_known for known in self._accounts()):
                return
            with suppress(FacesnapError):  # the same account's next request says what is wrong
                account.objects.exists(take.object_type, take.object_id)

    def _accounts(self) -> list[Account]:
        """Return the accounts of the source and of each target."""
        return [self._parameters.source, *(target.account for target in self._parameters.targets)]

    def state_of(self, target: CopyTarget) -> TargetState:
        """Return what is known of a target, after waiting for an apply that an earlier run started. Sends nothing."""
        object_id, earlier = target.template.render(self.job.time), None
        try:
            earlier = self._earlier_apply(target)
            flaw = self.flaw_of(target, earlier) if earlier else ""
            if earlier and not flaw:
                object_id = earlier.object_id
                return TargetState(target, object_id, self._verified(target, earlier))
            if target.account.objects.exists(self._parameters.take.object_type, object_id):
                raise self.in_the_way(target, object_id, flaw)
            if flaw:
                self._dependencies.note_once(f"{target.account.place(earlier.object_id)} {flaw}" if earlier else flaw)
                earlier = None
        except FacesnapError as failure:
            return TargetState(target, object_id, earlier, failure)
        return TargetState(target, object_id)

    def unfinished_take(self) -> Operation | None:
        """Return the take to resume: the take in use, this copy's own, or a running take of the object."""
        for begun in (self.job.used_take(), self.job.own_take()):
            if begun and not begun.failed_or_abandoned:
                return begun
        return next((take for take in self._takes_in_the_way() if self._is_of_source(take)), None)

    def _takes_in_the_way(self) -> list[Operation]:
        """Return the open takes that are or may be of the source, the certain ones first."""
        return self._journal.open_like(self._next_take())

    def _next_take(self) -> Operation:
        source, take = self._parameters.source, self._parameters.take
        return intended(self._dependencies, source, OperationKind.TAKE, take.object_type, take.object_id, owner="")

    def _is_of_source(self, take: Operation) -> bool:
        return self._journal.compare(take, self._next_take()).is_certain

    def has_begun(self, target: CopyTarget) -> bool:
        """Return whether the journal has an apply of this copy to the target that did not fail."""
        own = self.job.apply_to(target)
        return own is not None and not own.failed_or_abandoned

    def young_take(self) -> Operation | None:
        """Return the take of a young enough snapshot of the object. Its scope is widened if a target needs that."""
        parameters = self._parameters.take._replace(apply_scope=())
        take = reusable_take(self._dependencies, self._parameters.source, parameters)
        return None if take and self.job.made_bad_copies(take) else take

    def flaw_of(self, target: CopyTarget, apply: Operation) -> str:
        """Return why the copy that an apply made does not count (any more), as a predicate; empty if it does."""
        record = backup_by_id(self._journal, apply.intent)
        if record is None:
            return ""
        if self.job.is_finally_bad(apply):
            return f"is known to be bad ({record.reason})"
        return flaw_of_copy(target.account, record)

    def _earlier_apply(self, target: CopyTarget) -> Operation | None:
        """Return the ended apply with which the target's copy was already made; None if it was not."""
        own = self.job.apply_to(target)
        ended = self._ended(own) if own else None
        exists = ended and target.account.objects.exists(self._parameters.take.object_type, ended.object_id)
        return ended if exists else None

    def _take_of(self, results: Sequence[TargetResult]) -> Operation | None:
        """Return the take from which the first copy was made."""
        snapshots = [result.operation.snapshot_id for result in results if result.operation]
        return next((take for snapshot in snapshots if snapshot and (take := self._journal.take_of(snapshot))), None)

    def _jobs(self, targets: Iterable[CopyTarget]) -> list[Job]:
        return [self.job.of_target(target) for target in targets]

    def in_the_way(self, target: CopyTarget, object_id: str, flaw: str = "") -> ConflictError:
        """Return the error for a target that exists already; `flaw` is why an earlier copy does not count."""
        kind = self._parameters.take.object_type
        applies = self._journal.applies_to(target.account.resource, kind.value, object_id)
        known = [apply for apply in applies if apply.has_succeeded]
        made = f", copied there on {known[0].intended_time:%Y-%m-%d at %H:%M} UTC" if known else ""
        made += f", but {flaw}" if flaw else ""
        return ConflictError(
            f"{kind.value} {object_id} exists in {target.account.profile or 'the target'} already{made};"
            " an apply only creates new objects",
            hint="name copies by {date}, or by {date}-{time} for several a day; or delete it first",
            details={"objectId": object_id, "profile": target.account.profile},
            subject=target.account.place(object_id),
        )

    def _snapshot(self) -> Snapshot:
        """Return the snapshot to apply: of the take to resume, of a young enough take, or of a new take."""
        source, take = self._parameters.source, self._parameters.take
        self._progress.begin("taking", logged=False)
        begun = self.unfinished_take()
        jobs = self._jobs(self._open_targets)
        ended = self._ended(begun) if begun and begin_use(self._journal, begun, jobs) else None
        snapshot = self._taken(ended) if ended else None
        if snapshot is None:
            young = self.young_take()
            if young is None and take.max_age_s is not None and len(self._open_targets) < len(self._parameters.targets):
                self._dependencies.note_once(
                    f"another take of {take.object_id}: the snapshot of its earlier copies is gone (keep_snapshot keeps"
                    " it for targets that are added later)"
                )
            operation = young if young and begin_use(self._journal, young, jobs) else self._new_take(jobs)
            snapshot = self._taken(self._waited_for(operation))
        if snapshot is None:
            raise NotFoundError(
                f"the snapshot of {take.object_id} was not found right after it was taken", hint="run this again"
            )
        have = {entry.lower() for entry in snapshot.apply_scope}
        lacking = [entry for entry in take.apply_scope if entry.lower() not in have]
        if lacking:
            source.snapshots.update(snapshot.id, apply_scope=(*snapshot.apply_scope, *lacking))
        return snapshot

    def _new_take(self, jobs: Sequence[Job]) -> Operation:
        take = self._started_take(jobs[0])
        begin_use(self._journal, take, jobs)
        return take

    def _started_take(self, job: Job, *, force: bool = False) -> Operation:
        """Start a take and return it, or the one that another copy of the object has started meanwhile.

        A take of another profile that may be of the same object is waited for first.
        """
        try:
            parameters = self._parameters.take._replace(force=force)
            return start_take(self._dependencies, self._parameters.source, parameters, job=job)
        except OutcomeUnknownError as lost:
            return self._journal.find(str(lost.details.get("intent", ""))) or _raise(lost)
        except ConflictError as other:
            if begun := self.unfinished_take():
                return begun
            rival = next(iter(self._takes_in_the_way()), None)
            if force or rival is None:
                raise
            self._dependencies.note_once(f"{other.message}: another take is sent once it has ended")
            try:
                self._waited_for(rival)
            except FacesnapError as failure:
                if isinstance(failure, StillRunningError) and self._dependencies.timeout_s is not None:
                    raise
                self._dependencies.warn_of(failure)  # another item's failure must not become this one's
        return self._started_take(job, force=bool(self._takes_in_the_way()))

    def _taken(self, take: Operation) -> Snapshot | None:
        """Return the snapshot of a take that has succeeded; None if it is gone, or shows another account."""
        self._take = take
        try:
            snapshot = self._parameters.source.snapshots.get(take.snapshot_id) if take.snapshot_id else None
        except NotFoundError:
            return None
        if snapshot is None or not self.job.may_be_of_source(snapshot):
            return None
        learn_accounts(self._journal, [snapshot])
        return snapshot

    def _copied_to(self, snapshot: Snapshot, state: TargetState) -> TargetResult:
        target, object_id, operation = state.target, state.object_id, None
        try:
            self._progress.begin("applying", logged=False)
            operation = self._waited_for(self._new_apply(snapshot, target, object_id))
            operation = self._verified(target, operation)
        except FacesnapError as failure:
            return TargetResult(target, object_id, operation or self.job.apply_to(target), failure=failure)
        return TargetResult(target, object_id, operation)

    def _new_apply(self, snapshot: Snapshot, target: CopyTarget, object_id: str) -> Operation:
        try:
            parameters = ApplyParameters(snapshot, object_id)
            return start_apply(self._dependencies, target.account, parameters, job=self.job.of_target(target))
        except OutcomeUnknownError as lost:
            return self._journal.find(str(lost.details.get("intent", ""))) or _raise(lost)
        except ConflictError:  # another run has begun the same copy meanwhile
            begun = self.job.apply_to(target)
            if begun is None or begun.failed_or_abandoned or begun.object_id != object_id:
                raise
            return begun

    def _ended(self, earlier: Operation) -> Operation | None:
        """Wait for an operation of an earlier run, and return it if it has succeeded; None if it has failed."""
        try:
            return self._waited_for(earlier)
        except FacesnapError:
            known = self._journal.find(earlier.intent)
            if known and known.failed_or_abandoned:
                return None
            raise

    def _waited_for(self, operation: Operation) -> Operation:
        """Wait until the operation has succeeded, or until its result is found if its response was lost."""
        if operation.has_succeeded:
            return operation
        self._progress.update(operation)
        timeout_s = self._dependencies.timeout_s
        if operation.operation_id is None and timeout_s is None:
            usual_s = estimate_s(self._journal, operation)
            timeout_s = max(RECOVER_S, 2 * (usual_s or 0.0))
        waiter = Waiter(self._dependencies, self._progress.update)
        [outcome] = waiter.wait([operation], timeout_s=timeout_s)
        if outcome.failure:
            raise outcome.failure
        return outcome.operation

    def _verified(self, target: CopyTarget, operation: Operation) -> Operation:
        """Compare the copy with its source, unless that was done, and record it. Raises VerificationError."""
        level, take = self._parameters.verify, self._parameters.take
        kind, source_id = take.object_type, take.object_id
        if level is VerifyLevel.NONE or operation.verified_time:
            self._record(target, operation)
            return operation
        self._progress.begin("verifying")
        copy = describe(target.account, kind, operation.object_id, level)
        with self._lock:
            if self._source is None:
                self._source = describe(self._parameters.source, kind, source_id, level)
        made = Place(target.account, kind, operation.object_id)
        try:
            check_copy(self._source, copy, Place(self._parameters.source, kind, source_id), made)
        except VerificationError as difference:
            self._record(target, operation, copy, why_bad=difference.message)
            raise
        verified = self._journal.mark_verified(operation)
        self._record(target, verified, copy)
        return verified

    def _record(
        self, target: CopyTarget, operation: Operation, copy: Description | None = None, *, why_bad: str | None = None
    ) -> None:
        """Record a copy as a backup of the object, or as a bad one. A copy that was recorded stays as it is."""
        if copy is None and backup_by_id(self._journal, operation.intent):
            return
        take = self._journal.take_of(operation.snapshot_id or "")
        is_verified = operation.verified_time is not None and why_bad is None
        facts = copy.facts if copy else self._facts_of(target, operation)
        plan = self._parameters.plan
        if operation.job_key not in (self._parameters.key_of(target), self._parameters.former_key):
            plan = None  # a copy begun by hand stays its maker's, although this run of the plan finishes it
        level = self._parameters.verify if copy else VerifyLevel.QUICK  # an earlier version did not record the level
        record = BackupRecord(
            id=operation.intent,
            method="snapshot",
            source=self.job.source._replace(resource=with_account(self._journal, self._parameters.source.resource)),
            target=target.label,
            target_resource=with_account(self._journal, target.account.resource),
            place=operation.object_id,
            taken_time=(take or operation).started_time,
            made_time=operation.intended_time,
            state=BackupState.BAD if why_bad else BackupState.GOOD,
            reason=why_bad,
            verified=level.value if is_verified else None,
            verified_time=operation.verified_time if is_verified else None,
            item=(target.template.name or None) if plan else None,
            plan=str(plan.absolute()) if plan else None,
            persons=copy.persons if copy and self._parameters.take.object_type.has_persons else None,
            faces=copy.faces if copy else None,
            facts=facts,
        )
        record_backup(self._journal, record)

    def _facts_of(self, target: CopyTarget, operation: Operation) -> Mapping[str, str] | None:
        with suppress(FacesnapError):  # nobody asked for a comparison, so it is no failure that there can be none
            return observe(target.account, self._parameters.take.object_type, operation.object_id)
        return None

    def _clean_up(self, take: Operation, done: Sequence[TargetResult]) -> str:
        """Delete the snapshot that this copy took, unless that was done or other targets still need it.

        Return what became of it: deleted, kept as was asked for, or empty.
        """
        former = Job(self._parameters.former_key, self.job.time)
        is_own = take.job in (*self._jobs(self._parameters.targets), former)
        is_all = len(done) == len(self._parameters.targets)
        if not done or (is_own and take.verified_time) or take.snapshot_id is None:
            return ""
        end = "kept" if self._parameters.keep_snapshot and is_own else ""
        jobs = [*self._jobs(result.target for result in done), *([former] if is_all else [])]
        # After a change of the targets, the target under which the take is recorded may be none of this copy's.
        is_of_run = is_own or take.job_time == self.job.time
        if end_use(self._journal, take, jobs, is_own=is_of_run, keeps=self._parameters.keep_snapshot):
            try:
                self._parameters.source.snapshots.delete(take.snapshot_id)
                end = "deleted"
            except NotFoundError:
                end = "deleted"
            except FacesnapError as error:
                self._dependencies.reporter.warn(f"{error.message}; it expires by itself 48 hours after it was taken")
        if is_own and is_all:
            self._journal.mark_verified(take)
        return end


def _resume_by_running_again(failure: FacesnapError) -> None:
    """Replace the command that resumes one operation: the whole copy must be run again."""
    if failure.resume:
        failure.hint, failure.resume = Hint.joined((failure.hint, AGAIN)), NO_COMMAND


def _raise(error: FacesnapError) -> Operation:
    raise error
