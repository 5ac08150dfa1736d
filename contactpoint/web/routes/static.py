"""The console's own files, by name and digest; nothing outside the list is served."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from contactpoint.web.render import STATIC, static_versions

router = APIRouter()
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@router.get("/static/{name:path}")
async def static_file(name: str, request: Request) -> Response:
    """One listed file; kept by the browser for ever when it was asked for by its digest."""
    versions = static_versions()
    if name not in versions:
        raise HTTPException(404)
    exact = request.query_params.get("v") == versions[name]
    path = STATIC / name
    return FileResponse(
        path,
        media_type=TYPES[path.suffix],
        headers={"Cache-Control": "public, max-age=31536000, immutable" if exact else "no-cache"},
    )


@router.get("/favicon.ico")
async def favicon() -> Response:
    """The icon, for browsers that ask by habit."""
    return FileResponse(STATIC / "icon.svg", media_type=TYPES[".svg"])
