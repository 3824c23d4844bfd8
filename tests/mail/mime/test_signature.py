"""What a signature is worth is said in words: valid and by whom, by nobody known, broken, or not checked."""

from __future__ import annotations

import base64
import binascii
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from desk.tickets import detail
from mail.mime.message import parse
from mail.mime.signature import Signature, signature_of
from models.opening import close_database
from tests.support.mails import Door
from tests.support.workbench import make_desk

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Authority:
    """A certificate with its key that may issue others."""

    def __init__(self, name: str, above: Authority | None = None) -> None:
        self.key: Key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        issuer = above.certificate.subject if above else subject
        key = above.key if above else self.key
        builder = certificate(subject, issuer, self.key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), True
        )
        self.certificate: x509.Certificate = builder.sign(key, hashes.SHA256())

    def person(
        self, email: str, key: Key, purpose: x509.ObjectIdentifier, days: int = 365
    ) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ann Meier")])
        builder = certificate(subject, self.certificate.subject, key, days)
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(email)]), False)
        return builder.add_extension(x509.ExtendedKeyUsage([purpose]), False).sign(self.key, hashes.SHA256())


def certificate(subject: x509.Name, issuer: x509.Name, key: Key, days: int = 365) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=400))
        .not_valid_after(NOW - timedelta(days=400) + timedelta(days=400 + days))
    )


ROOT = Authority("Example Root")
BETWEEN = Authority("Example Issuing CA", ROOT)
KEY = rsa.generate_private_key(65537, 2048)
MAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nPlease lock the account.\r\n"


def signed(
    opaque: bool,
    key: Key = KEY,
    email: str = "ann@kunde.example",
    purpose: x509.ObjectIdentifier = MAIL,
    days: int = 365,
    digest: hashes.SHA256 | hashes.SHA512 | None = None,
) -> bytes:
    own = BETWEEN.person(email, key, purpose, days)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(TEXT).add_signer(own, key, digest or hashes.SHA256())
    builder = builder.add_certificate(BETWEEN.certificate)
    head = b"From: Ann <ann@kunde.example>\nTo: support@desk.example\nSubject: x\n"
    if not opaque:
        return head + builder.sign(serialization.Encoding.SMIME, [pkcs7.PKCS7Options.DetachedSignature])
    body = base64.encodebytes(builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary]))
    fields = b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n"
    return head + fields + b"Content-Transfer-Encoding: base64\n\n" + body


def checked(raw: bytes, roots: list[x509.Certificate] | None = None) -> Signature:
    found = signature_of(parse(raw), NOW, [ROOT.certificate] if roots is None else roots)
    assert found is not None
    return found


@pytest.mark.parametrize("opaque", [False, True], ids=["clear", "opaque"])
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
def test_a_signature_that_holds_names_its_maker(opaque: bool, line_end: bytes) -> None:
    raw = signed(opaque).replace(b"\r\n", b"\n").replace(b"\n", line_end)
    assert parse(raw).text == "Please lock the account."
    assert checked(raw) == Signature(
        "valid", "S/MIME signature is valid, by Ann Meier <ann@kunde.example>", ("ann@kunde.example",)
    )


@pytest.mark.parametrize(
    "key", [ec.generate_private_key(ec.SECP384R1()), rsa.generate_private_key(65537, 3072)], ids=["EC", "RSA"]
)
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA512()], ids=["256", "512"])
def test_the_usual_keys_and_digests_are_known(key: Key, digest: hashes.SHA256 | hashes.SHA512) -> None:
    assert checked(signed(True, key, digest=digest)).state == "valid"


@pytest.mark.parametrize("opaque", [False, True], ids=["clear", "opaque"])
def test_a_signature_for_which_nobody_known_vouches_is_said_to_be_one(opaque: bool) -> None:
    found = checked(signed(opaque), roots=[])
    assert found.state == "unknown CA"
    assert found.words == (
        "S/MIME signature fits, by Ann Meier <ann@kunde.example>, but nobody known vouches for it "
        "(issuer: Example Issuing CA)"
    )


def test_a_text_that_was_changed_breaks_it() -> None:
    found = checked(signed(False).replace(b"lock the account", b"free the account"))
    assert (found.state, found.words) == (
        "broken",
        "S/MIME signature is broken: the text was changed after it was signed",
    )


