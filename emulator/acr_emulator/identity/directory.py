"""The tenant's principals: who may log in, and whom a role or a policy can be given to."""

import hmac
import secrets
import uuid
from collections.abc import Iterator

from acr_emulator.identity.applications import Passwords
from acr_emulator.identity.tokens import Principal
from acr_emulator.state.store import Store

_OPERATOR = "acr-emulator-operator"


class Directory:
    """Service principals, managed identities among them, by object and by application id."""

    def __init__(self, store: Store) -> None:
        #: Keeps the writes of a block together, also those to applications and passwords.
        self.transaction = store.transaction
        self._principals = store.table("principal")
        self._secrets = store.table("client-secret")
        #: Those that Graph made.
        self.passwords = Passwords(store)

    def add(self, name: str) -> Principal:
        """A new service principal without a secret, for instance a managed identity's."""
        principal = Principal(str(uuid.uuid4()), str(uuid.uuid4()), name)
        self.admit(principal)
        return principal

    def admit(self, principal: Principal) -> None:
        """Know a principal that has its ids already."""
        entry = {"application_id": principal.application_id, "name": principal.name}
        self._principals.put(principal.object_id, entry)

    def remove(self, object_id: str) -> None:
        """Forget a principal; what it was granted stays, as in Azure."""
        self._principals.delete(object_id)

    def __iter__(self) -> Iterator[Principal]:
        return (
            Principal(object_id, entry["application_id"], entry["name"])
            for object_id, entry in self._principals.items()
        )

    def with_object_id(self, object_id: str) -> Principal | None:
        """The principal with that object id."""
        wanted = object_id.lower()
        return next((known for known in self if known.object_id.lower() == wanted), None)

    def find(self, identifier: str) -> Principal | None:
        """The principal with that object or application id."""
        wanted = identifier.lower()
        return next(
            (
                principal
                for principal in self
                if wanted in (principal.object_id, principal.application_id)
            ),
            None,
        )

    def add_application(self, name: str) -> tuple[Principal, str]:
        """A new service principal that can log in, and its secret."""
        secret = secrets.token_hex(20)
        with self.transaction():
            principal = self.add(name)
            self._secrets.put(principal.application_id, secret)
        return principal, secret

    def operator(self) -> tuple[Principal, str]:
        """The service principal that is ready to log in, and its secret; made on the first call."""
        for application_id, secret in self._secrets.items():
            principal = self.find(application_id)
            if principal and principal.name == _OPERATOR:
                return principal, secret
        return self.add_application(_OPERATOR)

    def is_operator(self, object_id: str) -> bool:
        """Whether this is the service principal that may do anything."""
        operator, _ = self.operator()
        return object_id == operator.object_id

    def secret_is_right(self, principal: Principal, secret: str) -> bool:
        """Whether the principal can log in with this secret."""
        expected = self._secrets.get(principal.application_id)
        if expected is not None and hmac.compare_digest(expected.encode(), secret.encode()):
            return True
        return self.passwords.are_right(principal.application_id, secret)

    def logged_in(self, application_id: str, secret: str) -> Principal | None:
        """The service principal with that application id, if the secret is its own."""
        principal = self.find(application_id)
        if principal is None or principal.application_id != application_id.lower():
            return None
        return principal if self.secret_is_right(principal, secret) else None
