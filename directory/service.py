"""The register over HTTP: tiles and checkpoint exactly as C2SP tlog-tiles, the rest as CBOR objects and small JSON.

Handlers only translate: parse, call `directory.register`, map the result; one table maps errors to problem+json.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import FastAPI, Header, Request, Response
from fastapi.responses import JSONResponse
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from directory.documents import Charter
from directory.errors import (
    DirectoryError,
    DocumentError,
    EqualVersionError,
    KeyNotValidError,
    LimitError,
    LogError,
    LookUpError,
    RuleError,
)
from directory.readers import check_reader
from directory.register import SUBMISSION_BYTES, Register, Taken, View
from directory.rules import Standing, roots_fingerprint
from directory.tiles import Tile, bundle_bytes, parse_path, tile_bytes, width_at
from directory.words import fingerprint_words

CBOR = "application/cbor"
OCTETS = "application/octet-stream"
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FOR_NOW = {"Cache-Control": "no-cache"}
_STATUS: tuple[tuple[type[DirectoryError], int], ...] = (
    (EqualVersionError, 409),
    (RuleError, 422),
    (DocumentError, 400),
    (LimitError, 429),
    (KeyNotValidError, 403),
    (LookUpError, 404),
    (LogError, 503),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a register takes: submissions a minute from one address."""

    submissions_per_minute: int = 120


Clock = Callable[[], datetime]


def create_app(register: Register, clock: Clock, limits: Limits = Limits()) -> FastAPI:
    """The register's application. It reads the time from `clock` and keeps nothing but a rate limiter."""
    app = FastAPI(title="Register of contact points", docs_url=None, redoc_url=None)
    app.add_exception_handler(DirectoryError, _problem)
    _log_routes(app, register, clock)
    _state_routes(app, register, clock)
    _submission_routes(app, register, clock, limits)
    return app


def _log_routes(app: FastAPI, register: Register, clock: Clock) -> None:
    @app.get("/checkpoint")
    async def checkpoint() -> Response:
        note = await register.checkpoint(clock())
        return Response(note, media_type="text/plain; charset=utf-8", headers=_FOR_NOW)

    @app.get("/tile/{path:path}")
    async def tile(path: str) -> Response:
        wanted = parse_path(path)
        if wanted is None:
            raise LookUpError("E-TILE-PATH", "not a path of C2SP tlog-tiles")
        data = _tile(await register.view(), wanted)
        if data is None:
            raise LookUpError("E-TILE-PATH", "the log is not that long yet; read the checkpoint first")
        return Response(data, media_type=OCTETS, headers=_FOR_EVER)

    @app.get("/v1/genesis")
    async def genesis() -> Response:
        return Response(register.genesis_bytes, media_type=CBOR, headers=_FOR_EVER)

    @app.get("/v1/objects/{name}")
    async def logged_object(name: str) -> Response:
        data = await register.object(_digest(name))
        if data is None:
            raise LookUpError("E-UNKNOWN-OBJECT", "no such object in the log; digests stand in its entries")
        return Response(data, media_type=CBOR, headers=_FOR_EVER)


def _state_routes(app: FastAPI, register: Register, clock: Clock) -> None:
    @app.get("/v1/states")
    async def states() -> JSONResponse:
        view = await register.view()
        listed = [_summary(standing) for _, standing in sorted(view.registry.standings.items())]
        return JSONResponse({"size": view.log.size, "states": listed}, headers=_FOR_NOW)

    @app.get("/v1/states/{state}")
    async def state(state: str) -> JSONResponse:
        standing = (await register.view()).registry.standings.get(state)
        if standing is None:
            raise LookUpError("E-UNKNOWN-STATE", "no such State; see /v1/states")
        return JSONResponse(_summary(standing) | _detail(standing.charter), headers=_FOR_NOW)

    @app.get("/v1/states/{state}/sheet")
    async def sheet(state: str) -> Response:
        data = await register.sheet(state)
        if data is None:
            raise LookUpError("E-NO-SHEET", "this State has handed in no prekey sheet; ask its gateway")
        return Response(data, media_type=CBOR, headers=_FOR_NOW)

    @app.get("/v1/members/{name}")
    async def members(name: str, authorization: str | None = Header(default=None)) -> Response:
        digest = _digest(name)
        check_reader((await register.view()).registry, authorization, digest, clock())
        data = await register.members(digest)
        if data is None:
            raise LookUpError("E-NO-MEMBERS", "this members' part was erased or never handed in")
        return Response(data, media_type=CBOR, headers={"Cache-Control": "private, no-store"})


