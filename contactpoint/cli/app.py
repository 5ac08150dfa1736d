"""The program `contactpoint`: all commands, and the one place that turns an error into words and an exit code.

Exit codes: 0 ok, 1 check failed, 2 usage, 3 refused by peer, 4 unreachable, 5 not acknowledged in time.
"""

from __future__ import annotations

import sys

import typer

from contactpoint.cli import (
    bell,
    cases,
    completion,
    config,
    directory,
    drill,
    evidence,
    extend,
    figures,
    group,
    handover,
    instructions,
    node,
    notify,
    officers,
    policy,
    requests,
    review,
    rota,
    shift,
    threats,
    training,
)
from contactpoint.cli.failure import Failure, failure_of

app = typer.Typer(
    name="contactpoint",
    help="The 24/7 contact point of a State: send, receive and answer urgent requests, and prove every step.",
    epilog="Exit codes: 0 ok, 1 check failed, 2 usage, 3 refused by peer, 4 unreachable, 5 not acknowledged in time.",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
)
node.add_to(app)
requests.add_to(app)
review.add_to(app)
cases.add_to(app)
evidence.add_to(app)
extend.add_to(app)
figures.add_to(app)
handover.add_to(app)
policy.add_to(app)
app.add_typer(bell.app, name="bell")
app.add_typer(drill.app, name="drill")
app.add_typer(group.app, name="group")
app.add_typer(directory.app, name="directory")
app.add_typer(officers.app, name="officer")
app.add_typer(officers.keys, name="key")
app.add_typer(shift.app, name="shift")
app.add_typer(training.app, name="training")
app.add_typer(notify.app, name="notify")
app.add_typer(instructions.app, name="instructions")
app.add_typer(rota.app, name="rota")
app.add_typer(threats.app, name="threats")
app.add_typer(config.app, name="config")
completion.add_to(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its code."""
    given = sys.argv[1:] if arguments is None else arguments
    sys.exit(run_command(given))


def run_command(arguments: list[str]) -> int:
    """Run one command; its exit code. Errors that are foreseen are said in words, others keep their traceback."""
    try:
        code = typer.main.get_command(app).main(
            arguments or ["--help"], prog_name="contactpoint", standalone_mode=False
        )
    except typer.Abort:
        return _tell(
            Failure("E-ABORTED", "Nothing was done.", "Run the command again when you are ready.", 2), arguments
        )
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _closed_output()
    except Exception as error:  # the outermost loop of the program
        failure = failure_of(error)
        if failure is None:
            raise
        return _tell(failure, arguments)
    return code if isinstance(code, int) else 0


def _tell(failure: Failure, arguments: list[str]) -> int:
    """The error on standard error, and for programs as JSON on standard output."""
    from contactpoint.cli.output import Output

    as_json = "--json" in arguments
    Output(json=as_json, colour=False).say("\n".join(failure.lines()))
    if as_json:
        Output(json=True, colour=False).data({"error": failure}, ())
    return failure.exit_code


def _closed_output() -> int:
    """Whoever read our output has stopped (`| head`): end quietly, and keep Python from complaining at exit."""
    sys.stdout = None
    return 1


__all__ = ["app", "main", "run_command"]
