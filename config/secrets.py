"""Where a secret comes from: sealed in the database, a command, the environment, a systemd credential."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from config.errors import SealBroken, SecretUnavailable
from config.seal import Sealer, create_key_file
from config.secret import Secret

if TYPE_CHECKING:
    import subprocess

__all__ = [
    "SealBroken",
    "Sealer",
    "Secret",
    "SecretKind",
    "SecretSource",
    "SecretUnavailable",
    "create_key_file",
    "resolve",
]

PASS_CMD_SECONDS = 30.0
PASS_CMD_BYTES = 65_536
"""More than a password command prints, notes below the password included."""

SecretKind = Literal["sealed", "pass_cmd", "env", "credential", "none"]


@dataclass(frozen=True, slots=True)
class SecretSource:
    """Where a secret comes from.

    `ref` is the command line of `pass_cmd`, the variable of `env` or the name of `credential`. For `sealed`,
    `sealed` holds the bytes and `context` the text they were sealed for ("mailbox 7 incoming").
    """

    kind: SecretKind = "none"
    ref: str = ""
    sealed: bytes = field(default=b"", repr=False)
    context: str = ""


def resolve(
    source: SecretSource, sealer: Sealer | None = None, environ: Mapping[str, str] | None = None
) -> Secret:
    """Return the secret that `source` gives now; the empty Secret for `none`.

    Raises SecretUnavailable (with a hint, never with secret text) or SealBroken. Blocks up to 30 s
    (`PASS_CMD_SECONDS`) for `pass_cmd`: call it from a thread.
    """
    environ = os.environ if environ is None else environ
    match source.kind:
        case "none":
            return Secret("")
        case "env":
            return _from_environment(source.ref, environ)
        case "credential":
            return _from_credential(source.ref, environ)
        case "pass_cmd":
            return _from_command(source.ref)
        case "sealed":
            if sealer is None:
                raise SecretUnavailable("the sealed secret needs the desk's key file", "run nightdesk doctor")
            return sealer.unseal(source.sealed, source.context)


def _from_environment(name: str, environ: Mapping[str, str]) -> Secret:
    value = environ.get(name, "")
    if not value:
        raise SecretUnavailable(
            f"the environment variable {name} is not set",
            f"set {name} wherever mail is fetched or sent (systemd: EnvironmentFile=), or store the secret",
        )
    return Secret(value)


def _from_credential(name: str, environ: Mapping[str, str]) -> Secret:
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    if not directory:
        raise SecretUnavailable(
            f"the systemd credential {name} is not there: CREDENTIALS_DIRECTORY is not set",
            f"add LoadCredential={name}:... to the unit and start the program through systemd",
        )
    if not name or "/" in name or name in (".", ".."):
        raise SecretUnavailable(f"'{name}' is no name of a systemd credential", "use a name without slashes")
    try:
        with open(os.path.join(directory, name), encoding="utf-8") as file:  # noqa: PTH118, PTH123
            value = file.read().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SecretUnavailable(
            f"the systemd credential {name} cannot be read: {reason}",
            f"check LoadCredential={name}:... of the unit",
        ) from None
    if not value:
        raise SecretUnavailable(f"the systemd credential {name} is empty", "write the password into it")
    return Secret(value)


def _from_command(command: str) -> Secret:
    import shlex  # 1 ms
    import subprocess  # 4 ms

    try:
        argv = shlex.split(command)
    except ValueError:
        argv = []
    if not argv:
        raise SecretUnavailable("the password command cannot be read", "check its quotes; no shell runs it")
    name = os.path.basename(argv[0])  # noqa: PTH119
    by_hand = f"run it by hand as the desk's user; it must print the password as its first line: {name}"
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "bad argument"
        raise SecretUnavailable(f"the password command {name} cannot start: {reason}", by_hand) from None
    try:
        output = _output_of(process)
    except subprocess.TimeoutExpired:
        raise SecretUnavailable(
            f"the password command {name} did not end within {PASS_CMD_SECONDS:.0f} seconds",
            "it must not ask anybody (unlock its store first, e.g. with gpg-agent): " + name,
        ) from None
    finally:
        _end_session(process)
    if len(output) > PASS_CMD_BYTES:
        raise SecretUnavailable(
            f"the password command {name} printed more than {PASS_CMD_BYTES >> 10} kB", by_hand
        )
    if process.returncode != 0:
        raise SecretUnavailable(
            f"the password command {name} failed with status {process.returncode}", by_hand
        )
    try:
        first = output.decode("utf-8").split("\n", 1)[0].rstrip("\r")
    except UnicodeDecodeError:
        first = ""
    if not first:
        raise SecretUnavailable(f"the password command {name} printed no password", by_hand)
    return Secret(first)


def _output_of(process: subprocess.Popen[bytes]) -> bytes:
    """Return what it prints until it ends, or the first of too much. Raises subprocess.TimeoutExpired."""
    import select  # 0.1 ms
    import subprocess
    import time

    assert process.stdout is not None
    end, output = time.monotonic() + PASS_CMD_SECONDS, b""
    while len(output) <= PASS_CMD_BYTES:
        left = max(end - time.monotonic(), 0)
        if not select.select([process.stdout], [], [], left)[0]:
            raise subprocess.TimeoutExpired(process.args, PASS_CMD_SECONDS)
        piece = os.read(process.stdout.fileno(), PASS_CMD_BYTES)
        if not piece:
            process.wait(max(end - time.monotonic(), 0))
            break
        output += piece
    return output


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill the command with what it started, when it is still running."""
    import signal  # 1 ms

    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
