"""The two kinds of answer that ARM's handlers give: JSON, and nothing."""

from collections.abc import Mapping

from starlette.responses import JSONResponse, Response


class JsonAnswer(JSONResponse):
    """JSON with the charset that Azure writes behind its type (recorded)."""

    media_type = "application/json; charset=utf-8"


def empty(status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body."""
    return Response(status_code=status, headers=headers)
