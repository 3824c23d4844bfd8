"""What a mail's signature is worth, in words: S/MIME (RFC 8551) and PGP (RFC 3156).

Checking needs the extras `smime` and `pgp`; without them a signature is named and said to be unchecked.
"""

from __future__ import annotations

import functools
import hashlib
import re
import ssl
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from mail.inert import one_line
from mail.mime.address import as_compared
from mail.mime.message import ParsedMail
from mail.mime.openpgp import BLOCK, Checked, KeyRing
from mail.mime.smime import der_of, has_certificates_alone, is_encrypted, signed_content
from mail.mime.structure import Node

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, Name

State = Literal["valid", "other sender", "unknown CA", "unknown key", "broken", "unchecked", "encrypted"]

_PKCS7_SIGNATURES: Final = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_PKCS7_MIME: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_CLOSED: Final = "encrypted with S/MIME: only the holder of the key can read it"
_MAX_SIGNERS: Final = 5
_MAX_CHAIN: Final = 8
_WEAK: Final = frozenset({"md5", "sha1"})


@dataclass(frozen=True, slots=True)
class Signature:
    """`state` and what to tell a reader; `by` are the addresses that the certificate or the key names.

    `secret`: the mail, or the text, that was encrypted and could be opened.
    """

    state: State
    words: str
    by: tuple[str, ...] = ()
    secret: bytes | None = None


class _Broken(Exception):
    """Why a signature does not hold, in words."""


def signature_of(
    mail: ParsedMail,
    moment: datetime,
    roots: Sequence[Certificate] | None = None,
    keys: KeyRing | None = None,
) -> Signature | None:
    """Return the signature or encryption of a mail, checked as of `moment`; None for a mail that has neither.

    `roots`: the authorities to trust, by default those that the host trusts. `keys`: the desk's OpenPGP keys.
    """
    for node in mail.root.nodes():
        kind = node.type
        if kind == "multipart/signed" and len(node.children) >= 2:
            signed, signature = node.children[:2]
            if signature.type in _PKCS7_SIGNATURES:
                found = _checked(mail, _as_sent(signed), signature.decoded(), moment, roots)
            else:
                found = _pgp_checked(mail, keys, _as_sent(signed), signature.decoded())
            return _of_its_part(mail, signed, found)
        if kind == "multipart/encrypted" or kind == "application/pgp-encrypted":
            secret = node.children[1].decoded() if len(node.children) >= 2 else b""
            return _pgp_opened(mail, keys, secret)
        if kind in _PKCS7_MIME or node.given_name.lower().endswith(".p7m"):
            opaque = _opaque(mail, node, moment, roots)
            if opaque is not None:
                return _of_its_part(mail, node, opaque)
    return _pgp_in_text(mail, keys)


def _opaque(
    mail: ParsedMail, node: Node, moment: datetime, roots: Sequence[Certificate] | None
) -> Signature | None:
    data = der_of(node.decoded())
    if is_encrypted(data):
        return Signature("encrypted", _CLOSED)
    if signed_content(data) is not None:
        return _checked(mail, None, data, moment, roots)
    if has_certificates_alone(data):
        return Signature("unchecked", "S/MIME certificates alone: nothing is signed with them")
    if node.opened:
        return None
    return Signature("broken", "S/MIME that cannot be read: it is cut, or was changed on its way")


def _of_its_part(mail: ParsedMail, covered: Node, found: Signature) -> Signature:
    """Return the signature of a part, with what it does not tell of the rest of the mail."""
    within = set(covered.nodes())
    words = found.words
    if found.state != "encrypted" and any(map(_is_secret, within)):
        words = f"{words}; what it covers is {_CLOSED}"
    if any(leaf not in within and leaf.decoded().strip() for leaf in mail.read):
        words = f"{words}; of a part of the mail alone"
    return replace(found, words=words)


def _is_secret(node: Node) -> bool:
    if node.type in _PKCS7_MIME or node.given_name.lower().endswith(".p7m"):
        return is_encrypted(der_of(node.decoded()))
    return node.type == "multipart/encrypted"


