"""What a signature is worth is said in words: valid and by whom, by nobody known, broken, or not checked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mail.mime.message import parse
from mail.mime.signature import Signature, signature_of

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
    import base64

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
    import base64

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
