"""Delivery status notifications (RFC 3464, 6533) and feedback reports (RFC 5965, 6591)."""

from __future__ import annotations

import pytest

from nurture.clock import HOUR
from support.mails import ANN, KEY, NOW, bounce_address, failed, feedback, id_of, original, read, report

RFC_3464_D1 = """\
Date: Thu, 7 Jul 1994 17:16:05 -0400
From: Mail Delivery Subsystem <MAILER-DAEMON@CS.UTK.EDU>
Message-Id: <199407072116.RAA14128@CS.UTK.EDU>
Subject: Returned mail: Cannot send message for 5 days
To: <owner-info-mime@cs.utk.edu>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
      boundary="RAA14128.773615765/CS.UTK.EDU"

--RAA14128.773615765/CS.UTK.EDU

The original message was received at Sat, 2 Jul 1994 17:10:28 -0400
from root@localhost

   ----- The following addresses had delivery problems -----
<louisl@larry.slip.umd.edu>  (unrecoverable error)

----- Transcript of session follows -----
<louisl@larry.slip.umd.edu>... Deferred: Connection timed out
      with larry.slip.umd.edu.
Message could not be delivered for 5 days
Message will be deleted from queue

--RAA14128.773615765/CS.UTK.EDU
content-type: message/delivery-status

Reporting-MTA: dns; cs.utk.edu

Original-Recipient: rfc822;louisl@larry.slip.umd.edu
Final-Recipient: rfc822;louisl@larry.slip.umd.edu
Action: failed
Status: 4.0.0
Diagnostic-Code: smtp; 426 connection timed out
Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400

--RAA14128.773615765/CS.UTK.EDU
content-type: message/rfc822

[original message goes here]
--RAA14128.773615765/CS.UTK.EDU--
"""
RFC_3464_D2 = """\
Reporting-MTA: dns; cs.utk.edu

Original-Recipient: rfc822;arathib@vnet.ibm.com
Final-Recipient: rfc822;arathib@vnet.ibm.com
Action: failed
Status: 5.0.0 (permanent failure)
Diagnostic-Code: smtp;
 550 'arathib@vnet.IBM.COM' is not a registered gateway user
Remote-MTA: dns; vnet.ibm.com

Original-Recipient: rfc822;johnh@hpnjld.njd.hp.com
Final-Recipient: rfc822;johnh@hpnjld.njd.hp.com
Action: delayed
Status: 4.0.0 (hpnjld.njd.jp.com: host name lookup failure)

Original-Recipient: rfc822;wsnell@sdcc13.ucsd.edu
Final-Recipient: rfc822;wsnell@sdcc13.ucsd.edu
Action: failed
Status: 5.0.0
Diagnostic-Code: smtp; 550 user unknown
Remote-MTA: dns; sdcc13.ucsd.edu"""
RFC_3464_D3 = """\
Reporting-MTA: mailbus; SYS30

Final-Recipient: unknown; nair_s
Status: 5.0.0 (unknown permanent failure)
Action: failed"""
RFC_3464_D4 = """\
Reporting-MTA: dns; sun2.nsfnet-relay.ac.uk

Final-Recipient: rfc822;thomas@de-montfort.ac.uk
Status: 4.0.0 (unknown temporary failure)
Action: delayed"""
RFC_5965_B2 = """\
From: <abusedesk@example.com>
Date: Thu, 8 Mar 2005 17:40:36 EDT
Subject: FW: Earn money
To: <abuse@example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP
192.0.2.1 on Thu, 8 Mar 2005 14:00:00 EDT.
For more information about this format please see
http://www.mipassoc.org/arf/.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <somespammer@example.net>
Original-Rcpt-To: <user@example.com>
Arrival-Date: Thu, 8 Mar 2005 14:00:00 EDT
Reporting-MTA: dns; mail.example.com
Source-IP: 192.0.2.1
Authentication-Results: mail.example.com;
               spf=fail smtp.mail=somespammer@example.com
Reported-Domain: example.net
Reported-Uri: http://example.net/earn_money.html
Reported-Uri: mailto:user@example.com
Removal-Recipient: user@example.com

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

From: <somespammer@example.net>
Received: from mailserver.example.net (mailserver.example.net
  [192.0.2.1]) by example.com with ESMTP id M63d4137594e46;
  Thu, 08 Mar 2005 14:00:00 -0400
To: <Undisclosed Recipients>
Subject: Earn money
Message-ID: 8787KJKJ3K4J3K4J3K4J3.mail@example.net

Spam Spam Spam
--part1_13d.2e68ed54_boundary--
"""


