"""`pushlift sandbox`."""

from typing import Annotated

import typer

from etl.cli.options import AsJson, Config
from etl.cli.output import show

PORT = 8089


def sandbox(
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port; 0 is any free one.", min=0, max=65535)] = PORT,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FAULT=SHARE",
            help="Answer this share of requests so: 429, 429_retry_after, 500, 503, 200_error, slow, half,"
            " reset or nothing, such as reset=0.01; may be repeated.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the dice that choose faults.", min=0)] = 0,
    slow_seconds: Annotated[float, typer.Option(help="How late a slow answer is.")] = 5.0,
    nothing_seconds: Annotated[float, typer.Option(help="How long a request is held unanswered.")] = 60.0,
    retry_after: Annotated[int, typer.Option(help="What 429_retry_after asks for, in seconds.", min=0)] = 1,
    limit: Annotated[
        int | None, typer.Option(help="Answer 429 to more requests than this a second.", min=1)
    ] = None,
    test_limit: Annotated[
        int | None, typer.Option(help="The same for requests in test mode, which count alone.", min=1)
    ] = None,
    child: Annotated[bool, typer.Option(help="End when standard input or the parent process does.")] = False,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Serve a stand-in Liftoff on this machine: both interfaces, strict, with faults on demand.

    Credentials are those of the environment (PUSHLIFT_LIFTOFF_API_KEY, PUSHLIFT_LIFTOFF_OPT_OUT_USER,
    PUSHLIFT_LIFTOFF_OPT_OUT_PASSWORD); where there are none, those for tests that it prints. Faults and
    limits can be changed while it runs: PUT /sandbox/faults.
    """
    del config
    from etl.liftoff.sandbox.credentials import describe_credentials, find_credentials
    from etl.liftoff.sandbox.extra import need_extra
    from etl.liftoff.sandbox.faults import Conduct, parse_conduct
    from etl.settings.secrets import load_secrets

    need_extra()
    from etl.liftoff.sandbox.desk import Desk
    from etl.liftoff.sandbox.serving import listen, name_address, serve

    manners = {
        "seed": seed,
        "slow_seconds": slow_seconds,
        "nothing_seconds": nothing_seconds,
        "retry_after_seconds": retry_after,
        "limit": limit,
        "test_limit": test_limit,
    }
    conduct = parse_conduct({**dict(map(parse_fault, fault or [])), **manners}, Conduct())
    credentials = find_credentials(load_secrets())
    listener = listen(host, port)
    address = name_address(listener)
    told = describe_credentials(credentials)
    result = {"address": address, "credentials": told, "conduct": conduct.describe()}
    lines = [
        f"A stand-in Liftoff listens at {address}, where a page shows what arrived; Ctrl-C ends it.",
        f"  postbacks  {address}/v2/events",
        f"  opt-outs   {address}/opt_out/v3/liftoff",
        *(f"  {name}={value}" for name, value in told.items()),
    ]
    show(result, lines, as_json=as_json)
    try:
        serve(Desk(credentials, conduct), listener, is_child=child)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def parse_fault(text: str) -> tuple[str, float]:
    """Read a fault and its share, such as reset=0.01."""
    name, _, share = text.partition("=")
    try:
        return name, float(share)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no fault and share, such as reset=0.01") from None
