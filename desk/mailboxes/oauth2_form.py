"""What a person says about a mailbox's OAuth2 login, checked, with words for every field that is wrong."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, field_validator

from desk.mailboxes.fields import copied_from
from mail.inert import one_line
from models import mailboxes

if TYPE_CHECKING:
    from models.mailboxes import Mailbox

PASTE_PORT: Final = 8765
"""In the usual redirect address. Nothing listens there: the browser's error page has the address to paste."""


class OAuth2Fields(BaseModel):
    """The part of a mailbox form about OAuth2.

    `auth`: how the incoming account logs in. `oauth2` names the provider; empty addresses and scopes are
    the provider's own. `oauth2_scopes`: with blanks between. `oauth2_strict`: who logs in must be the
    mailbox's address or user; off for shared mailboxes.
    """

    auth: Literal["basic", "oauth2"] = "basic"
    oauth2: Literal["", "google", "microsoft", "other"] = ""
    oauth2_client_id: str = ""
    oauth2_tenant: str = ""
    oauth2_authorize_url: str = ""
    oauth2_token_url: str = ""
    oauth2_device_url: str = ""
    oauth2_revoke_url: str = ""
    oauth2_scopes: str = ""
    oauth2_client_auth: Literal["post", "basic"] = "post"
    oauth2_ca_file: str = ""
    oauth2_strict: bool = True

    @field_validator("oauth2_client_id")
    @classmethod
    def _client_id(cls, text: str) -> str:
        if text != one_line(text, 300) or " " in text:
            raise ValueError("is one word, as the provider shows it")
        return text

    @field_validator("oauth2_tenant")
    @classmethod
    def _tenant(cls, text: str) -> str:
        if text and not re.fullmatch(r"[A-Za-z0-9.-]{1,100}", text):
            raise ValueError("is the tenant's id or domain, or common, organizations, consumers")
        return text

    @field_validator("oauth2_authorize_url", "oauth2_token_url", "oauth2_device_url", "oauth2_revoke_url")
    @classmethod
    def _url(cls, text: str) -> str:
        if not text:
            return ""
        try:
            parts = urlsplit(text)
            sound = parts.scheme == "https" and bool(parts.hostname) and text == one_line(text, 500)
        except ValueError:
            sound = False
        if not sound:
            raise ValueError("is an address that begins with https://")
        return text

    @field_validator("oauth2_scopes")
    @classmethod
    def _scopes(cls, text: str) -> str:
        # RFC 6749 3.3
        if not re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e ,]*", text):
            raise ValueError("is a list of words with blanks between")
        return " ".join(dict.fromkeys(re.split(r"[ ,]+", text.strip()))).strip()

    @field_validator("oauth2_ca_file")
    @classmethod
    def _oauth2_ca_file(cls, text: str) -> str:
        if not text:
            return ""
        path = Path(text).expanduser().absolute()
        if not path.is_file():
            raise ValueError(f"there is no file {path}")
        return str(path)

    def missing_for_login(self) -> dict[str, str]:
        """Return what a login needs and is not said, by field."""
        if not self.oauth2:
            return {"oauth2": "which provider gives the login? google, microsoft or other"}
        if not self.oauth2_client_id:
            which = f"which application is this desk at {self.oauth2}?"
            return {"oauth2_client_id": f"{which} register one there first, see docs/oauth2.md"}
        wrong: dict[str, str] = {}
        if self.oauth2 == "other":
            if not self.oauth2_token_url:
                wrong |= {"oauth2_token_url": "where does it give tokens? see its openid-configuration"}
            if not (self.oauth2_authorize_url or self.oauth2_device_url):
                wrong["oauth2_authorize_url"] = "where does a person log in? give this or the device address"
        return wrong


def values_of_oauth2(mailbox: Mailbox) -> dict[str, Any]:
    """What the form says about the OAuth2 login of a mailbox that exists."""
    row = mailboxes.oauth2_of(mailbox.id)
    return {} if row is None else copied_from(row, "oauth2")
