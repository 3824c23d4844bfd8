"""Real Dovecot and Postfix as children of the test run, and scripted servers that misbehave.

Fixtures (from ``tests/conftest.py``; the servers start when the first test asks for them, one set for each
xdist worker, and end with it):

``pki``       ``Pki``: a throw-away CA; ``pki.ca_file`` is what a client must trust.
``dovecot``   ``Dovecot``: IMAP, IMAPS, POP3, LMTP, SASL. ``dovecot.host``, ``.imap_port`` (STARTTLS),
              ``.imaps_port``, ``.pop3_port``, ``.pop3s_port``, ``.lmtp_port``.
``postfix``   ``Postfix``: ``.host``, ``.smtp_port`` (no login), ``.submission_port`` (STARTTLS and login),
              ``.smtps_port`` (TLS and login). Delivers into the Dovecot.
``oauth_server``  ``OAuthServer``: OAuth2 with device grant, code, refresh; its tokens log in at both servers.
``mailuser``  ``MailUser``: a fresh, empty Dovecot account for this test: ``.address``, ``.password``,
              ``.deliver(raw)``, ``.load(mails)``, ``.messages(folder)``, ``.folders()``, ``.bodies_sent()``.
``mailusers`` a function that gives more of them.

Every port is served at several loopback addresses that differ in what TLS finds
(``tests.support.servers.pki``): ``GOOD`` 127.0.0.1, ``ABROAD`` 127.0.0.2 (the same, but Dovecot refuses a
login without TLS), ``EXPIRED`` 127.0.0.3, ``WRONG_NAME`` 127.0.0.4, ``UNKNOWN_CA`` 127.0.0.5, ``NO_TLS``
127.0.0.6 (the plain ports offer no STARTTLS, and Dovecot refuses a login there).

Servers that hand mail to a program, made by the tests that want them: ``tests.support.servers.piping``
(Postfix with pipe(8), aliases, procmail, maildrop), ``tests.support.servers.exim``,
``tests.support.servers.sieve``.

What a real server does not do on demand is in ``tests.support.servers.faults``: ``FaultySmtp`` and
``FaultyImap``.

The servers need root and Debian's packages; root on Debian gets the packages by apt-get. Without them the
tests that ask for a server are skipped with one loud line, or fail if ``REQUIRE_MAIL_SERVERS=1``.
"""