def told(content: str, *envelope_to: str) -> list[tuple[str, str, str, str]]:
    return [(it.kind, it.recipient, it.severity, it.reason) for it in read(content, *envelope_to)]


def test_the_examples_of_rfc_3464_are_understood() -> None:
    assert told(RFC_3464_D1) == [("bounced", "louisl@larry.slip.umd.edu", "soft", "4.4.1")]
    assert told(report(RFC_3464_D2)) == [
        ("bounced", "arathib@vnet.ibm.com", "hard", "5.1.1"),
        ("deferred", "johnh@hpnjld.njd.hp.com", "", "4.0.0"),
        ("bounced", "wsnell@sdcc13.ucsd.edu", "hard", "5.1.1"),
    ]
    assert told(report(RFC_3464_D4)) == [("deferred", "thomas@de-montfort.ac.uk", "", "4.0.0")]


def test_a_report_that_names_no_address_is_about_the_message_whose_return_path_it_came_to() -> None:
    [it] = read(report(RFC_3464_D3), bounce_address())
    assert (it.kind, it.recipient, it.key, it.proof) == ("bounced", "", KEY, "verp")


def test_the_example_of_rfc_5965_is_a_complaint_that_nothing_proves() -> None:
    [it] = read(RFC_5965_B2)
    assert (it.kind, it.recipient, it.key, it.proof, it.reason) == (
        "complained", "user@example.com", None, "", "abuse",
    )  # fmt: skip


def test_the_address_it_came_to_says_which_message_bounced() -> None:
    [it] = read(report(failed()), bounce_address().upper())
    assert (it.kind, it.key, it.proof, it.severity, it.reason) == ("bounced", KEY, "verp", "hard", "5.1.1")
    assert it.said == "smtp; 550 5.1.1 User unknown"
    assert it.at == NOW - HOUR


def test_in_a_mailbox_the_head_says_where_it_was_delivered() -> None:
    for name in ("Delivered-To", "X-Original-To", "To"):
        [it] = read(f"{name}: <{bounce_address()}>\n{report(failed())}")
        assert (it.key, it.proof) == (KEY, "verp"), name
    [it] = read(f"To: {bounce_address()}\n{report(failed())}", "help@shop.example")
    assert (it.key, it.proof) == (None, "")


def test_a_token_that_nobody_signed_proves_nothing() -> None:
    forged = bounce_address().replace("b+a", "b+b")
    assert forged != bounce_address()
    [it] = read(report(failed()), forged)
    assert (it.key, it.proof) == (None, "")


def test_our_message_id_in_what_comes_back_says_which_message_it_was() -> None:
    [it] = read(report(failed(), returned=original()))
    assert (it.key, it.proof, it.recipient) == (KEY, "original", ANN)
    made_up = original().replace(id_of(), "<77-3.0123456789abcdef@shop.example>")
    [it] = read(report(failed(), returned=made_up))
    assert (it.key, it.proof) == (None, "")


def test_of_forwarded_mail_the_address_that_we_named_counts() -> None:
    block = failed("elsewhere@example.test") + f"\nOriginal-Recipient: rfc822;{ANN.upper()}"
    assert told(report(block)) == [("bounced", ANN, "hard", "5.1.1")]


def test_a_list_behind_an_address_that_works_for_others_is_no_hard_bounce() -> None:
    worked = "Final-Recipient: rfc822; one@list.example.test\nAction: delivered\nStatus: 2.0.0"
    assert told(report(failed("two@list.example.test"), worked), bounce_address()) == [
        ("bounced", "two@list.example.test", "other", "5.1.1"),
        ("delivered", "one@list.example.test", "", "2.0.0"),
    ]


def test_addresses_beyond_ascii_are_read() -> None:
    block = "Final-Recipient: utf-8; \\x{6C49}\\x{5B57}@example.test\nAction: failed\nStatus: 5.1.1"
    assert told(report(block, kind="message/global-delivery-status")) == [
        ("bounced", "汉字@example.test", "hard", "5.1.1")
    ]


