"""Microsoft Graph: applications, service principals and their passwords; no users, no groups."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from acr_emulator.cloud.clouds import Cloud
from acr_emulator.identity.applications import Applications, InvalidPasswordError
from acr_emulator.identity.directory import Directory
from acr_emulator.identity.tokens import Principal, Tokens, UnauthorizedError
from acr_emulator.network.web_app import web_app
from acr_emulator.state.json_values import is_storable
from acr_emulator.state.odata_filters import EVERYTHING, FilterError, parsed
from acr_emulator.state.store import Store

_CODES = {404: "Request_ResourceNotFound", 405: "Request_BadRequest"}
_USER_FIELDS = ("userprincipalname", "displayname", "mail", "id", "mailnickname")
_GROUP_FIELDS = ("displayname", "mailnickname", "id", "mail")
_APPLICATION_FIELDS = ("appid", "displayname", "id", "identifieruris")
_PRINCIPAL_FIELDS = (
    *("appid", "appdisplayname", "displayname", "id", "serviceprincipalnames"),
    "serviceprincipaltype",
)
_APPLICATION_TYPES = {"displayName": str, "identifierUris": list, "keyCredentials": list}
#: What a request can't set, or what is kept elsewhere.
_READ_ONLY = ("id", "appId", "createdDateTime", "passwordCredentials", "@odata.type")

_Handler = Callable[[Request], Awaitable[Response]]


class _GraphAnswer(JSONResponse):
    media_type = (
        "application/json; odata.metadata=minimal; odata.streaming=true;"
        " IEEE754Compatible=false; charset=utf-8"
    )


class _GraphError(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> Response:
        """The answer to send."""
        return _GraphAnswer({"error": {"code": self.code, "message": str(self)}}, self.status)


def graph_app(cloud: Cloud, tokens: Tokens, directory: Directory, store: Store) -> Starlette:
    """The app of the Graph host."""
    graph = _Graph(cloud, tokens, directory, Applications(store))
    application, principal = "/v1.0/applications/{id}", "/v1.0/servicePrincipals/{id}"

    def route(path: str, **handlers: _Handler) -> list[Route]:
        return [Route(path, handler, methods=[method]) for method, handler in handlers.items()]

    routes = [
        *route("/v1.0/me", GET=graph.me),
        *route("/v1.0/me/ownedObjects", GET=graph.me),
        *route("/v1.0/users", GET=graph.users),
        *route("/v1.0/users/{id}", GET=graph.missing),
        *route("/v1.0/groups", GET=graph.groups),
        *route("/v1.0/groups/{id}", GET=graph.missing),
        *route("/v1.0/oauth2PermissionGrants", GET=graph.grants),
        *route("/v1.0/directoryObjects/getByIds", POST=graph.by_ids),
        *route("/v1.0/applications", GET=graph.applications, POST=graph.create_application),
        *route(
            application,
            GET=graph.application,
            PATCH=graph.update_application,
            DELETE=graph.delete_application,
        ),
        *route(f"{application}/addPassword", POST=graph.add_password),
        *route(f"{application}/removePassword", POST=graph.remove_password),
        *route(f"{application}/owners", GET=graph.nobody),
        *route(f"{application}/federatedIdentityCredentials", GET=graph.nobody),
        *route(
            "/v1.0/servicePrincipals", GET=graph.service_principals, POST=graph.create_principal
        ),
        *route(principal, GET=graph.service_principal, DELETE=graph.delete_principal),
        *route(f"{principal}/addPassword", POST=graph.add_password),
        *route(f"{principal}/removePassword", POST=graph.remove_password),
        *route(f"{principal}/owners", GET=graph.nobody),
    ]
    return web_app(routes, {_GraphError: _refuse}, _envelope)


def _envelope(status: int, message: str) -> Response:
    if status in _CODES:
        message = f"The emulator does not imitate this call of Microsoft Graph. {message}"
    return _GraphError(status, _CODES.get(status, "InternalServerError"), message).response()


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, _GraphError)
    return error.response()


class _Graph:
    def __init__(
        self, cloud: Cloud, tokens: Tokens, directory: Directory, applications: Applications
    ) -> None:
        self._tokens = tokens
        self._directory = directory
        self._applications = applications
        self._base = cloud.graph_url
        self._tenant = cloud.tenant_id

    def _caller(self, request: Request) -> Principal:
        try:
            return self._tokens.verify_header(
                request.headers.get("authorization"), self._base
            ).principal
        except UnauthorizedError as error:
            raise _GraphError(401, "InvalidAuthenticationToken", str(error)) from error

    async def me(self, request: Request) -> Response:
        """The user who calls; an application is refused, and az then looks up its principal."""
        caller = self._caller(request)
        if caller.application_id:
            raise _GraphError(
                400,
                "BadRequest",
                "/me request is only valid with delegated authentication flow.",
            )
        return _GraphAnswer(
            {
                "@odata.context": f"{self._base}/v1.0/$metadata#users/$entity",
                "businessPhones": [],
                "displayName": caller.name,
                "givenName": caller.name,
                "jobTitle": None,
                "mail": caller.name,
                "mobilePhone": None,
                "officeLocation": None,
                "preferredLanguage": None,
                "surname": None,
                "userPrincipalName": caller.name,
                "id": caller.object_id,
            }
        )

    def _administrator(self, request: Request) -> None:
        """Only the built-in administrator may change the directory."""
        if not self._directory.is_operator(self._caller(request).object_id):
            raise _GraphError(
                403,
                "Authorization_RequestDenied",
                "Insufficient privileges to complete the operation.",
            )

    async def users(self, request: Request) -> Response:
        """No user is kept here."""
        return self._filtered(request, "users", [], _USER_FIELDS)

    async def groups(self, request: Request) -> Response:
        """No group is kept here."""
        return self._filtered(request, "groups", [], _GROUP_FIELDS)

    async def grants(self, request: Request) -> Response:
        """No application acts on behalf of users here."""
        return self._filtered(request, "oauth2PermissionGrants", [], ("clientid",))

    async def nobody(self, request: Request) -> Response:
        """What an application or a principal could have, and nothing here gives it."""
        self._caller(request)
        return self._values("directoryObjects", [])

    async def missing(self, request: Request) -> Response:
        self._caller(request)
        raise _not_found(request.path_params["id"])

    async def applications(self, request: Request) -> Response:
        shown = [self._shown_application(item) for item in self._applications]
        return self._filtered(request, "applications", shown, _APPLICATION_FIELDS)

    async def create_application(self, request: Request) -> Response:
        self._administrator(request)
        properties = await _application(request)
        if not isinstance(properties.get("displayName"), str):
            raise _bad_request("Property 'displayName' is required.")
        created = self._applications.create(properties)
        return _GraphAnswer(self._shown_application(created), 201)

    async def application(self, request: Request) -> Response:
        self._caller(request)
        return _GraphAnswer(self._shown_application(self._existing_application(request)))

    async def update_application(self, request: Request) -> Response:
        self._administrator(request)
        properties = await _application(request)
        application = self._existing_application(request)
        self._applications.update(application, properties)
        return Response(status_code=204)

    async def delete_application(self, request: Request) -> Response:
        """Its service principal goes with it."""
        self._administrator(request)
        application = self._existing_application(request)
        with self._directory.transaction():
            self._applications.delete(application)
            self._directory.passwords.forget(application["appId"])
            if principal := self._directory.find(application["appId"]):
                self._directory.remove(principal.object_id)
        return Response(status_code=204)

    async def add_password(self, request: Request) -> Response:
        """The one answer that shows it."""
        self._administrator(request)
        requested = (await _object(request)).get("passwordCredential") or {}
        application_id, holder = self._holder(request)
        try:
            password = self._directory.passwords.add(
                application_id, holder, requested if isinstance(requested, dict) else {}
            )
        except InvalidPasswordError as error:
            raise _bad_request(f"'{error}' is no date.") from error
        return _GraphAnswer({**password.shown, "secretText": password.secret})

    async def remove_password(self, request: Request) -> Response:
        self._administrator(request)
        key_id = str((await _object(request)).get("keyId"))
        application_id, holder = self._holder(request)
        if not self._directory.passwords.remove(application_id, holder, key_id):
            raise _bad_request(f"No password credential found with keyId '{key_id}'.")
        return Response(status_code=204)

    def _holder(self, request: Request) -> tuple[str, str]:
        """The application id, and the object id of who has or gets the password."""
        object_id = request.path_params["id"].lower()
        if application := self._applications.find(object_id):
            return application["appId"], object_id
        if principal := self._directory.with_object_id(object_id):
            return principal.application_id, principal.object_id
        raise _not_found(object_id)

    def _existing_application(self, request: Request) -> dict[str, Any]:
        application = self._applications.find(request.path_params["id"])
        if application is None:
            raise _not_found(request.path_params["id"])
        return application

    def _shown_application(self, application: dict[str, Any]) -> dict[str, Any]:
        passwords = self._directory.passwords.of(application["appId"], application["id"])
        return {
            "@odata.type": "#microsoft.graph.application",
            **application,
            "passwordCredentials": passwords,
        }

    async def service_principals(self, request: Request) -> Response:
        shown = [self._shown(principal) for principal in self._directory]
        return self._filtered(request, "servicePrincipals", shown, _PRINCIPAL_FIELDS)

    async def create_principal(self, request: Request) -> Response:
        """For an application of the tenant, which can log in from then on."""
        self._administrator(request)
        application_id = str((await _object(request)).get("appId"))
        applications = [item for item in self._applications if item["appId"] == application_id]
        if not applications:
            raise _bad_request(
                f"The appId '{application_id}' of the service principal does not reference a valid"
                " application object."
            )
        if self._directory.find(application_id):
            raise _GraphError(
                409,
                "Request_MultipleObjectsWithSameKeyValue",
                "The service principal cannot be created, updated, or restored because the service"
                f" principal name {application_id} is already in use.",
            )
        name = str(applications[0]["displayName"])
        principal = Principal(str(uuid.uuid4()), application_id, name)
        self._directory.admit(principal)
        return _GraphAnswer(self._shown(principal), 201)

    async def delete_principal(self, request: Request) -> Response:
        self._administrator(request)
        principal = self._existing_principal(request)
        if self._directory.is_operator(principal.object_id):
            raise _bad_request("The emulator can't do without its own service principal.")
        with self._directory.transaction():
            self._directory.remove(principal.object_id)
            self._directory.passwords.forget(principal.application_id, principal.object_id)
        return Response(status_code=204)

    async def service_principal(self, request: Request) -> Response:
        """One, by its object id."""
        self._caller(request)
        return _GraphAnswer(self._shown(self._existing_principal(request)))

    def _existing_principal(self, request: Request) -> Principal:
        principal = self._directory.find(request.path_params["id"])
        if principal is None:
            raise _not_found(request.path_params["id"])
        return principal

    def _filtered(
        self, request: Request, kind: str, items: list[dict[str, Any]], fields: tuple[str, ...]
    ) -> Response:
        """A list, without what the request's filter leaves out."""
        self._caller(request)
        text = request.query_params.get("$filter", "").strip()
        try:
            wanted = parsed(text, fields) if text else EVERYTHING
        except FilterError as error:
            raise _GraphError(
                400, "Request_UnsupportedQuery", f"Unsupported or invalid query filter: {error}."
            ) from error
        lower = [{key.lower(): value for key, value in item.items()} for item in items]
        shown = [item for item, known in zip(items, lower, strict=True) if wanted.matches(known)]
        return self._values(kind, shown)

    async def by_ids(self, request: Request) -> Response:
        """Those of the requested object ids that exist."""
        self._caller(request)
        ids = {object_id.lower() for object_id in await _ids(request)}
        principals = [
            self._shown(principal) for principal in self._directory if principal.object_id in ids
        ]
        return self._values("directoryObjects", principals)

    def _values(self, kind: str, values: list[dict[str, Any]]) -> Response:
        context = f"{self._base}/v1.0/$metadata#{kind}"
        return _GraphAnswer({"@odata.context": context, "value": values})

    def _shown(self, principal: Principal) -> dict[str, Any]:
        application_id, object_id = principal.application_id, principal.object_id
        return {
            "@odata.type": "#microsoft.graph.servicePrincipal",
            "id": object_id,
            "accountEnabled": True,
            "appId": application_id,
            "appDisplayName": principal.name,
            "appOwnerOrganizationId": self._tenant,
            "displayName": principal.name,
            "keyCredentials": [],
            "passwordCredentials": self._directory.passwords.of(application_id, object_id),
            "servicePrincipalNames": [application_id],
            "servicePrincipalType": "Application",
        }


