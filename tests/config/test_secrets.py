from __future__ import annotations

import copy
import json
import pickle
import stat
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from config import secrets
from config.errors import ConfigError, SealBroken, SecretUnavailable
from config.secrets import Sealer, Secret, SecretSource, create_key_file, resolve

PLAIN = "corr3ct-h0rse"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "desk.key"
    assert create_key_file(path)
    return path


@dataclass(frozen=True)
class Account:
    user: str
    password: Secret


def test_a_secret_shows_itself_in_no_text() -> None:
    secret = Secret(PLAIN)
    account = Account("ana", secret)
    texts = [repr(secret), str(secret), f"{secret}", f"{secret:>30}", str([secret, (secret,)])]
    texts += [repr(account), str(asdict(account)), repr([secret]), repr({"a": secret})]
    assert all(PLAIN not in text for text in texts)
    assert secret.reveal() == PLAIN


def test_a_secret_leaves_by_no_serialiser() -> None:
    with pytest.raises(TypeError, match="never pickled"):
        pickle.dumps(Secret(PLAIN))
    with pytest.raises(TypeError):
        json.dumps({"password": Secret(PLAIN)})
    assert not hasattr(Secret(PLAIN), "__dict__")


def test_a_secret_is_not_in_a_traceback_with_local_variables() -> None:
    def fails(password: Secret) -> None:
        account = Account("ana", password)
        raise RuntimeError(f"login of {account} with {password} refused")

    try:
        fails(Secret(PLAIN))
    except RuntimeError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "account" in shown
    assert PLAIN not in shown.replace(f'fails(Secret("{PLAIN}"))', "")


def test_secrets_compare_copy_and_do_not_change() -> None:
    secret = Secret(PLAIN)
    assert secret == Secret(PLAIN) != Secret("other")
    assert secret != PLAIN
    assert copy.deepcopy(secret) is secret
    assert not Secret("")
    with pytest.raises(AttributeError):
        secret.reveal = lambda: "x"  # type: ignore[method-assign]


