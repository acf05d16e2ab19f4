"""Made-up hits on messages, with the truth about each: after what is published of mail programs, proxies and scanners.

Knows nothing of signs and their weights. How often each kind comes is an assumption; what it does is not:

- Google's image proxy fetches when somebody opens, under a name of its own; the click comes from the person's own
  browser. Google also fetches some pictures ahead, as "Edge/12.246 Mozilla/5.0" (gmass.co, "False opens in Gmail").
- Apple Mail with Privacy Protection fetches every picture as "Mozilla/5.0", whether or not anybody reads.
- Outlook on Windows shows no pictures until it is allowed to.
- Safe Links and Defender look at links within seconds to minutes, with the names of ordinary browsers and from
  Microsoft's networks; Barracuda's intent filter follows all links at once (wordtothewise.com); Proofpoint and Mimecast
  look from their networks and from rented machines; some ask with HEAD first, some under several names.
- Messengers and phones fetch ahead for a preview, and most say so in a header field.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nurture.clock import DAY, HOUR, SECOND, Moment
from nurture.delivery.outcome import MessageKey
from nurture.engagement.hit import Hit, HitKind

DELIVERED: Moment = 1_700_000_000_000_000

GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GOOGLE_AHEAD = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
    "Safari/537.36 Edge/12.246 Mozilla/5.0"
)
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
APPLE = "Mozilla/5.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
DESKTOPS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Chrome/125.0.0.0 Safari/537.36",
    f"{MAC} AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:126.0) Gecko/20100101 Firefox/126.0",
)
PHONES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/126.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; Android 13; SAMSUNG SM-A536B) {WEBKIT} SamsungBrowser/25.0 Chrome/121.0.0.0 "
    "Mobile Safari/537.36",
    "Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0",
)
MAIL_PROGRAMS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.12.2",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17628; Pro)",
    f"Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) {WEBKIT} Version/4.0 Chrome/125.0.6422.165 "
    "Mobile Safari/537.36",
)
OLD_BROWSERS = (
    f"Mozilla/5.0 (Windows NT 6.1; WOW64) {WEBKIT} Chrome/41.0.2272.118 Safari/537.36",
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/79.0.3945.117 Safari/537.36",
    "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_12_6) AppleWebKit/603.3.8 (KHTML, like Gecko) Version/10.1.2 "
    "Safari/603.3.8",
)
LINKS = 6
"""Links of a message that people see; every message has the hidden one besides."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What was asked for of one message."""

    kind: str
    delivered_at: Moment
    hits: tuple[tuple[Hit, bool], ...]
    """Each with the truth: whether a person made it."""


class Recorder:
    """Takes down the hits of one message."""

    def __init__(self, chance: random.Random, number: int) -> None:
        self.chance = chance
        self.key = MessageKey(number, 1)
        self.hits: list[tuple[Hit, bool]] = []

    def add(
        self,
        person: bool,
        kind: HitKind,
        after: float,
        agent: str,
        ip: str,
        *,
        link: int = 0,
        language: str | None = "en-US,en;q=0.9",
        method: str = "GET",
        **extra: str,
    ) -> None:
        """One hit, `after` seconds from delivery; `language` None: the field is not sent."""
        fields = {name.replace("_", "-"): value for name, value in extra.items()}
        hit = Hit(
            key=self.key,
            kind=kind,
            link_no=link,
            at=DELIVERED + round(after * SECOND),
            method=method,
            agent=agent,
            ip=ip,
            extra={"accept-language": language or "", **fields},
        )
        self.hits.append((hit, person))

    def home(self) -> str:
        """An address of somebody's home or phone."""
        first = self.chance.choice((78, 84, 91, 93, 109, 176, 188, 212))
        return f"{first}.{self.chance.randrange(100, 255)}.{self.chance.randrange(256)}.{self.chance.randrange(1, 255)}"

    def rented(self) -> str:
        """An address of a machine at Amazon, Microsoft or Google."""
        net = self.chance.choice(("3.92", "18.204", "34.228", "52.37", "20.51", "40.117", "35.174", "34.86"))
        return f"{net}.{self.chance.randrange(256)}.{self.chance.randrange(1, 255)}"

    def within(self, *nets: str) -> str:
        """An address in one of these networks of 256."""
        return f"{self.chance.choice(nets)}.{self.chance.randrange(1, 255)}"

    def reading_time(self) -> float:
        """Seconds from delivery until somebody reads: an hour in the middle, never under 15 seconds."""
        return min(max(self.chance.lognormvariate(8.2, 1.7), 15.0), 20 * DAY / SECOND)

    def language(self) -> str:
        """What a person's browser says it reads."""
        return self.chance.choice(("en-US,en;q=0.9", "de-DE,de;q=0.9,en;q=0.8", "fr-FR,fr;q=0.9", "nl"))