async def _object(request: Request) -> dict[str, Any]:
    try:
        content = await request.json()
    except (ValueError, RecursionError) as error:
        raise _bad_request("Unable to read JSON request payload.") from error
    if not isinstance(content, dict) or not is_storable(content):
        raise _bad_request("The request payload must be a JSON object.")
    return content


async def _application(request: Request) -> dict[str, Any]:
    """The properties of an application that a request sets."""
    properties = await _object(request)
    for name, kind in _APPLICATION_TYPES.items():
        if not isinstance(properties.get(name), (kind, type(None))):
            raise _bad_request(f"The property '{name}' has a value of another type.")
    if properties.get("keyCredentials"):
        raise _GraphError(
            501, "NotImplemented", "The emulator does not imitate certificates of applications."
        )
    return {key: value for key, value in properties.items() if key not in _READ_ONLY}


async def _ids(request: Request) -> list[str]:
    ids = (await _object(request)).get("ids")
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        raise _bad_request("The property 'ids' must be an array of strings.")
    return ids


def _bad_request(message: str) -> _GraphError:
    return _GraphError(400, "Request_BadRequest", message)


def _not_found(identifier: str) -> _GraphError:
    return _GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{identifier}' does not exist or one of its queried reference-property objects"
        " are not present.",
    )