def test_one_byte_of_an_opaque_mail_breaks_it() -> None:
    raw = signed(True)
    head, _, body = raw.partition(b"\n\n")
    data = base64.b64decode(body).replace(b"lock the account", b"free the account")
    assert checked(head + b"\n\n" + base64.encodebytes(data)).state == "broken"


def test_a_certificate_of_somebody_else_is_told() -> None:
    found = checked(signed(True, email="mallory@evil.example"))
    assert found.state == "other sender"
    assert found.words.endswith("who is not the sender ann@kunde.example")


def test_an_ended_certificate_breaks_it() -> None:
    assert "was not valid then" in checked(signed(False, days=-1)).words


def test_a_certificate_for_web_servers_vouches_for_no_mail() -> None:
    assert checked(signed(False, purpose=ExtendedKeyUsageOID.SERVER_AUTH)).state == "unknown CA"


def test_an_authority_that_is_none_vouches_for_nobody() -> None:
    impostor = BETWEEN.person("ca@evil.example", KEY, MAIL)
    assert checked(signed(True), roots=[impostor]).state == "unknown CA"


@pytest.mark.parametrize(
    ("raw", "state", "word"),
    [
        (b"Content-Type: multipart/signed; protocol=application/pgp-signature; boundary=b\n\n--b\n\nhi\n--b\n"
         b"Content-Type: application/pgp-signature; name=signature.asc\n\nx\n--b--\n", "unchecked", "PGP"),
        (b"\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nhi\n", "unchecked", "PGP"),
        (b"\n-----BEGIN PGP MESSAGE-----\n\nabc\n", "encrypted", "PGP"),
        (b"Content-Type: multipart/encrypted; boundary=b\n\n--b\n\nx\n--b--\n",
         "encrypted", "PGP"),
        (b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\n\n"
         + bytes.fromhex("301006092a864886f70d010703a0033001 00".replace(" ", "")), "encrypted", "S/MIME"),
        (b"Content-Type: multipart/signed; boundary=b\n\n--b\n\nhi\n--b\n"
            b"Content-Type: application/pkcs7-signature\n\nx\n--b--\n",
         "broken", "cannot be read"),
    ],
    ids=["PGP clear", "PGP in the text", "PGP secret text", "PGP secret", "S/MIME encrypted", "nonsense"],
)  # fmt: skip
def test_other_signatures_are_named(raw: bytes, state: str, word: str) -> None:
    found = checked(b"From: ann@kunde.example\n" + raw)
    assert found.state == state
    assert word in found.words


def test_a_plain_mail_has_none() -> None:
    assert signature_of(parse(b"From: a@b.example\n\nhi\n"), NOW) is None


def test_the_authorities_of_the_host_are_read_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    found = signature_of(parse(signed(True)), NOW)
    assert found is not None
    assert found.state == "unknown CA"
    assert not recwarn.list


FROM = b"From: Ann <ann@kunde.example>\nTo: support@desk.example\nSubject: x\nMIME-Version: 1.0\n"
VALID = "S/MIME signature is valid, by Ann Meier <ann@kunde.example>"
PART = "; of a part of the mail alone"
SECRET = "encrypted with S/MIME: only the holder of the key can read it"
CHANGED = "S/MIME signature is broken: the text was changed after it was signed"
CUT = "S/MIME that cannot be read: it is cut, or was changed on its way"


def entity(content: bytes = TEXT, email: str = "ann@kunde.example", opaque: bool = True) -> bytes:
    """A signed part: what is within a ``smime.p7m``, or a whole multipart/signed with its headers."""
    own = BETWEEN.person(email, KEY, MAIL)
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(own, KEY, hashes.SHA256())
    builder = builder.add_certificate(BETWEEN.certificate)
    if opaque:
        return builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])
    return builder.sign(serialization.Encoding.SMIME, [pkcs7.PKCS7Options.DetachedSignature]).partition(
        b"\n"
    )[2]


def secret(content: bytes = TEXT) -> bytes:
    """What only the desk's key would open."""
    to = BETWEEN.person("support@desk.example", KEY, MAIL)
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(to)
    return builder.encrypt(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary])


