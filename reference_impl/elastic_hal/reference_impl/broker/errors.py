"""Why a broker, or a client of one, cannot do what it was asked for.

BrokerError
├── BrokerStoreError        the store cannot be opened, read or written
├── BrokerSettingsError     a release policy, certificate, address or value is wrong
├── UnknownSecretError      the operator names a secret that there is none of, or that there already is one of
├── AuditLogError           the audit log is not the one that was written
├── MalformedRequestError   a message is not of the protocol
├── ReleaseRefusedError     the broker does not release the secret, and does not say why
└── BrokerUnavailableError  the broker does not answer, or not as a broker does
"""


class BrokerError(Exception):
    """Anything below. The text is for people and holds no secret."""


class BrokerStoreError(BrokerError):
    """The store cannot be used. The text names the file and what to do."""


class BrokerSettingsError(BrokerError):
    """What the operator gave cannot be used. The text names the place and what to do."""


class UnknownSecretError(BrokerError):
    """There is no secret of that name, or there is one where none was expected."""


class AuditLogError(BrokerError):
    """The audit log was changed. The text names the first entry that shows it."""


class MalformedRequestError(BrokerError):
    """A message is not of the protocol. The text may go to whoever sent it."""


class ReleaseRefusedError(BrokerError):
    """The broker releases nothing. Its reason is in its audit log and nowhere else."""


class BrokerUnavailableError(BrokerError):
    """The broker cannot answer now."""
