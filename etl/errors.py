"""Every error that pushlift raises on purpose, grouped by what the caller should do.

PushliftError                       exit 1
├─ OperatorError                    exit 2 · a person must change something, then run again
│  ├─ ConfigurationError            fix the configuration or the environment
│  │  └─ UnsafeStore                choose a store that honours conditional puts
│  ├─ UsageError                    fix the arguments
│  ├─ PlanChanged                   plan anew: the configuration is not the one that was approved
│  ├─ SendingStopped                mend what Liftoff refuses, or lift the stop, then resume
│  ├─ PostbacksUnsettled            decide about what is unknown, or send what is left
│  └─ LedgerError                   repair the ledger, or point at the right one
│     ├─ LedgerUpgradeNeeded        run `pushlift ledger upgrade`
│     └─ LedgerUnavailable          wait: the database is busy or does not answer      (retryable)
├─ StorageError                     look at the store; the message names the object
│  ├─ ObjectForbidden               grant access to the object
│  ├─ ObjectVanished                nothing: the next discovery lists what is there now
│  ├─ ObjectChanged                 nothing: the next discovery lists the new version
│  ├─ StoreRefusedWrite             make room, or grant the write
│  └─ StoreUnavailable              wait: the store or the network did not answer       (retryable)
├─ LockError                        wait for the other run
│  ├─ LockHeld                      another run holds the lock                          (retryable)
│  └─ LockLostError                 this run was too slow and was fenced off            (retryable)
├─ LakeMovedOn                      settle and audit again, against the new version     (retryable)
├─ SendingInterrupted               nothing: sending goes on where it was                    (retryable)
├─ PeopleErasedMeanwhile            nothing: the next run reads the same objects without them
├─ UnreadableContent                quarantine the message; the object goes on
├─ UnreadableList                   mend the opt-out list and drop it again; nobody on it was honoured
├─ WorkerDied                       give the workers more memory, or have fewer of them      (retryable)
├─ ConservationError                do not publish: messages and rows disagree; report it
├─ DeadlineNear                     see to the opt-out requests that come due
├─ ErasureUnproven                  see where somebody who was erased still is, or what cannot be read
├─ EvidenceBroken                   find out who changed the evidence; the message says which link
└─ HeldBackError                    read the named checks, mend the data or the rule, run again

`is_retryable` says whether the same call may succeed later with nothing changed by a person: an
Airflow task retries on that alone.
"""

from typing import ClassVar


class PushliftError(Exception):
    """Something that pushlift can explain: a sentence with the fact, the value and the way out.

    The message never holds a personal identifier or a secret. It is the only constructor argument,
    so that an error survives the way back from a worker process.
    """

    exit_code: ClassVar[int] = 1
    is_retryable: ClassVar[bool] = False

    def __init__(self, message: str) -> None:
        """Keep the message, which is shown to people as it is."""
        super().__init__(message)
        self.message = message


class OperatorError(PushliftError):
    """A person must change something before the same call can succeed."""

    exit_code = 2


class ConfigurationError(OperatorError):
    """The configuration or the environment is wrong; the message names each key."""


class UnsafeStore(ConfigurationError):
    """The store ignores conditional puts, so two writers would lose each other's commits."""


class UsageError(OperatorError):
    """The arguments of a command or a run are wrong."""


class PlanChanged(OperatorError):
    """The mapping, the gates or the URL are not those that the plan was made, and approved, with."""


class SendingStopped(OperatorError):
    """Nothing leaves until a person has looked: refused credentials, a redirect, a stop, a failed canary."""

    exit_code = 1


class PostbacksUnsettled(OperatorError):
    """A plan's end is not that everything was delivered or refused; the message says what is left and how."""

    exit_code = 1


class LedgerError(OperatorError):
    """The ledger cannot be opened, or is not what this version expects."""


class LedgerUpgradeNeeded(LedgerError):
    """The ledger's schema is older than this version: `pushlift ledger upgrade`."""


class LedgerUnavailable(LedgerError):
    """The ledger's database is busy, or does not answer."""

    exit_code = 1
    is_retryable = True


class StorageError(PushliftError):
    """A store did not do what was asked."""


class ObjectForbidden(StorageError):
    """The store refuses access to an object."""


class ObjectVanished(StorageError):
    """An object that was listed is no longer there."""


class ObjectChanged(StorageError):
    """An object is no longer the version that was listed."""


class StoreRefusedWrite(StorageError):
    """The store took no write: it is full, over its quota, read-only or forbidden."""


class StoreUnavailable(StorageError):
    """The store, or the way to it, did not answer."""

    is_retryable = True


class LockError(PushliftError):
    """Another run is in the way."""

    is_retryable = True


class LockHeld(LockError):
    """Another run holds the lock."""


class LockLostError(LockError):
    """The lock expired and another run took it; nothing more may be written under it."""


class LakeMovedOn(PushliftError):
    """Another writer committed to the table since it was read."""

    is_retryable = True


class SendingInterrupted(PushliftError):
    """The process was asked to end while it sent; what is not sent is still queued."""

    is_retryable = True


class PeopleErasedMeanwhile(PushliftError):
    """People were suppressed while a run was on its way; it published nothing, and leaves all to the next."""


class UnreadableContent(PushliftError):
    """Bytes that hold no message; the caller quarantines them with this reason."""


class UnreadableList(PushliftError):
    """An opt-out list that cannot be read as a whole; the message begins with a code and a colon."""

    @property
    def code(self) -> str:
        """The stable code of what is wrong with it."""
        return self.message.partition(":")[0]


class WorkerDied(PushliftError):
    """A worker process ended without a word: it was killed, mostly for want of memory."""

    is_retryable = True


class ConservationError(PushliftError):
    """Messages in and rows out do not add up, so nothing may be published."""


class HeldBackError(PushliftError):
    """A required check failed: its rows are held, the message names every failed check."""


class DeadlineNear(PushliftError):
    """Opt-out requests come due soon, and are not done."""


class ErasureUnproven(PushliftError):
    """Somebody who was erased is found, or a store could not be read whole."""


class EvidenceBroken(PushliftError):
    """The evidence in object storage is not what was written there."""
