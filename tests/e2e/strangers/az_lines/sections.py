"""All sections of the list."""

from tests.e2e.strangers.az_lines import (
    accounts,
    blobs,
    containers,
    content,
    deployments,
    directory,
    groups,
    identities,
    registries,
    session,
    transfers,
    vaults,
)
from tests.e2e.strangers.az_lines.line import Section

SECTIONS: tuple[Section, ...] = (
    session.SECTION,
    groups.SECTION,
    identities.SECTION,
    directory.SECTION,
    registries.SECTION,
    content.SECTION,
    transfers.SECTION,
    accounts.SECTION,
    containers.SECTION,
    blobs.SECTION,
    vaults.SECTION,
    deployments.SECTION,
)