def _submission_routes(app: FastAPI, register: Register, clock: Clock, limits: Limits) -> None:
    window = MovingWindowRateLimiter(MemoryStorage())
    rate = RateLimitItemPerMinute(limits.submissions_per_minute)

    async def take(request: Request) -> Taken:
        address = request.client.host if request.client else "unknown"
        if not await window.hit(rate, address):
            raise LimitError("E-TOO-MANY", "too many submissions from this address; wait a minute")
        return await register.submit(await _body(request), clock())

    @app.post("/v1/submissions")
    async def submit(request: Request) -> JSONResponse:
        return _taken(await take(request))

    @app.put("/v1/states/{state}/sheet")
    async def put_sheet(state: str, request: Request) -> JSONResponse:
        # The State in the path repeats what the station signed inside; it is not needed to take the sheet.
        return _taken(await take(request))


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > SUBMISSION_BYTES:
            raise LimitError("E-TOO-LARGE", f"a submission has at most {SUBMISSION_BYTES} bytes")
    return body


def _taken(taken: Taken) -> JSONResponse:
    status = {"appended": 201, "waiting": 202}.get(taken.outcome, 200)
    content = {
        "outcome": taken.outcome,
        "kind": taken.kind,
        "state": taken.state,
        "digest": taken.digest.hex(),
        "index": taken.index,
    }
    return JSONResponse(content, status_code=status)


def _tile(view: View, wanted: Tile) -> bytes | None:
    if width_at(wanted, view.log.size) < wanted.width:
        return None
    if wanted.level is None:
        first = wanted.index * 256
        return bundle_bytes(view.log.entries[first : first + wanted.width])
    return tile_bytes(wanted, view.log.hashes)


def _summary(standing: Standing) -> dict[str, object]:
    charter, card = standing.charter, standing.card
    return {
        "state": standing.state,
        "status": standing.status.value,
        "charter": {"number": charter.number, "digest": (standing.charter_digest or b"").hex()} if charter else None,
        "card": {"number": card.number, "digest": (standing.card_digest or b"").hex()} if card else None,
        "body": card.public.body if card else None,
    }


def _detail(charter: Charter | None) -> dict[str, object]:
    if charter is None:
        return {}
    return {
        "words": fingerprint_words(roots_fingerprint(tuple(key.id for key in charter.roots))),
        "roots": [key.id.hex() for key in charter.roots],
        "keys": [
            {
                "role": record.role.value,
                "id": record.public.id.hex(),
                "from": record.not_before.isoformat(),
                "to": record.not_after.isoformat(),
            }
            for record in charter.keys
        ],
        "mailbox": charter.mailbox,
        "gateways": [
            {"url": g.url, "trust": g.trust if isinstance(g.trust, str) else g.trust.hex()} for g in charter.gateways
        ],
    }


def _digest(name: str) -> bytes:
    try:
        digest = bytes.fromhex(name)
    except ValueError:
        digest = b""
    if len(digest) != 32 or digest.hex() != name:
        raise LookUpError("E-UNKNOWN-OBJECT", "a digest is 64 lower-case hexadecimal digits")
    return digest


async def _problem(_request: Request, error: Exception) -> Response:
    assert isinstance(error, DirectoryError)
    status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
    content = {"type": f"urn:cpn1:{error.code}", "title": error.code, "status": status, "code": error.code}
    return JSONResponse(content | {"detail": error.text}, status_code=status, media_type="application/problem+json")
