"""Who wrote a mail and where its answer goes, by nothing but its headers and the desk's own addresses."""

from __future__ import annotations

from mail.mime.author import Author, author_of, named_people
from mail.mime.message import parse
from tests.support.rows import every_row

OWN = {"support@desk.test", "sales@desk.test"}
LIST = "List-Id: Users <users.lists.test>\nList-Post: <mailto:users@lists.test>\n"


def is_own(address: str) -> bool:
    local, _, host = address.lower().partition("@")
    return f"{local.partition('+')[0]}@{host}" in OWN


def author(head: str) -> Author:
    return author_of(named_people(parse(head.encode() + b"\n\nHello\n")), is_own)


@every_row(
    ("head", "written_by", "answered_at"),
    [
        # plainly
        ("From: Ann <ann@client.test>", "ann@client.test", ["ann@client.test"]),
        ("From: Ann <ann@client.test>\nReply-To: ANN@client.test", "ann@client.test", ["ann@client.test"]),
        ("From: ann@bücher.test\nReply-To: ann@xn--bcher-kva.test", "ann@bücher.test", ["ann@bücher.test"]),
        # where answers go
        (
            "From: Shop <noreply@shop.test>\nReply-To: Carla <carla@client.test>",
            "noreply@shop.test",
            ["carla@client.test"],
        ),
        (
            "From: ann@client.test\nReply-To: office@client.test, ann@client.test, boss@client.test",
            "ann@client.test",
            ["office@client.test", "ann@client.test", "boss@client.test"],
        ),
        (
            "From: ann=40client.test@lists.test\nReply-To: Ann <ann@client.test>\nList-Id: <l.lists.test>",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: ann@client.test.invalid\nReply-To: Ann <ann@client.test>\nList-Id: <l.lists.test>",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: ann=40client.test@eve.test\nReply-To: Bob <bob@client.test>\nList-Id: <l.eve.test>",
            "ann=40client.test@eve.test",
            ["bob@client.test"],
        ),
        ("From: ann@client.test\nReply-To: support@desk.test", "ann@client.test", ["ann@client.test"]),
        ("From: ann@client.test\nReply-To: support+7@desk.test", "ann@client.test", ["ann@client.test"]),
        ("From: ann@client.test\nReply-To: nobody at all", "ann@client.test", ["ann@client.test"]),
        ("From: ann@client.test\nReply-To: a@x.test@y.test", "ann@client.test", ["ann@client.test"]),
        ("From: ann@client.test\nReply-To: <>", "ann@client.test", ["ann@client.test"]),
        # the desk's own address is nobody's
        ("From: support@desk.test\nReply-To: Ann <ann@client.test>", "ann@client.test", ["ann@client.test"]),
        (
            "From: Web form <support+form@desk.test>\nReply-To: ann@client.test",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: SUPPORT@desk.test\nReply-To: sales@desk.test, ann@client.test",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: \"'Ann' via Support\" <support@desk.test>\nX-Original-From: Ann <ann@client.test>\n"
            "Reply-To: bob@client.test\nList-ID: <support.desk.test>",
            "ann@client.test",
            ["bob@client.test"],
        ),
        (
            "From: support@desk.test\nX-Original-Sender: ann@client.test\nReply-To: support@desk.test",
            "ann@client.test",
            ["ann@client.test"],
        ),
        ("From: support@desk.test", "support@desk.test", ["support@desk.test"]),
        # a list rewrote From
        (
            f"From: Ann via Users <users@lists.test>\nReply-To: Ann <ann@client.test>\n{LIST}",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            f"From: Ann via Users <users@lists.test>\nReply-To: users@lists.test, ann@client.test\n{LIST}",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            f"From: users@lists.test\nX-Original-From: ann@client.test\nReply-To: users@lists.test\n{LIST}",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: Ann <ann=client.test@dmarc.lists.test>\nX-Original-From: ann@client.test\n"
            "Mailing-List: list users@lists.test; contact users-owner@lists.test",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: users@lists.test\nX-BeenThere: users@lists.test\nReply-To: ann@client.test",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: Ann <users@lists.test>\nReply-To: ann@client.test\nList-Post: <mailto:users@lists.test>",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: Ann Meier via Users <users@lists.test>\nReply-To: users@lists.test\n"
            f"Cc: Bob <bob@other.test>, Ann Meier <ann@client.test>\n{LIST}",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: Ann <ann=40client.test@dmarc.lists.test>\nList-Id: <wg.lists.test>",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            "From: Ann <0042-dmarc-request@lists.test>\nReply-To: Ann <ann@client.test>\n"
            "List-Owner: <mailto:USERS-request@lists.test>\nList-Post: <mailto:USERS@lists.test>",
            "ann@client.test",
            ["ann@client.test"],
        ),
        # a list that left From alone
        (
            f"From: ann@client.test\nReply-To: users@lists.test\n{LIST}",
            "ann@client.test",
            ["ann@client.test"],
        ),
        (
            f"From: users@lists.test\nReply-To: users@lists.test\n{LIST}",
            "users@lists.test",
            ["users@lists.test"],
        ),
        # anybody can write these fields
        (
            "From: eve@evil.test\nX-Original-From: ann@client.test",
            "eve@evil.test",
            ["eve@evil.test"],
        ),
        ("From: eve@evil.test\nX-Original-Sender: ann@client.test", "eve@evil.test", ["eve@evil.test"]),
        # nobody for sure
        ("From: ann@client.test@evil.test\nReply-To: ann@client.test", "", []),
        ("From: ann@client.test, eve@evil.test", "", []),
        ("From: ann@client.test\nFrom: eve@evil.test", "", []),
        ("From: ann@client.test\nFrom: Ann <ann@client.test>", "ann@client.test", ["ann@client.test"]),
        (
            "From: ann@client.test, bob@client.test\nSender: bob@client.test",
            "bob@client.test",
            ["bob@client.test"],
        ),
        ("From: ann@client.test, eve@evil.test\nSender: mail@evil.test", "", []),
        ("To: x@y.test", "", []),
    ],
)
def test_the_author_and_where_answers_go(head: str, written_by: str, answered_at: list[str]) -> None:
    found = author(head)
    assert found.address.email == written_by
    assert [each.email for each in found.answered_at] == answered_at


