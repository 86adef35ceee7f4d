"""Pages of a listing, as registries page: `n`, `last`, and a Link to the next page."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request

from acr_emulator.registry.front.oci_errors import RegistryError

DEFAULT_PAGE = 100
_SIZE = re.compile("0*[1-9][0-9]{0,8}")

Item = TypeVar("Item")


@dataclass(frozen=True)
class Order:
    """How a listing is sorted: `orderby` timeasc and timedesc sort by time, else by name."""

    text: str

    def sort(self, items: Sequence[Item], updated: Callable[[Item], Any]) -> list[Item]:
        """Sort items that come sorted by name."""
        if self.text in {"timeasc", "timedesc"}:
            return sorted(items, key=updated, reverse=self.text == "timedesc")
        return list(items)


def order_of(request: Request) -> Order:
    """Read `orderby`."""
    return Order(request.query_params.get("orderby", ""))


def page(
    request: Request,
    items: Sequence[Item],
    name: Callable[[Item], str],
    is_listed: Callable[[str], bool],
) -> tuple[list[Item], dict[str, str]]:
    """The requested page of the sorted items that are listed, and its Link header, if any."""
    size = _size(request)
    last = request.query_params.get("last", "")
    names = [name(item) for item in items]
    # A `last` that was deleted still has a position among names; among times it has none.
    start = names.index(last) + 1 if last in names else sum(other <= last for other in names)
    listed = (item for item in items[start:] if is_listed(name(item)))
    chosen = list(islice(listed, size))
    if next(listed, None) is None:
        return chosen, {}
    query = urlencode({"last": name(chosen[-1]), "n": size, "orderby": order_of(request).text})
    return chosen, {"Link": f'<{request.url.path}?{query}>; rel="next"'}


def _size(request: Request) -> int:
    text = request.query_params.get("n", str(DEFAULT_PAGE))
    if not _SIZE.fullmatch(text):
        raise RegistryError(
            400,
            "PAGINATION_NUMBER_INVALID",
            "invalid number of results requested",
            detail={"n": text},
        )
    return int(text)
