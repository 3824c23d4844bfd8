"""A private glewlwyd (Debian's OAuth2 and OpenID server) on loopback as a child process.

It offers authorization code with PKCE, the device grant (RFC 8628), client credentials, refresh with rotated
tokens, revocation and introspection. Two clients: `CLIENT` with `CLIENT_SECRET`, and `PUBLIC_CLIENT` without.
The Dovecot of the same run asks it about tokens (``dovecot.oauth_port``), so a token from here logs in over
IMAP, POP3 and, through Postfix, SMTP.

What a person does in a browser is done by `consent` and `approve_device`.
"""

from __future__ import annotations

import base64
import http.cookiejar
import json
import shutil
import sqlite3
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.servers.child import Child, ServerTrouble, listening, wait_until
from tests.support.servers.pki import Pki

CLIENT = "helpdesk"
CLIENT_SECRET = "clientsecret"
PUBLIC_CLIENT = "helpdesk-public"
SCOPE = "mail"
USER_PASSWORD = "secret1234"
REDIRECT = "http://127.0.0.1:8765/callback"
LONG = 3600

_SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
_PLUGIN = "oidc"


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, decoded JSON or text, and the address of a redirect."""

    status: int
    body: Any
    location: str


class Browser:
    """Somebody's browser: keeps cookies, does not follow redirects."""

    def __init__(self, base: str, pki: Pki) -> None:
        self._base = base
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=pki.client_context()),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            _Stay,
        )

    def go(
        self,
        method: str,
        path: str,
        *,
        document: object = None,
        form: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
    ) -> Answer:
        """One request to a path of the server or a whole address."""
        headers: dict[str, str] = {}
        data = None
        if document is not None:
            data, headers["Content-Type"] = json.dumps(document).encode(), "application/json"
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
        if basic:
            headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
        url = path if path.startswith("https:") else self._base + path
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            response = self._opener.open(request, timeout=180)
        except urllib.error.HTTPError as error:
            response = error
        with response:
            text = response.read().decode("utf-8", "replace")
            location = response.headers.get("Location") or ""
        try:
            return Answer(response.status or 0, json.loads(text), location)
        except ValueError:
            return Answer(response.status or 0, text, location)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