@pytest.mark.parametrize(
    ("status", "answer", "severity", "reason"),
    [
        ("5.1.1", "550 5.1.1 <a@b.example>: user unknown", "hard", "5.1.1"),
        ("5.0.0", "550 User unknown", "hard", "5.1.1"),
        ("5.0.0", "554 delivery error: dd This user doesn't have a yahoo.com account", "hard", "5.1.1"),
        ("5.4.4", "Host or domain name not found. Name service error for name=b.example type=A: Host not found",
         "hard", "5.1.2"),
        ("5.1.10", "556 5.1.10 Domain b.example does not accept mail (nullMX)", "hard", "5.1.10"),
        ("5.2.1", "550 5.2.1 The account is disabled", "hard", "5.2.1"),
        ("5.2.1", "550 5.2.1 receiving mail at a rate that prevents delivery", "soft", "5.2.1"),
        ("5.2.2", "552 5.2.2 Mailbox full", "soft", "5.2.2"),
        ("4.2.2", "452 4.2.2 The mailbox is over quota", "soft", "4.2.2"),
        ("4.4.7", "delivery time expired", "soft", "4.4.7"),
        ("5.7.1", "550 5.7.1 Message rejected as spam: user unknown to be good", "other", "5.7.1"),
        ("5.7.26", "550-5.7.26 Unauthenticated email from shop.example is not accepted", "other", "5.7.26"),
        ("5.1.8", "550 5.1.8 Sender address does not exist", "other", "5.1.8"),
        ("5.0.0", "550 Sender address rejected: Domain not found", "other", "5.1.8"),
        ("5.3.4", "552 5.3.4 Message too big", "other", "5.3.4"),
        ("5.0.0", "550 no", "soft", "5.0.0"),
        ("5.0.0", "550 Empfänger unbekannt", "hard", "5.1.1"),
        ("5.0.0", "550 Boîte aux lettres pleine", "soft", "5.2.2"),
        ("5.0.0", "550 usuario desconocido", "hard", "5.1.1"),
        ("5.0.0", "550 пользователь не найден", "hard", "5.1.1"),
    ],
)  # fmt: skip
def test_how_bad_it_is_follows_the_table_of_answers(
    status: str, answer: str, severity: str, reason: str
) -> None:
    [it] = read(report(failed(ANN, status, answer)), bounce_address())
    assert (it.kind, it.severity, it.reason) == ("bounced", severity, reason)


def test_a_complaint_is_proven_by_the_message_it_brings_along() -> None:
    [it] = read(feedback())
    assert (it.kind, it.key, it.proof, it.recipient) == ("complained", KEY, "original", ANN)
    [it] = read(feedback(to="bob@example.test"))
    assert (it.key, it.recipient) == (KEY, "bob@example.test")


def test_where_the_complainer_is_hidden_the_message_says_to_whom_it_went() -> None:
    [it] = read(feedback(to=""))
    assert (it.kind, it.recipient, it.proof) == ("complained", ANN, "original")
    hidden = original(to="redacted@")
    [it] = read(feedback(to="", returned=hidden))
    assert (it.recipient, it.key, it.proof) == ("", KEY, "")


def test_the_return_path_in_a_complaint_says_which_message_it_was() -> None:
    [it] = read(feedback(returned="Subject: News\n", more=f"Original-Mail-From: <{bounce_address()}>\n"))
    assert (it.key, it.proof) == (KEY, "original")


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        ("abuse", "complained"),
        ("fraud", "complained"),
        ("other", "complained"),
        ("something-new", "complained"),
        ("opt-out", "unsubscribed"),
        ("not-spam", "ignored"),
        ("virus", "ignored"),
        ("auth-failure", "ignored"),
    ],
)
def test_only_what_a_person_said_counts_as_a_complaint(kind: str, means: str) -> None:
    [it] = read(feedback(kind, more="Auth-Failure: dkim\n"))
    assert (it.kind, it.reason) == (means, kind)


def test_that_a_message_was_displayed_is_no_news() -> None:
    seen = report(f"Final-Recipient: rfc822;{ANN}\nDisposition: manual-action/MDN-sent-manually; displayed")
    mdn = seen.replace("delivery-status", "disposition-notification")
    assert told(mdn, bounce_address()) == [("ignored", "", "", "disposition notification")]
