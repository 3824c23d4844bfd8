"""A throw-away certificate authority and the certificates, good and bad, that the test servers show."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

GOOD = "127.0.0.1"
ABROAD = "127.0.0.2"
EXPIRED = "127.0.0.3"
WRONG_NAME = "127.0.0.4"
UNKNOWN_CA = "127.0.0.5"
NO_TLS = "127.0.0.6"
ADDRESSES = (GOOD, ABROAD, EXPIRED, WRONG_NAME, UNKNOWN_CA, NO_TLS)

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of one certificate; ``fingerprint`` is the SHA-256 of its DER form, lower-case hex."""

    cert: Path
    key: Path
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Pki:
    """``server`` is what an honest server shows; the others each have one thing wrong."""

    ca_file: Path
    other_ca_file: Path
    server: Certificate
    expired: Certificate
    wrong_name: Certificate
    unknown_ca: Certificate

    def shown_at(self, address: str) -> Certificate:
        """The certificate that a test server shows at this loopback address."""
        bad = {EXPIRED: self.expired, WRONG_NAME: self.wrong_name, UNKNOWN_CA: self.unknown_ca}
        return bad.get(address, self.server)

    def client_context(self) -> ssl.SSLContext:
        """A context that trusts this CA and nothing else."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def server_context(self, certificate: Certificate | None = None) -> ssl.SSLContext:
        """A context for a server that shows ``certificate``, or the good one."""
        chosen = certificate or self.server
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chosen.cert, chosen.key)
        return context


@dataclass(frozen=True, slots=True)
class _Authority:
    cert: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def make_pki(directory: Path) -> Pki:
    """Write a new CA and its certificates below ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    ours, other = _authority("Nightdesk Test CA"), _authority("Somebody Else's CA")
    _write(directory / "ca.crt", ours.cert.public_bytes(serialization.Encoding.PEM))
    _write(directory / "other-ca.crt", other.cert.public_bytes(serialization.Encoding.PEM))
    names = ["localhost", "mail.example.test", *ADDRESSES]
    return Pki(
        ca_file=directory / "ca.crt",
        other_ca_file=directory / "other-ca.crt",
        server=_certificate(directory, "server", ours, names),
        expired=_certificate(directory, "expired", ours, names, ends_in=-2 * _DAY),
        wrong_name=_certificate(directory, "wrong-name", ours, ["wrong.example.test"]),
        unknown_ca=_certificate(directory, "unknown-ca", other, names),
    )


def _authority(name: str) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    cert = (
        _builder(subject, subject, key.public_key(), 3650 * _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Authority(cert, key)


def _certificate(
    directory: Path, stem: str, ca: _Authority, names: list[str], ends_in: dt.timedelta = 3650 * _DAY
) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[-1] if len(names) == 1 else names[1])])
    ca_id = ca.cert.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    cert = (
        _builder(subject, ca.cert.subject, key.public_key(), ends_in)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(ca_id), critical=False)
        .sign(ca.key, hashes.SHA256())
    )
    _write(directory / f"{stem}.crt", cert.public_bytes(serialization.Encoding.PEM))
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(directory / f"{stem}.key", pem, 0o600)
    fingerprint = cert.fingerprint(hashes.SHA256()).hex()
    return Certificate(directory / f"{stem}.crt", directory / f"{stem}.key", fingerprint)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, ends_in: dt.timedelta
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * _DAY)
        .not_valid_after(now + ends_in)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(path: Path, content: bytes, mode: int = 0o644) -> None:
    path.touch(mode=mode)
    path.write_bytes(content)