def p7m(data: bytes, kind: str = "application/pkcs7-mime; name=smime.p7m", coding: str = "base64") -> bytes:
    """The part that holds it."""
    fields = f"Content-Type: {kind}\n"
    if coding:
        fields += f"Content-Transfer-Encoding: {coding}\n"
    if coding == "base64":
        data = base64.encodebytes(data)
    elif coding == "quoted-printable":
        data = binascii.b2a_qp(data, quotetabs=True, istext=False)
    return fields.encode() + b"\n" + data


def mixed(*parts: bytes, kind: bytes = b"multipart/mixed") -> bytes:
    """A multipart of parts with their headers."""
    pieces = b"".join(b"--b\n" + part + b"\n" for part in parts)
    return b"Content-Type: " + kind + b"; boundary=b\n\n" + pieces + b"--b--\n"


WORDS = b"Content-Type: text/plain\n\n"
FOOTER = WORDS + b"____\nadmins mailing list"
LOCKED = "Please lock the account."


@pytest.mark.parametrize(
    ("part", "text", "words"),
    [
        (p7m(entity(), "application/octet-stream; smime-type=signed-data; name=smime.dat"), LOCKED, VALID),
        (p7m(entity(), "application/octet-stream; name=Signed.P7M"), LOCKED, VALID),
        (p7m(entity(), 'application/x-pkcs7-mime; smime-type=signed-data; name="smime.dat"'), LOCKED, VALID),
        (p7m(entity(), coding="quoted-printable"), LOCKED, VALID),
        (p7m(entity(), coding="binary"), LOCKED, VALID),
        (p7m(base64.encodebytes(entity()), coding=""), LOCKED, VALID),
        (p7m(base64.encodebytes(entity()).replace(b"\n", b"\r\n"), coding="7bit"), LOCKED, VALID),
        (p7m(b"-----BEGIN PKCS7-----\n" + base64.encodebytes(entity()) + b"-----END PKCS7-----\n", coding=""),
         LOCKED, VALID),
        (p7m(entity(WORDS.replace(b"\n", b"\r\n") + b"One line end.\n")), "One line end.", VALID),
        (p7m(entity(b"No header, as openssl makes it.\r\n")), "No header, as openssl makes it.", VALID),
        (p7m(entity(p7m(entity(email="carl@elsewhere.example")))), LOCKED, VALID),
        (p7m(entity(entity(opaque=False))), LOCKED, VALID),
        (p7m(entity(p7m(secret()))), "", f"{VALID}; what it covers is {SECRET}"),
        (p7m(secret()), "", SECRET),
        (p7m(secret(), "application/octet-stream; smime-type=enveloped-data; name=smime.dat"), "", SECRET),
        (mixed(WORDS + b"See below.", p7m(entity())), f"See below.\n\n{LOCKED}", VALID + PART),
        (mixed(entity(opaque=False), FOOTER), f"{LOCKED}\n\n____\nadmins mailing list", VALID + PART),
        (mixed(entity(opaque=False), WORDS + b" \n"), LOCKED, VALID),
        (mixed(p7m(secret()), FOOTER), "____\nadmins mailing list", SECRET + PART),
        (mixed(WORDS + b"FYI", p7m(entity(email="carl@elsewhere.example"))), f"FYI\n\n{LOCKED}",
         "S/MIME signature is valid, but by Ann Meier <carl@elsewhere.example>, who is not the sender "
         f"ann@kunde.example{PART}"),
        (mixed(WORDS + b"A signed mail.",
               b"Content-Type: message/rfc822\n\n" + FROM + p7m(entity())), "A signed mail.", None),
        (p7m(entity()[:900]), "", CUT),
        (p7m(entity().replace(b"\r\n", b"\n"), coding="binary"), "", CUT),
        (p7m(pkcs7.serialize_certificates([BETWEEN.certificate], serialization.Encoding.DER),
             "application/pkcs7-mime; smime-type=certs-only; name=smime.p7c"), "",
         "S/MIME certificates alone: nothing is signed with them"),
        (entity(opaque=False).replace(b"account.", b"account. "), f"{LOCKED} ", CHANGED),
        (entity(opaque=False).replace(b"lock the", b"lock=20the"), "Please lock=20the account.", CHANGED),
        (entity(opaque=False).replace(b"application/x-pkcs7-signature;", b"application/octet-stream;"),
         LOCKED, VALID),
        (entity(opaque=False).replace(b'name="smime.p7s"', b"").replace(
            b"Content-Type: application/x-pkcs7-signature", b"Content-Type: application/octet-stream"),
         LOCKED, VALID),
    ],
    ids=["named .dat", "any .p7m", "x-pkcs7, .dat", "quoted-printable", "binary", "untold base64",
         "base64 as 7bit", "PEM", "bare line end inside", "no header inside", "signed in signed",
         "clear in opaque", "secret in signed", "secret", "secret named .dat", "words above", "list's footer",
         "blank footer", "secret with a footer", "another's signed part", "attached mail", "cut",
         "line ends in binary", "certificates", "blank at a line's end", "encoded on the way",
         "signature as bytes", "signature without a name"],
)  # fmt: skip
def test_what_became_of_signed_mail_on_its_way(part: bytes, text: str, words: str | None) -> None:
    raw = FROM + part
    read = parse(raw)
    assert read.text == text
    found = signature_of(read, NOW, [ROOT.certificate])
    assert (found and found.words) == words