def _pgp_in_text(mail: ParsedMail, keys: KeyRing | None) -> Signature | None:
    beginning = mail.words[:2000]
    if "-----BEGIN PGP MESSAGE-----" in beginning:
        block = BLOCK.search(mail.words)
        return _pgp_opened(mail, keys, block[0].encode() if block is not None else b"")
    if "-----BEGIN PGP SIGNED MESSAGE-----" not in beginning:
        return None
    # The bytes as they came: what a reader is shown has lost the blanks at line ends that were signed.
    decoded = (leaf.decoded() for leaf in mail.leaves)
    raw = next((each for each in decoded if b"-----BEGIN PGP SIGNED MESSAGE-----" in each), b"")
    found = _pgp_checked(mail, keys, [raw], None)
    block = BLOCK.search(mail.words)
    if found.state == "valid" and block is not None and len(block[0].strip()) < len(mail.words.strip()):
        return replace(found, words=f"{found.words}; of the part between the PGP lines alone")
    return found


def _pgp_checked(
    mail: ParsedMail, keys: KeyRing | None, contents: list[bytes], signature: bytes | None
) -> Signature:
    missing = "this desk has no OpenPGP keys" if keys is None else keys.missing
    if keys is None or missing:
        return Signature("unchecked", f"PGP signature, not checked: {missing}")
    return _pgp_told(mail, keys.check(contents, signature))


def _pgp_told(mail: ParsedMail, checked: Checked) -> Signature:
    if checked.state == "unknown key":
        return Signature(
            "unknown key", f"PGP signature by a key that this desk does not know ({checked.why})"
        )
    if checked.state != "good":
        return Signature("broken", f"PGP signature is broken: {checked.why}")
    sender = mail.sender.email.lower()
    named = checked.addresses and checked.name != checked.addresses[0]
    by = f"{checked.name} <{checked.addresses[0]}>" if named else checked.name
    if sender in checked.addresses or not sender:
        return Signature("valid", f"PGP signature is valid, by {by}", checked.addresses)
    words = f"PGP signature is valid, but by {by}, who is not the sender {sender}"
    return Signature("other sender", words, checked.addresses)


def _pgp_opened(mail: ParsedMail, keys: KeyRing | None, secret: bytes) -> Signature:
    closed = "encrypted with PGP: only the holder of the key can read it"
    if keys is None or keys.missing:
        return Signature("encrypted", closed)
    opened = keys.open(secret)
    if opened.data is None:
        return Signature("encrypted", f"encrypted with PGP: {opened.why}")
    if opened.checked.state == "none":
        words = "encrypted with PGP, opened with this desk's key; not signed"
        return Signature("unchecked", words, secret=opened.data)
    told = _pgp_told(mail, opened.checked)
    return replace(told, words=f"{told.words}; encrypted, opened with this desk's key", secret=opened.data)


def _as_sent(node: Node) -> list[bytes]:
    """Yield the bytes that were signed, as they are here and with the wire's line ends (RFC 8551 3.1.1)."""
    here = node.raw[node.begin : node.end]
    return [re.sub(rb"\r?\n", b"\r\n", here), here]


def _checked(
    mail: ParsedMail,
    contents: list[bytes] | None,
    signature: bytes,
    moment: datetime,
    roots: Sequence[Certificate] | None,
) -> Signature:
    try:
        from asn1crypto import cms  # 10 ms, for signed and encrypted mail
    except ImportError:
        return Signature("unchecked", "S/MIME signature, not checked: pip install '.[smime]' in the clone")
    try:
        info = cms.ContentInfo.load(der_of(signature))
        if info["content_type"].native != "signed_data":
            raise _Broken("there is no signature in it")
        with _quietly():
            return _verified(mail, info["content"], contents, moment, roots)
    except _Broken as why:
        return Signature("broken", f"S/MIME signature is broken: {why}")
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        return Signature("broken", "S/MIME signature is broken: it cannot be read")


