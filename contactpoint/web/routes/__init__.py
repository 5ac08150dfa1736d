"""One router per page of the console; a route parses, calls one use case, and draws the result."""

from contactpoint.web.routes import (
    approvals,
    board,
    cases,
    compose,
    directory,
    events,
    feed,
    figures,
    health,
    instructions,
    order,
    people,
    rights,
    shift,
    static,
    threats,
)

ROUTERS = (
    health.router,
    static.router,
    events.router,
    people.router,
    shift.router,
    board.router,
    cases.router,
    compose.router,
    approvals.router,
    rights.router,
    directory.router,
    figures.router,
    instructions.router,
    order.router,
    threats.router,
    feed.router,
)