@pytest.mark.parametrize(
    ("email", "sender"),
    [
        ("Ann@Kunde.Example", "ann@kunde.example"),
        ("ann@xn--mller-kva.example", "ann@m\u00fcller.example"),
        ("ann@kunde.example", "ANN@kunde.example"),
    ],
)
def test_an_address_has_more_than_one_spelling_in_a_certificate(email: str, sender: str) -> None:
    raw = FROM.replace(b"ann@kunde.example", sender.encode()) + p7m(entity(email=email))
    assert checked(raw).state == "valid"


@pytest.mark.parametrize(
    ("name", "inner"), [("contract.pdf.p7m", "contract.pdf"), ("IT01_9.xml.P7M", "IT01_9.xml")]
)
@pytest.mark.parametrize("kind", ["application/pkcs7-mime", "application/octet-stream"])
def test_a_signed_file_is_a_file_and_no_text(kind: str, name: str, inner: str) -> None:
    document = b"%PDF-1.7 <no: mail>\r\n\r\nx"
    raw = FROM + mixed(WORDS + b"As agreed.", p7m(entity(document), f"{kind}; name={name}"))
    read = parse(raw)
    assert read.text == "As agreed."
    assert [part.name for part in read.attachments] == [name, inner]
    assert read.part_bytes(read.attachments[1].part) == document
    assert checked(raw).words == VALID + PART


def test_a_third_part_in_a_signed_mail_is_not_covered() -> None:
    raw = FROM + entity(opaque=False)
    end = raw.rindex(b"\r\n--===")
    boundary = raw[end:].strip().removesuffix(b"--")
    raw = raw[:end] + b"\r\n" + boundary + b"\r\n\r\nAnd pay me.\r\n" + boundary + b"--\r\n"
    assert parse(raw).text == f"{LOCKED}\n\nAnd pay me."
    assert checked(raw).words == VALID + PART


def test_a_ticket_tells_of_signed_mail_under_every_name(tmp_path: Path) -> None:
    door = Door(make_desk(tmp_path))
    door.take(FROM + p7m(entity(), "application/octet-stream; smime-type=signed-data; name=smime.dat"))
    (message,) = detail.show("1").messages
    assert message.text == LOCKED
    assert message.signature.startswith("S/MIME signature fits, by Ann Meier <ann@kunde.example>, but")
    close_database()


def test_a_certificate_that_is_not_valid_yet_says_when_it_begins() -> None:
    found = signature_of(parse(FROM + p7m(entity())), NOW - timedelta(days=500), [ROOT.certificate])
    assert found is not None
    assert "it begins on 2025-10-16" in found.words


def test_without_the_extra_it_is_named_and_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [each for each in sys.modules if each.partition(".")[0] == "asn1crypto"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "asn1crypto", None)
    for part in (p7m(entity()), entity(opaque=False)):
        found = checked(FROM + part)
        assert found.state == "unchecked"
        assert found.words == "S/MIME signature, not checked: pip install '.[smime]' in the clone"
    assert checked(FROM + p7m(secret())).words == SECRET