def test_what_decided_is_said() -> None:
    assert author("From: ann@client.test").evidence == ""
    assert author("From: noreply@shop.test\nReply-To: carla@client.test").evidence == (
        "answers go to carla@client.test, by Reply-To"
    )
    assert author("From: support@desk.test\nReply-To: ann@client.test").evidence == (
        "From is support@desk.test, an address of this desk: ann@client.test wrote it, by Reply-To"
    )
    assert author("From: support@desk.test").evidence == (
        "From is support@desk.test, an address of this desk, and nothing says who wrote it"
    )


def test_the_name_of_a_rewritten_author_is_theirs() -> None:
    head = "From: \"'Ann Meyer' via Support\" <support@desk.test>\nReply-To: ann@client.test"
    assert author(head).address.name == "Ann Meyer"


def test_only_the_desks_own_list_is_believed_without_more() -> None:
    group = "List-Id: <support.desk.test>\nX-Original-From: ann@client.test"
    assert not author(f"From: support@desk.test\n{group}").on_hearsay
    assert author("From: support@desk.test\nX-Original-From: ann@client.test").on_hearsay
    assert author(f"From: users@lists.test\nReply-To: ann@client.test\n{LIST}").on_hearsay
    assert not author("From: ann@client.test\nReply-To: bob@client.test").on_hearsay


def test_a_circular_of_answers_is_cut() -> None:
    crowd = ", ".join(f"a{number}@client.test" for number in range(300))
    assert len(author(f"From: ann@client.test\nReply-To: {crowd}").answers_to) == 5