def test_the_key_file_is_private_and_is_never_made_twice(key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    before = key_file.read_bytes()
    assert not create_key_file(key_file)
    assert key_file.read_bytes() == before


@pytest.mark.parametrize("plain", ["", PLAIN, "pässwörd \U0001f511", "\udcff", "x" * 100_000])
def test_what_is_sealed_comes_back(key_file: Path, plain: str) -> None:
    sealed = Sealer(key_file).seal(plain, "mailbox 1 incoming")
    assert Sealer(key_file).unseal(sealed, "mailbox 1 incoming").reveal() == plain
    assert len(plain) < 3 or plain.encode("utf-8", "surrogatepass") not in sealed


def test_sealing_twice_gives_different_bytes(key_file: Path) -> None:
    sealer = Sealer(key_file)
    assert sealer.seal(PLAIN, "a") != sealer.seal(PLAIN, "a")


def test_a_sealed_secret_does_not_open_in_another_row(key_file: Path) -> None:
    sealer = Sealer(key_file)
    sealed = sealer.seal(PLAIN, "mailbox 1 incoming")
    with pytest.raises(SealBroken, match="mailbox 2 incoming"):
        sealer.unseal(sealed, "mailbox 2 incoming")


def test_changed_or_cut_bytes_do_not_open(key_file: Path) -> None:
    sealer = Sealer(key_file)
    sealed = sealer.seal(PLAIN, "a")
    for damaged in (sealed[:-1], b"", sealed[:20], b"\x02" + sealed[1:], sealed[:-1] + b"\x00"):
        if damaged != sealed:
            with pytest.raises(SealBroken):
                sealer.unseal(damaged, "a")


def test_another_key_file_does_not_open_and_says_what_to_do(key_file: Path, tmp_path: Path) -> None:
    sealed = Sealer(key_file).seal(PLAIN, "a")
    create_key_file(tmp_path / "other.key")
    with pytest.raises(SealBroken) as error:
        Sealer(tmp_path / "other.key").unseal(sealed, "a")
    assert "enter the password again" in error.value.hint
    assert error.value.exit_status == 78


def test_rotation_keeps_old_secrets_readable_until_they_are_sealed_again(key_file: Path) -> None:
    sealer = Sealer(key_file)
    old, signs = sealer.seal(PLAIN, "a"), sealer.desk_secret()
    sealer.rotate()
    assert not sealer.is_current(old)
    assert Sealer(key_file).unseal(old, "a").reveal() == PLAIN
    new = sealer.resealed(old, "a")
    sealer.drop_old_keys()
    fresh = Sealer(key_file)
    assert fresh.unseal(new, "a").reveal() == PLAIN
    with pytest.raises(SealBroken):
        fresh.unseal(old, "a")
    assert fresh.desk_secret() == signs
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600


def test_the_desk_secret_differs_from_the_sealing_key(key_file: Path) -> None:
    values = [line.split()[1] for line in key_file.read_text().splitlines() if not line.startswith("#")]
    assert len(set(values)) == 2
    assert len(Sealer(key_file).desk_secret()) == 32


def test_a_key_file_that_others_can_read_is_refused(key_file: Path) -> None:
    key_file.chmod(0o644)
    with pytest.raises(ConfigError, match="0644") as error:
        Sealer(key_file).desk_secret()
    assert error.value.hint.startswith("chmod 0600")


@pytest.mark.parametrize("content", [b"", b"key x\n", b"key AAAA\ndesk AAAA\n", b"\xff", b"desk only\n"])
def test_a_damaged_key_file_is_refused_without_showing_it(key_file: Path, content: bytes) -> None:
    key_file.write_bytes(content)
    with pytest.raises(ConfigError, match="damaged"):
        Sealer(key_file).desk_secret()


def test_a_missing_key_file_says_where_it_should_be(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=str(tmp_path / "desk.key")):
        Sealer(tmp_path / "desk.key").seal(PLAIN, "a")


def test_a_sealer_shows_no_key(key_file: Path) -> None:
    sealer = Sealer(key_file)
    sealer.desk_secret()
    assert "Sealer" in repr(sealer)
    assert "object" not in repr(sealer)
    assert repr(sealer._keys) == "_Keys()"


def test_every_source_gives_its_secret(key_file: Path, tmp_path: Path) -> None:
    sealer = Sealer(key_file)
    (tmp_path / "imap").write_text(PLAIN + "\n")
    command = f'{sys.executable} -c "print({PLAIN!r}); print(2)"'
    sources = [
        SecretSource("sealed", sealed=sealer.seal(PLAIN, "c"), context="c"),
        SecretSource("env", "MY_PASSWORD"),
        SecretSource("credential", "imap"),
        SecretSource("pass_cmd", command),
    ]
    environ = {"MY_PASSWORD": PLAIN, "CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert [resolve(source, sealer, environ).reveal() for source in sources] == [PLAIN] * 4
    assert resolve(SecretSource()).reveal() == ""


@pytest.mark.parametrize(
    "source",
    [
        SecretSource("env", "NOT_SET"),
        SecretSource("credential", "absent"),
        SecretSource("credential", "../../etc/passwd"),
        SecretSource("sealed", sealed=b"x", context="c"),
        SecretSource("pass_cmd", ""),
        SecretSource("pass_cmd", "unclosed 'quote"),
        SecretSource("pass_cmd", "/no/such/program x"),
        SecretSource("pass_cmd", f"{sys.executable} -c 'print(\"{PLAIN}\"); raise SystemExit(3)'"),
        SecretSource("pass_cmd", f"{sys.executable} -c 'pass #{PLAIN}'"),
        SecretSource("pass_cmd", f"{sys.executable} -c 'import os; os.write(1, bytes([255])) #{PLAIN}'"),
    ],
)
def test_a_source_that_gives_nothing_says_so_with_a_cure_and_without_a_secret(
    source: SecretSource, tmp_path: Path
) -> None:
    with pytest.raises(SecretUnavailable) as error:
        resolve(source, None, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert error.value.hint
    assert PLAIN not in f"{error.value} {error.value.hint}"
    assert error.value.exit_status == 1


def test_no_shell_reads_the_password_command(tmp_path: Path) -> None:
    witness = tmp_path / "witness"
    secret = resolve(SecretSource("pass_cmd", f"/bin/echo a; touch {witness}"))
    assert secret.reveal() == f"a; touch {witness}"
    assert not witness.exists()


def test_a_command_that_hangs_is_ended_with_its_children(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "PASS_CMD_SECONDS", 0.2)
    with pytest.raises(SecretUnavailable, match="did not end"):
        resolve(SecretSource("pass_cmd", "/bin/sh -c 'sleep 600 & sleep 600'"))


@pytest.mark.parametrize("command", ["yes", "cat /dev/zero", "/bin/sh -c 'while :; do echo x; done & wait'"])
def test_a_command_that_prints_without_end_is_ended_before_memory_is(command: str) -> None:
    """What it prints is read as far as a password may reach; the command does not outlive that."""
    with pytest.raises(SecretUnavailable, match="printed more than 64 kB"):
        resolve(SecretSource("pass_cmd", command))


def test_a_command_that_closes_its_output_and_stays_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "PASS_CMD_SECONDS", 0.3)
    with pytest.raises(SecretUnavailable, match="did not end"):
        resolve(SecretSource("pass_cmd", "/bin/sh -c 'echo secret; exec >&-; sleep 600'"))