def _clicks(
    it: Recorder, opened: float, agents: tuple[str, ...], ip: str, *, share: float, **extra: str
) -> None:
    """A reader follows one link, now and then two; each after some reading."""
    if it.chance.random() > share:
        return
    agent, language, at = it.chance.choice(agents), it.language(), opened
    for link in it.chance.sample(range(1, LINKS + 1), it.chance.choice((1, 1, 1, 2))):
        at += it.chance.uniform(2.5, 60)
        it.add(True, "click", at, agent, ip, link=link, language=language, **extra)
        if it.chance.random() < 0.05:
            it.add(
                True,
                "click",
                at + it.chance.uniform(0.3, 3),
                agent,
                ip,
                link=link,
                language=language,
                **extra,
            )


def gmail(it: Recorder) -> None:
    """Gmail in the browser or on the phone."""
    opened, ip = it.reading_time(), it.home()
    for again in range(it.chance.choice((1, 1, 2, 3))):
        it.add(
            True,
            "open",
            opened + again * HOUR / SECOND,
            GOOGLE,
            it.within("66.249.84", "66.102.9"),
            language=None,
        )
    _clicks(it, opened, DESKTOPS + PHONES, ip, share=0.35)


def yahoo(it: Recorder) -> None:
    """Yahoo Mail."""
    opened = it.reading_time()
    it.add(True, "open", opened, YAHOO, it.within("69.147.87", "72.30.14"), language=None)
    _clicks(it, opened, DESKTOPS + PHONES, it.home(), share=0.3)


def apple_private(it: Recorder) -> None:
    """Apple Mail with Privacy Protection: the picture says nothing, the click does."""
    for _ in range(it.chance.choice((1, 1, 2))):
        it.add(
            False,
            "open",
            it.chance.uniform(1, 6 * HOUR / SECOND),
            APPLE,
            it.within("104.28.30", "172.225.1"),
            language=None,
        )
    ip = it.chance.choice((it.home(), it.within("104.28.31", "172.226.5")))
    _clicks(it, it.reading_time(), (PHONES[0], DESKTOPS[3]), ip, share=0.3)


def mail_program(it: Recorder) -> None:
    """A program that fetches pictures itself as somebody opens, and hands links to the browser."""
    opened, ip = it.reading_time(), it.home()
    language = it.chance.choice((it.language(), None))
    it.add(True, "open", opened, it.chance.choice(MAIL_PROGRAMS), ip, language=language)
    _clicks(it, opened, DESKTOPS + PHONES, ip, share=0.3)


def outlook(it: Recorder) -> None:
    """Outlook on Windows: no picture unless it is allowed."""
    opened, ip = it.reading_time(), it.home()
    if it.chance.random() < 0.25:
        it.add(True, "open", opened, it.chance.choice(MAIL_PROGRAMS[3:5]), ip, language=None)
    _clicks(it, opened, DESKTOPS[:2], ip, share=0.6)


def two_at_once(it: Recorder) -> None:
    """Somebody who opens two links in tabs, one right after the other."""
    opened, ip, agent = it.reading_time(), it.home(), it.chance.choice(DESKTOPS)
    it.add(True, "open", opened, GOOGLE, it.within("66.249.84"), language=None)
    at = opened + it.chance.uniform(3, 30)
    for link in it.chance.sample(range(1, LINKS + 1), 2):
        it.add(True, "click", at, agent, ip, link=link, language=it.language())
        at += it.chance.uniform(0.7, 5)


def thorough(it: Recorder) -> None:
    """Somebody who likes it and follows several links, each after a look at the page before."""
    opened, ip, agent, language = (
        it.reading_time(),
        it.home(),
        it.chance.choice(DESKTOPS + PHONES),
        it.language(),
    )
    it.add(True, "open", opened, YAHOO, it.within("69.147.87"), language=None)
    at, ways = opened, it.chance.sample(range(1, LINKS + 1), it.chance.choice((3, 3, 4, 5)))
    for link in sorted(ways) if it.chance.random() < 0.5 else ways:
        at += it.chance.lognormvariate(3.7, 0.8)
        it.add(True, "click", at, agent, ip, link=link, language=language)


