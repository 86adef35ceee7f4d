"""Functions of arrays and objects, and those that take strings alike."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from acr_emulator.deployments.templates.invalid_template import ArgumentError
from acr_emulator.deployments.templates.values import Boolean, key_of, same, text

#: Documented limits of `range`.
_LONGEST_RANGE = 10_000
_LARGEST = 2_147_483_647

Countable = str | list[Any] | dict[str, Any]


def _concat(value: str | int | Boolean | list[Any], *more: Any) -> str | list[Any]:
    values = (value, *more)
    if isinstance(value, list):
        if not all(isinstance(element, list) for element in values):
            raise ArgumentError("the arguments must be all arrays or all strings")
        return [item for element in values for item in element]
    if any(isinstance(element, list | dict) for element in values):
        raise ArgumentError("the arguments must be all arrays or all strings")
    return "".join(map(text, values))


def _empty(value: Countable | None) -> bool:
    return not value


def _length(value: Countable) -> int:
    return len(value)


def _contains(container: Countable, wanted: Any) -> bool:
    if isinstance(container, list):
        return any(same(element, wanted) for element in container)
    if isinstance(container, dict):
        return key_of(container, text(wanted)) is not None
    return text(wanted) in container


def _first(value: str | list[Any]) -> Any:
    return value[0] if value else _nothing(value)


def _last(value: str | list[Any]) -> Any:
    return value[-1] if value else _nothing(value)


def _nothing(value: str | list[Any]) -> str | None:
    return "" if isinstance(value, str) else None


def _skip(value: str | list[Any], count: int) -> Any:
    return value[max(count, 0) :]


def _take(value: str | list[Any], count: int) -> Any:
    return value[: max(count, 0)]


def _array(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _create_array(*values: Any) -> list[Any]:
    return list(values)


def _create_object(*pairs: Any) -> dict[str, Any]:
    keys = pairs[::2]
    if len(pairs) % 2 or not all(isinstance(key, str) for key in keys):
        raise ArgumentError("it takes pairs of a string and a value")
    return dict(zip(keys, pairs[1::2], strict=True))


def _union(value: list[Any] | dict[str, Any], *more: list[Any] | dict[str, Any]) -> Any:
    if not all(type(element) is type(value) for element in more):
        raise ArgumentError("the arguments must be all arrays or all objects")
    if isinstance(value, dict):
        united: dict[str, Any] = {}
        for element in (value, *more):
            _merge(united, dict(element))
        return united
    items: list[Any] = []
    for item in (item for element in (value, *more) for item in element):
        if not _contains(items, item):
            items.append(item)
    return items


def _merge(target: dict[str, Any], other: dict[str, Any]) -> None:
    """Objects under the same key are united, too; of everything else the last counts."""
    for key, value in other.items():
        known = key_of(target, key)
        before = target.get(known) if known else None
        if isinstance(before, dict) and isinstance(value, dict):
            target[known or key] = _union(before, value)
        else:
            target[known or key] = value


def _intersection(value: list[Any] | dict[str, Any], *more: list[Any] | dict[str, Any]) -> Any:
    if not all(type(element) is type(value) for element in more):
        raise ArgumentError("the arguments must be all arrays or all objects")
    if isinstance(value, dict):
        return {
            key: item
            for key, item in value.items()
            if all(same(item, dict(element).get(key)) and key in element for element in more)
        }
    return [item for item in value if all(_contains(element, item) for element in more)]


def _index_of(container: str | list[Any], wanted: Any) -> int:
    return next(_positions(container, wanted), -1)


def _last_index_of(container: str | list[Any], wanted: Any) -> int:
    return max(_positions(container, wanted), default=-1)


def _positions(container: str | list[Any], wanted: Any) -> Iterator[int]:
    """Where an item is in an array; where a string is in another one, whatever its case."""
    if isinstance(container, list):
        return (index for index, item in enumerate(container) if same(item, wanted))
    if not isinstance(wanted, str):
        raise ArgumentError("what is looked for in a string must be a string")
    string, part = container.lower(), wanted.lower()
    return (index for index in (string.find(part), string.rfind(part)) if index >= 0)


def _range(start: int, count: int) -> list[int]:
    if not 0 <= count <= _LONGEST_RANGE or start + count > _LARGEST:
        raise ArgumentError(f"'count' must be from 0 to {_LONGEST_RANGE}, and the sum in bounds")
    return list(range(start, start + count))


def _flatten(arrays: list[Any]) -> list[Any]:
    return [
        item for element in arrays for item in (element if isinstance(element, list) else [element])
    ]


def _from_end(array: list[Any], position: int) -> Any:
    if not 1 <= position <= len(array):
        raise ArgumentError("'position' is out of bounds")
    return array[-position]


def _try_from_end(array: list[Any] | None, position: int) -> Any:
    return array[-position] if array and 1 <= position <= len(array) else None


def _try_get(value: Any, key: str | int, *more: str | int) -> Any:
    """What is at a path of keys and indexes; null where the path ends too early."""
    for step in (key, *more):
        if isinstance(value, dict) and isinstance(step, str):
            known = key_of(value, step)
            value = value[known] if known else None
        elif isinstance(value, list) and isinstance(step, int):
            value = value[step] if 0 <= step < len(value) else None
        else:
            return None
    return value


def _object_keys(value: dict[str, Any]) -> list[str]:
    return list(value)


def _shallow_merge(objects: list[Any]) -> dict[str, Any]:
    if not all(isinstance(element, dict) for element in objects):
        raise ArgumentError("the items of the array must be objects")
    return {key: value for element in objects for key, value in element.items()}


def _items(value: dict[str, Any]) -> list[dict[str, Any]]:
    """Sorted by key, as documented."""
    return [{"key": key, "value": value[key]} for key in sorted(value)]


SEQUENCES: Mapping[str, Callable[..., Any]] = {
    "concat": _concat,
    "empty": _empty,
    "length": _length,
    "contains": _contains,
    "first": _first,
    "last": _last,
    "skip": _skip,
    "take": _take,
    "array": _array,
    "createArray": _create_array,
    "createObject": _create_object,
    "union": _union,
    "intersection": _intersection,
    "items": _items,
    "indexOf": _index_of,
    "lastIndexOf": _last_index_of,
    "range": _range,
    "flatten": _flatten,
    "indexFromEnd": _from_end,
    "tryIndexFromEnd": _try_from_end,
    "tryGet": _try_get,
    "objectKeys": _object_keys,
    "shallowMerge": _shallow_merge,
}