def _verified(
    mail: ParsedMail,
    signed: Any,
    contents: list[bytes] | None,
    moment: datetime,
    roots: Sequence[Certificate] | None,
) -> Signature:
    from cryptography import x509  # 18 ms, for signed and encrypted mail

    if contents is None:
        contents = [signed["encap_content_info"]["content"].native or b""]
    certificates = [
        x509.load_der_x509_certificate(each.chosen.dump()) for each in signed["certificates"] or ()
    ]
    signers = list(signed["signer_infos"])[:_MAX_SIGNERS]
    if not signers:
        raise _Broken("nobody signed it")
    signer = signers[0]
    certificate = _certificate_of(signer, certificates)
    _check_signature(signer, certificate, contents)
    addresses = _addresses(certificate)
    name = _named(certificate.subject) or (addresses[0] if addresses else "somebody without a name")
    by = f"{name} <{addresses[0]}>" if addresses and name != addresses[0] else name
    if moment > certificate.not_valid_after_utc:
        day = certificate.not_valid_after_utc.date()
        raise _Broken(f"the certificate of {by} was not valid then (it ended on {day})")
    if moment < certificate.not_valid_before_utc:
        day = certificate.not_valid_before_utc.date()
        raise _Broken(f"the certificate of {by} was not valid then (it begins on {day})")
    sender = mail.sender.email.lower()
    is_sender = as_compared(sender) in map(as_compared, addresses) or not sender
    stranger = "" if is_sender else f", who is not the sender {sender}"
    trusted = _host_roots() if roots is None else roots
    if _is_trusted(certificate, certificates, trusted, moment):
        if stranger:
            return Signature("other sender", f"S/MIME signature is valid, but by {by}{stranger}", addresses)
        return Signature("valid", f"S/MIME signature is valid, by {by}", addresses)
    own = certificate.issuer == certificate.subject
    issuer = "it vouches for itself" if own else f"issuer: {_named(certificate.issuer) or 'without a name'}"
    words = f"S/MIME signature fits, by {by}{stranger}, but nobody known vouches for it ({issuer})"
    return Signature("unknown CA", words, addresses)


def _certificate_of(signer: Any, certificates: list[Certificate]) -> Certificate:
    """Return the certificate that a signer names by issuer and number or by its key's identifier."""
    from cryptography import x509  # 18 ms, for signed and encrypted mail

    sid = signer["sid"]
    for certificate in certificates:
        if sid.name == "issuer_and_serial_number":
            same_issuer = certificate.issuer.public_bytes() == sid.chosen["issuer"].dump()
            if certificate.serial_number == sid.chosen["serial_number"].native and same_issuer:
                return certificate
        else:
            try:
                known = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
            except x509.ExtensionNotFound:
                continue
            if known.value.digest == sid.native:
                return certificate
    raise _Broken("the certificate of the signer is not in it")


def _check_signature(signer: Any, certificate: Certificate, contents: list[bytes]) -> None:
    """Check one signer's signature. Errors: `_Broken`."""

    # 4 ms, for signed and encrypted mail.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    digest_name = signer["digest_algorithm"]["algorithm"].native
    if digest_name in _WEAK:
        raise _Broken(f"it was made with {digest_name.upper()}, which proves nothing any more")
    if digest_name not in ("sha224", "sha256", "sha384", "sha512"):
        raise _Broken(f"it was made with {one_line(str(digest_name), 40)}, which is not known here")
    attributes = signer["signed_attrs"]
    if attributes:
        said = {each["type"].native: each["values"] for each in attributes}
        digests = [hashlib.new(digest_name, content).digest() for content in contents]
        if "message_digest" not in said or said["message_digest"][0].native not in digests:
            raise _Broken("the text was changed after it was signed")
        # Signed is the SET itself, not the tag under which it is sent (RFC 5652 5.4).
        candidates = [b"\x31" + attributes.dump()[1:]]
    else:
        candidates = contents
    for candidate in candidates:
        try:
            _verify(certificate, signer, digest_name, candidate)
            return
        except InvalidSignature:
            continue
        except UnsupportedAlgorithm:
            raise _Broken("its kind of key is not known here") from None
    raise _Broken(
        "the text was changed after it was signed" if not attributes else "it was not made by this key"
    )