def waiting(it: Recorder) -> None:
    """Somebody who sits before the mailbox and follows the one link within 8 seconds, as when they sign in."""
    clicked, ip, agent = it.chance.uniform(3.5, 8), it.home(), it.chance.choice(DESKTOPS + PHONES)
    seen, extra = it.chance.random(), {}
    if seen < 0.45:
        it.add(
            True, "open", clicked - it.chance.uniform(0.8, 2.5), GOOGLE, it.within("66.249.84"), language=None
        )
    elif seen < 0.6:
        extra = {
            "referer": it.chance.choice(
                ("https://mail.yahoo.com/", "https://deref-gmx.net/", "https://outlook.live.com/")
            )
        }
    it.add(True, "click", clicked, agent, ip, link=1, language=it.language(), **extra)


def forwarded(it: Recorder) -> None:
    """One reads and sends it on; others read and click, hours apart, and a messenger may make a preview."""
    for _ in range(it.chance.choice((2, 3))):
        it.chance.choice((gmail, mail_program, outlook))(it)
    if it.chance.random() < 0.4:
        preview = it.chance.choice(
            (
                "WhatsApp/2.23.20.0",
                "facebookexternalhit/1.1",
                "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
            )
        )
        it.add(
            False,
            "click",
            it.reading_time() + HOUR / SECOND,
            preview,
            it.within("31.13.127", "34.204.10"),
            link=1,
            language=None,
        )


def office(it: Recorder) -> None:
    """A company's own filter looks first; then colleagues behind the same address read and click."""
    ip = it.home()
    _sweep(it, ip, it.chance.choice(OLD_BROWSERS), it.chance.uniform(0.5, 5), language=None)
    for _ in range(it.chance.choice((1, 2))):
        opened = it.reading_time()
        if it.chance.random() < 0.3:
            it.add(True, "open", opened, MAIL_PROGRAMS[3], ip, language=None)
        _clicks(it, opened, DESKTOPS, ip, share=0.8)


def _sweep(
    it: Recorder,
    ip: str | Callable[[], str],
    agent: str | Callable[[], str],
    start: float,
    *,
    language: str | None,
    hidden: float = 0.7,
    links: int = LINKS,
    gap: tuple[float, float] = (0.05, 1.2),
) -> None:
    """A program that follows the links in their order; `hidden`: how likely the one that nobody sees, too."""
    at, ways = start, list(range(1, links + 1))
    if it.chance.random() < 0.4:
        it.add(
            False,
            "open",
            at,
            agent() if callable(agent) else agent,
            ip() if callable(ip) else ip,
            language=language,
        )
    if it.chance.random() < hidden:
        ways.insert(it.chance.randrange(len(ways) + 1), 0)
    for link in ways:
        where, who = (ip() if callable(ip) else ip), (agent() if callable(agent) else agent)
        it.add(False, "click" if link else "hidden", at, who, where, link=link, language=language)
        at += it.chance.uniform(*gap)


def defender(it: Recorder) -> None:
    """Microsoft Safe Links and Defender."""
    agent = it.chance.choice((*DESKTOPS[:2], *OLD_BROWSERS[:3]))
    ip = it.within("40.94.31", "104.47.55", "52.101.9", "40.107.22", "20.51.3", "40.117.8")
    start = it.chance.choice((it.chance.uniform(0.5, 9), it.chance.uniform(20, 600)))
    language = it.chance.choice(("en-US", "en-US,en;q=0.9", None, None))
    way = it.chance.random()
    if way < 0.15:
        it.add(False, "click", it.chance.uniform(0.5, 9), agent, ip, link=1, language=language)
    elif way < 0.25:
        _sweep(it, ip, agent, it.chance.uniform(0.5, 9), language=language, hidden=0.0, links=2)
    else:
        _sweep(it, ip, agent, start, language=language)


def barracuda(it: Recorder) -> None:
    """Barracuda: all links at once; Sentinel names itself."""
    agent = "Barracuda Sentinel (EE)" if it.chance.random() < 0.2 else it.chance.choice(OLD_BROWSERS)
    ip = it.within("64.235.150", "209.222.82", "3.92.7", "18.204.3", "35.174.145")
    _sweep(it, ip, agent, it.chance.uniform(0.5, 40), language=None, gap=(0.02, 0.6))


def proofpoint(it: Recorder) -> None:
    """Proofpoint URL Defense: HEAD, then GET, under more than one name."""
    ip, start = it.within("67.231.152", "148.163.141", "52.37.14", "34.86.21"), it.chance.uniform(1, 300)
    for link in range(1, it.chance.choice((1, 2, LINKS)) + 1):
        at = start + link * it.chance.uniform(0.2, 2)
        if it.chance.random() < 0.6:
            it.add(
                False,
                "click",
                at,
                it.chance.choice(OLD_BROWSERS),
                ip,
                link=link,
                language=None,
                method="HEAD",
            )
        it.add(False, "click", at + 0.2, it.chance.choice(OLD_BROWSERS), ip, link=link, language=None)


