"""The client of a registry: its repositories, tags and manifests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from azure.cli.core.azclierror import AzCLIError, AzureResponseError
from requests.utils import parse_header_links

from azext_acrtransfer.registry.answers import advice
from azext_acrtransfer.registry.descriptors import Descriptor, Manifest
from azext_acrtransfer.registry.references import Artifact, is_digest
from azext_acrtransfer.registry.referrer_tags import list_tag, subject_of_tag
from azext_acrtransfer.registry.session import RegistrySession, Right
from azext_acrtransfer.service.concurrency import run_concurrently
from azext_acrtransfer.service.http import MALFORMED
from azext_acrtransfer.service.progress import progress

T = TypeVar("T")
_NO_LINK = "<>"
_PAGE = f"?{urlencode({'n': 100})}"  # as az requests
# 2,000 manifests at 20 ms took 9.9 s with 8 threads, 5.3 s with 16 and 5.1 s with 32.
_MAX_WORKERS = 16

_LIST = Right(
    "registry:catalog:*",
    "list the repositories",
    "Container Registry Repository Catalog Lister",
    ("A pattern for one repository, such as 'samples/hello:v*', doesn't list repositories.",),
)


def _on(repository: str, action: str, verb: str) -> Right:
    scope = f"repository:{repository}:{action}"
    return Right(
        scope, f"{verb} of repository '{repository}'", "Container Registry Repository Reader"
    )


def _list_tags(repository: str) -> Right:
    return _on(repository, "metadata_read", "list the tags")


def _pull(repository: str) -> Right:
    return _on(repository, "pull", "read the manifests")


def _referrer(item: Any) -> Descriptor:
    """Parse an item of a list of referrers: its digest goes into requests and commands."""
    if not is_digest(item["digest"]):
        raise ValueError  # the error names the list
    return Descriptor(item["digest"], str(item["mediaType"]), int(item["size"]))


def _in_its_place(artifact: Artifact, error: Exception) -> tuple[Artifact, Exception]:
    return artifact, error


class RegistryClient:
    """Reads the content of a registry with the caller's permissions, when it's needed."""

    def __init__(
        self, cmd: Any, registry_name: str, resource_group_name: str | None = None
    ) -> None:
        self._name = registry_name
        self._session = RegistrySession(cmd, registry_name, resource_group_name)
        self._progress: Callable[[], AbstractContextManager[Callable[[str], None]]] = lambda: (
            progress(cmd.cli_ctx)
        )
        self._lists: dict[str, list[Any]] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._manifests: dict[Artifact, Manifest | None] = {}

    def in_background(self, check: Callable[[], None]) -> RegistryClient:
        """Return a client with the same session and content for a thread of the background.

        It shows no progress. ``check`` is called after each answer, and can raise an error to stop.
        """
        client = copy(self)
        # pylint: disable-next=protected-access  # of the same class
        client._progress = lambda: nullcontext(lambda _: check())
        return client

    @property
    def login_server(self) -> str:
        """The registry's host, from its resource."""
        return self._session.log_in().login_server

    def repositories(self) -> Sequence[str]:
        """Names of all repositories."""
        return [str(name) for name in self._list("/v2/_catalog", "repositories", _LIST)]

    def tags_of(self, repositories: Iterable[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """Repositories and their tags, as they are returned by concurrent requests."""
        names = list(repositories)
        self._session.prepare(map(_list_tags, names))
        return run_concurrently(
            lambda name: (name, self.tags(name)), names, max_workers=_MAX_WORKERS
        )

    def tags(self, repository: str) -> dict[str, str]:
        """Digests of a repository's tags by their names; none if it doesn't exist."""
        path = f"/acr/v1/{repository}/_tags"
        if repository not in self._tags:
            tags = list(self._pages(path, "tags", _list_tags(repository), _PAGE))
            try:
                self._tags[repository] = {str(tag["name"]): str(tag["digest"]) for tag in tags}
            except MALFORMED as error:
                raise self._unusable_list(path) from error
        return self._tags[repository]

    def contains(self, artifact: Artifact) -> bool:
        """Whether an artifact exists."""
        return self.manifest(artifact) is not None

    def manifest(self, artifact: Artifact) -> Manifest | None:
        """Return an artifact's manifest, verified by its bytes; None if it doesn't exist.

        It's read once, for all tags that are listed with its digest: a plan and a check need the
        same one.
        """
        digest = self._tags.get(artifact.repository, {}).get(artifact.reference, "")
        if is_digest(digest) and artifact not in self._manifests:
            artifact = replace(artifact, reference=digest)
        if artifact not in self._manifests:
            manifest = self._manifests[artifact] = self._read_manifest(artifact)
            if manifest:
                self._manifests[replace(artifact, reference=manifest.digest)] = manifest
        return self._manifests[artifact]

    def _read_manifest(self, artifact: Artifact) -> Manifest | None:
        path = f"/v2/{artifact.repository}/manifests/{artifact.reference}"
        response = self._session.get(path, _pull(artifact.repository))
        if response is None:
            return None
        media_type = (response.content_type or "").partition(";")[0]
        with self._readable(artifact):
            manifest = Manifest.of(response.content, media_type)
            if artifact.is_digest and manifest.digest != artifact.reference:
                raise ValueError(f"its digest is {manifest.digest}")
        return manifest

    def describe(self, artifact: Artifact) -> Descriptor | None:
        """Return an artifact's descriptor, with all its children; None if it doesn't exist."""
        manifest = self.manifest(artifact)
        if manifest is None:
            return None
        with self._readable(artifact):
            descriptor = manifest.descriptor
        return replace(
            descriptor,
            children=tuple(self._deep(artifact.repository, item) for item in descriptor.children),
            subject=descriptor.subject or subject_of_tag(artifact.reference),
        )

    def sizes(self, artifact: Artifact) -> dict[str, int] | None:
        """Return the sizes of all that an artifact consists of, by digest; None if it's missing."""
        manifest = self.manifest(artifact)
        if manifest is None:
            return None
        with self._readable(artifact):
            sizes = {manifest.digest: manifest.size, **manifest.blobs}
            children = manifest.descriptor.children
        for child in children:
            sizes |= self.sizes(Artifact(artifact.repository, child.digest)) or {}
        return sizes

    def referrers(self, subject: Artifact) -> tuple[Descriptor, ...]:
        """Return what the registry lists as referrers of a digest.

        A registry without OCI's API for that has a list under a tag (distribution-spec 1.1).
        """
        repository = subject.repository
        path = f"/v2/{repository}/referrers/{subject.reference}"

        def tagged() -> Sequence[Any]:
            manifest = self.manifest(Artifact(repository, list_tag(subject.reference)))
            return manifest.document["manifests"] if manifest else ()

        try:
            items = self._list(path, "manifests", _pull(repository), "", tagged)
            return tuple(map(_referrer, items))
        except MALFORMED as error:
            raise self._unusable_list(path) from error

    def describe_all(self, artifacts: Sequence[Artifact]) -> dict[Artifact, Descriptor | None]:
        """Return the descriptor of each artifact, with concurrent requests."""
        self.prepare_to_pull(artifacts)
        return self._of_all(self.describe, artifacts)

    def try_to_describe_all(
        self, artifacts: Sequence[Artifact]
    ) -> dict[Artifact, Descriptor | Exception | None]:
        """Return the same, with the error in place of a descriptor that can't be read.

        Raises what keeps the caller out of the whole registry.
        """
        describe: Callable[[Artifact], Descriptor | Exception | None] = self.describe
        if artifacts:
            self._session.log_in()
        with suppress(AzCLIError):  # each artifact has the error then
            self.prepare_to_pull(artifacts)
        return self._of_all(describe, artifacts, on_error=_in_its_place)

    def referrers_of(self, subjects: Sequence[Artifact]) -> dict[Artifact, tuple[Descriptor, ...]]:
        """Return the referrers of each digest, with concurrent requests."""
        self.prepare_to_pull(subjects)
        return self._of_all(self.referrers, subjects)

    def try_to_list_referrers(
        self, subjects: Sequence[Artifact]
    ) -> dict[Artifact, tuple[Descriptor, ...] | Exception]:
        """Return the same, with the error in place of a list that can't be read."""
        list_: Callable[[Artifact], tuple[Descriptor, ...] | Exception] = self.referrers
        return self._of_all(list_, subjects, on_error=_in_its_place)

    def sizes_of(self, artifacts: Sequence[Artifact]) -> dict[Artifact, dict[str, int] | None]:
        """Return the sizes of each artifact, with concurrent requests."""
        self.prepare_to_pull(artifacts)
        return self._of_all(self.sizes, artifacts)

    def _of_all(
        self,
        read: Callable[[Artifact], T],
        artifacts: Sequence[Artifact],
        on_error: Callable[[Artifact, Exception], tuple[Artifact, T]] | None = None,
    ) -> dict[Artifact, T]:
        todo = dict.fromkeys(artifacts)
        results: dict[Artifact, T] = {}
        with self._progress() as show:
            for artifact, result in run_concurrently(
                lambda artifact: (artifact, read(artifact)),
                todo,
                max_workers=_MAX_WORKERS,
                on_error=on_error,
            ):
                results[artifact] = result
                show(f"{len(results)} of {len(todo)} artifacts read")
        return results

    def prepare_to_pull(self, artifacts: Iterable[Artifact]) -> None:
        """Request the tokens for repositories, before several threads would each request them."""
        self._session.prepare(_pull(artifact.repository) for artifact in artifacts)

    def _deep(self, repository: str, child: Descriptor) -> Descriptor:
        if not child.is_index:
            return child
        return self.describe(Artifact(repository, child.digest)) or child

    def _list(
        self,
        path: str,
        key: str,
        right: Right,
        query: str = _PAGE,
        otherwise: Callable[[], Iterable[Any]] | None = None,
    ) -> list[Any]:
        """Return a list that is read once: several patterns can need the same one.

        ``otherwise`` returns what a registry has in place of a list that is optional.
        """
        if path not in self._lists:
            self._lists[path] = list(self._pages(path, key, right, query, otherwise))
        return self._lists[path]

    def _pages(
        self,
        path: str,
        key: str,
        right: Right,
        query: str,
        otherwise: Callable[[], Iterable[Any]] | None = None,
    ) -> Iterator[Any]:
        queries = set()
        while query not in queries:
            queries.add(query)
            response = self._session.get(path + query, right, key, is_optional=bool(otherwise))
            if response is None:
                yield from otherwise() if otherwise else ()
                return
            items = response.json()[key] or []
            if not isinstance(items, list):
                raise self._unusable_list(path)
            yield from items
            link, *_ = parse_header_links(response.headers.get("link") or _NO_LINK)
            following = urlsplit(link["url"]).query
            if not following:
                return
            query = f"?{following}"
        raise AzureResponseError(f"The list of registry '{self._name}' has no end: {path}")

    def _unusable_list(self, path: str) -> AzureResponseError:
        return AzureResponseError(
            f"Registry '{self._name}' returned a list that isn't valid: {path}",
            recommendation=advice(self._name),
        )

    @contextmanager
    def _readable(self, artifact: Artifact) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise AzureResponseError(
                f"Registry '{self._name}' answered with a manifest of '{artifact}' that isn't "
                f"valid: {error}.",
                recommendation="Push the artifact again, or leave it out.",
            ) from error