def _verify(certificate: Certificate, signer: Any, digest_name: str, data: bytes) -> None:
    """Check signed bytes against a key. Errors: `InvalidSignature`, `UnsupportedAlgorithm`."""
    from cryptography.exceptions import UnsupportedAlgorithm  # 4 ms, for signed and encrypted mail
    from cryptography.hazmat.primitives import hashes  # 5 ms, for signed and encrypted mail

    # 7 ms, for signed and encrypted mail.
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

    algorithm = {
        "sha224": hashes.SHA224(),
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }[digest_name]
    key = certificate.public_key()
    made = signer["signature"].native
    if isinstance(key, rsa.RSAPublicKey):
        if signer["signature_algorithm"]["algorithm"].native == "rsassa_pss":
            pss = padding.PSS(padding.MGF1(algorithm), padding.PSS.AUTO)
            key.verify(made, data, pss, algorithm)
        else:
            key.verify(made, data, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(made, data, ec.ECDSA(algorithm))
    elif isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(made, data)
    else:
        raise UnsupportedAlgorithm("key")


def _addresses(certificate: Certificate) -> tuple[str, ...]:
    from cryptography import x509  # 17 ms, for signed and encrypted mail
    from cryptography.x509.oid import NameOID  # 18 ms, for signed and encrypted mail

    found: list[str] = []
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        found += names.get_values_for_type(x509.RFC822Name)
    except x509.ExtensionNotFound:
        pass
    found += [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.EMAIL_ADDRESS)]
    return tuple(dict.fromkeys(one_line(each, 254).lower() for each in found))


def _named(name: Name) -> str:
    """Return the common name, else the organization."""
    from cryptography.x509.oid import NameOID  # 17 ms, for signed and encrypted mail

    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        names = name.get_attributes_for_oid(oid)
        if names:
            return one_line(str(names[0].value), 120)
    return ""


def _is_trusted(
    certificate: Certificate, others: Sequence[Certificate], roots: Sequence[Certificate], moment: datetime
) -> bool:
    """Return whether a chain of valid authorities leads from a certificate for mail to a root."""
    if not _may_sign_mail(certificate):
        return False
    at = certificate
    for _ in range(_MAX_CHAIN):
        if any(at == root for root in roots):
            return True
        issuer = next((each for each in roots if _issued(each, at, moment)), None)
        if issuer is not None:
            return True
        above = next((each for each in others if each != at and _issued(each, at, moment)), None)
        if above is None:
            return False
        at = above
    return False


def _issued(issuer: Certificate, certificate: Certificate, moment: datetime) -> bool:
    from cryptography import x509  # 17 ms, for signed and encrypted mail
    from cryptography.exceptions import InvalidSignature  # 4 ms, for signed and encrypted mail

    if issuer.subject != certificate.issuer:
        return False
    if not issuer.not_valid_before_utc <= moment <= issuer.not_valid_after_utc:
        return False
    try:
        if not issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return True


def _may_sign_mail(certificate: Certificate) -> bool:
    """Return whether its purposes, if it names any, hold mail (RFC 5280 4.2.1.12, RFC 8550 4.4)."""
    from cryptography import x509  # 19 ms, for signed and encrypted mail
    from cryptography.x509.oid import ExtendedKeyUsageOID  # 19 ms, for signed and encrypted mail

    try:
        purposes = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        return True
    return bool(purposes & {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


@contextmanager
def _quietly() -> Iterator[None]:
    """Read strange certificates without a warning on somebody's terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@functools.cache
def _host_roots() -> tuple[Certificate, ...]:
    """Return the authorities that this host trusts."""
    from cryptography import x509  # 16 ms, for signed and encrypted mail

    file = ssl.get_default_verify_paths().cafile
    if not file:
        return ()
    try:
        with _quietly():
            return tuple(x509.load_pem_x509_certificates(Path(file).read_bytes()))
    except (OSError, ValueError):
        return ()