def mimecast(it: Recorder) -> None:
    """Mimecast: from its own networks, or from several rented machines under several names."""
    if it.chance.random() < 0.5:
        _sweep(
            it,
            it.within("205.139.110", "207.211.30", "170.10.129", "195.130.217"),
            DESKTOPS[0],
            it.chance.uniform(1, 900),
            language="en-US",
            hidden=0.4,
        )
    else:
        _sweep(
            it,
            it.rented,
            lambda: it.chance.choice(DESKTOPS + OLD_BROWSERS),
            it.chance.uniform(1, 60),
            language=None,
        )


def slow_scanner(it: Recorder) -> None:
    """One that waits, then takes its time; half of them over every link."""
    links = it.chance.choice((LINKS, LINKS, 3, 2))
    gap = it.chance.choice(((0.3, 3.0), (0.3, 3.0), (15.0, 40.0)))
    language = it.chance.choice(("en-US,en;q=0.9", None))
    _sweep(
        it,
        it.rented(),
        it.chance.choice(DESKTOPS),
        it.chance.uniform(90, 1800),
        language=language,
        hidden=0.6,
        links=links,
        gap=gap,
    )


def prefetching_phone(it: Recorder) -> None:
    """A phone or messenger that fetches ahead and says so; the person may come later."""
    ip, agent, at = it.home(), it.chance.choice(PHONES), it.reading_time()
    says = it.chance.choice(
        (
            {"sec_purpose": "prefetch"},
            {"purpose": "prefetch"},
            {"x_purpose": "preview"},
            {"purpose": "preview"},
            {"sec_purpose": "prefetch;prerender"},
        )
    )
    it.add(False, "click", at, agent, ip, link=1, **says)
    if it.chance.random() < 0.5:
        it.add(True, "click", at + it.chance.uniform(3, 90), agent, ip, link=1, language=it.language())


def google_ahead(it: Recorder) -> None:
    """Google fetches ahead, and whoever reads may open later."""
    it.add(
        False,
        "open",
        it.chance.uniform(1, 60),
        GOOGLE_AHEAD,
        it.within("108.177.2", "66.249.93"),
        language=None,
    )
    if it.chance.random() < 0.5:
        gmail(it)


def script(it: Recorder) -> None:
    """A program that does not hide what it is, or says nothing at all."""
    agent = it.chance.choice(
        ("python-requests/2.31.0", "Go-http-client/2.0", "okhttp/4.12.0", "curl/8.5.0", "Java/11.0.22", "")
    )
    at, ip = it.chance.uniform(0, 2 * HOUR / SECOND), it.rented()
    for link in range(1, it.chance.choice((1, 1, LINKS)) + 1):
        it.add(False, "click", at + link, agent, ip, link=link, language=None)


def quiet_scanner(it: Recorder) -> None:
    """One link, minutes later, a whole browser on a rented machine: nothing in its request tells it from a person."""
    it.add(False, "click", it.chance.uniform(15, 1800), it.chance.choice(DESKTOPS), it.rented(), link=1)


def scanned_then_read(it: Recorder) -> None:
    """A filter in the network looks first; the person reads later, elsewhere."""
    it.chance.choice((defender, barracuda, proofpoint, mimecast))(it)
    opened = it.reading_time()
    _clicks(it, opened, DESKTOPS + PHONES, it.home(), share=0.9)


KINDS: tuple[tuple[float, Callable[[Recorder], None]], ...] = (
    (20, gmail),
    (5, yahoo),
    (18, apple_private),
    (9, mail_program),
    (8, outlook),
    (3, two_at_once),
    (2, thorough),
    (2, waiting),
    (3, forwarded),
    (4, office),
    (6, defender),
    (4, barracuda),
    (3, proofpoint),
    (3, mimecast),
    (3, slow_scanner),
    (2, prefetching_phone),
    (3, google_ahead),
    (1, script),
    (0.5, quiet_scanner),
    (4, scanned_then_read),
)


def traces(count: int, seed: int) -> Iterator[Trace]:
    """`count` messages that somebody or something touched."""
    chance = random.Random(seed)
    weights = [weight for weight, _ in KINDS]
    number = 0
    while number < count:
        [make] = chance.choices([kind for _, kind in KINDS], weights)
        it = Recorder(chance, number + 1)
        make(it)
        if it.hits:
            number += 1
            yield Trace(make.__name__, DELIVERED, tuple(sorted(it.hits, key=lambda pair: pair[0].at)))