class OAuthServer:
    """Made, started and stopped by the fixture ``oauth_server``."""

    def __init__(self, home: Path, pki: Pki, port: int) -> None:
        self.home = home
        self.pki = pki
        self.port = port
        self.base = f"https://127.0.0.1:{port}"
        self.issuer = f"{self.base}/api/{_PLUGIN}"
        self.authorize_url = f"{self.issuer}/auth"
        self.token_url = f"{self.issuer}/token"
        self.device_url = f"{self.issuer}/device_authorization"
        self.revoke_url = f"{self.issuer}/revoke"
        self._child: Child | None = None
        self._users: set[str] = set()
        self._redirects = [REDIRECT]

    def start(self) -> OAuthServer:
        """Start and set up clients and scopes; returns when it answers."""
        self.home.mkdir(parents=True)
        with sqlite3.connect(self.home / "db") as database:
            database.executescript(_SCHEMA.read_text("utf-8"))
        database.close()
        (self.home / "glewlwyd.conf").write_text(self._configuration())
        self._launch()
        self._key = _signing_key()
        for scope in (SCOPE, "introspect"):
            self._must(
                "POST",
                "/api/scope/",
                {"name": scope, "display_name": scope, "password_required": False, "scheme": {}},
            )
        self._must("POST", "/api/mod/plugin/", self._plugin(LONG))
        self._must("POST", "/api/client/", _client(CLIENT, CLIENT_SECRET, self._redirects))
        self._must("POST", "/api/client/", _client(PUBLIC_CLIENT, None, self._redirects))
        return self

    def stop(self) -> None:
        """Stop it and throw its database away."""
        if self._child:
            self._child.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def browser(self) -> Browser:
        """A browser of somebody who has not logged in yet."""
        return Browser(self.base, self.pki)

    def set_access_seconds(self, seconds: int) -> None:
        """How long access tokens live that are given out from now on."""
        self._must("PUT", f"/api/mod/plugin/{_PLUGIN}", self._plugin(seconds))
        self._must("PUT", f"/api/mod/plugin/{_PLUGIN}/reset", {})

    def allow_redirect(self, url: str) -> None:
        """Register one more redirect address with both clients (compared to the letter, port too)."""
        self._redirects.append(url)
        for name, secret in ((CLIENT, CLIENT_SECRET), (PUBLIC_CLIENT, None)):
            self._must("PUT", f"/api/client/{name}", _client(name, secret, self._redirects))

    def add_user(self, address: str) -> str:
        """An account for this mail address, named by its local part; made once."""
        name = address.partition("@")[0]
        if name not in self._users:
            self._users.add(name)
            account = {
                "username": name,
                "name": name,
                "email": address,
                "password": USER_PASSWORD,
                "scope": ["openid", SCOPE, "g_profile"],
                "enabled": True,
            }
            self._must("POST", "/api/user/", account)
        return name

    def logged_in(self, address: str) -> Browser:
        """The browser of the account's owner, who lets both clients have the scopes."""
        browser = self.browser()
        login = {"username": self.add_user(address), "password": USER_PASSWORD}
        _need(browser.go("POST", "/api/auth/", document=login))
        for client in (CLIENT, PUBLIC_CLIENT):
            _need(browser.go("PUT", f"/api/auth/grant/{client}", document={"scope": f"openid {SCOPE}"}))
        return browser

    def consent(self, address: str, url: str) -> str:
        """The owner opens an authorization address and agrees: where the browser is sent then."""
        answer = self.logged_in(address).go("GET", f"{url}&g_continue")
        if answer.status != 302:
            raise ServerTrouble(f"no redirect: {answer}")
        return answer.location

    def approve_device(self, address: str, user_code: str) -> None:
        """The owner opens the device page, types the code and agrees."""
        browser = self.logged_in(address)
        answer = browser.go("GET", f"/api/{_PLUGIN}/device?code={urllib.parse.quote(user_code)}")
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(answer.location).query)
        if back := query.get("callback_url"):
            answer = browser.go("GET", back[0] + ("&" if "?" in back[0] else "?") + "g_continue")
        if "Error" in answer.location or answer.status != 302:
            raise ServerTrouble(f"the device was not approved: {answer}")

    def introspect(self, token: str) -> dict[str, Any]:
        """What the server says about a token (RFC 7662)."""
        url = f"/api/{_PLUGIN}/introspect"
        answer = self.browser().go("POST", url, form={"token": token}, basic=(CLIENT, CLIENT_SECRET))
        return dict(answer.body)

    def refreshes(self, token: str) -> bool:
        """Whether `CLIENT` gets an access token for this refresh token, which is used up by it."""
        form = {"grant_type": "refresh_token", "refresh_token": token}
        answer = self.browser().go("POST", self.token_url, form=form, basic=(CLIENT, CLIENT_SECRET))
        return answer.status == 200

    def revoke(self, token: str) -> None:
        """Take a token back, as an admin would."""
        form = {"token": token}
        _need(self.browser().go("POST", self.revoke_url, form=form, basic=(CLIENT, CLIENT_SECRET)))

    def restart(self) -> None:
        """Stop and start again; the tokens stay."""
        if self._child:
            self._child.stop()
        self._launch()

    def halt(self) -> None:
        """Nobody answers at the port until ``restart()``."""
        if self._child:
            self._child.stop()

    def _must(self, method: str, path: str, document: object) -> None:
        # Each time anew: glewlwyd asks an admin for the password again after ten minutes.
        admin = self.browser()
        _need(admin.go("POST", "/api/auth/", document={"username": "admin", "password": "password"}))
        _need(admin.go(method, path, document=document))

    def _launch(self) -> None:
        out = self.home / "start.log"
        self._child = child = Child(["glewlwyd", f"--config-file={self.home}/glewlwyd.conf"], out)
        wait_until(lambda: not child.running or listening(self.port), "glewlwyd does not answer")
        if not child.running:
            child.stop()
            raise ServerTrouble(f"glewlwyd did not start\n{out.read_text('utf-8', 'replace')}")

    def _plugin(self, access_seconds: int) -> dict[str, object]:
        private, public = self._key
        parameters: dict[str, object] = {
            "iss": self.issuer,
            "jwt-type": "rsa",
            "jwt-key-size": "256",
            "key": private,
            "cert": public,
            "access-token-duration": access_seconds,
            "refresh-token-duration": 1209600,
            "code-duration": 600,
            "refresh-token-rolling": False,
            "refresh-token-one-use": "always",
            "allow-non-oidc": True,
            "subject-type": "public",
            "auth-type-code-enabled": True,
            "auth-type-client-enabled": True,
            "auth-type-refresh-enabled": True,
            "auth-type-device-enabled": True,
            "device-authorization-expiration": 600,
            "device-authorization-interval": 1,
            "pkce-allowed": True,
            "pkce-method-plain-allowed": False,
            "introspection-revocation-allowed": True,
            "introspection-revocation-allow-target-client": True,
            "introspection-revocation-auth-scope": ["introspect"],
            "jwks-show": True,
            "email-claim": "mandatory",
            "name-claim": "on-demand",
            "scope": [],
            "claims": [],
        }
        return {
            "module": "oidc",
            "name": _PLUGIN,
            "display_name": "OIDC",
            "parameters": parameters,
            "order_rank": 0,
        }

    def _configuration(self) -> str:
        return _CONFIGURATION.format(
            home=self.home,
            port=self.port,
            base=self.base,
            key=self.pki.server.key,
            cert=self.pki.server.cert,
        )


def _need(answer: Answer) -> Answer:
    if answer.status != 200:
        raise ServerTrouble(f"glewlwyd says {answer.status} {answer.body}")
    return answer


def _client(name: str, secret: str | None, redirects: list[str]) -> dict[str, object]:
    confidential: dict[str, object] = {
        "confidential": True,
        "password": secret,
        "client_secret": secret,
        "scope": ["introspect", SCOPE],
        "authorization_type": ["code", "device_authorization", "refresh_token", "client_credentials"],
        "token_endpoint_auth_method": ["client_secret_basic", "client_secret_post"],
    }
    public: dict[str, object] = {
        "confidential": False,
        "scope": [],
        "authorization_type": ["code", "device_authorization", "refresh_token"],
        "token_endpoint_auth_method": ["none"],
    }
    about: dict[str, object] = {
        "client_id": name,
        "name": name,
        "enabled": True,
        "redirect_uri": redirects,
    }
    return about | (confidential if secret else public)


def _signing_key() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


_CONFIGURATION = """\
port={port}
bind_address="127.0.0.1"
external_url="{base}"
login_url="login.html"
api_prefix="api"
static_files_path="/usr/share/glewlwyd/webapp/"
allow_origin="*"
log_mode="file"
log_level="INFO"
log_file="{home}/glewlwyd.log"
cookie_secure=0
session_expiration=2419200
session_key="GLEWLWYD2_SESSION_ID"
admin_session_authentication="cookie"
profile_session_authentication="cookie"
allow_multiple_user_per_session=true
login_api_enabled=true
max_post_size=16778240
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=true
secure_connection_key_file="{key}"
secure_connection_pem_file="{cert}"
hash_algorithm = "SHA512"
database = {{ type = "sqlite3" path = "{home}/db" }};
"""
