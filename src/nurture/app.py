"""The one place where things are put together."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from nurture.campaigns.findings import Finding
from nurture.clock import Clock, SystemClock
from nurture.delivery.shaping import shaping_of
from nurture.delivery.throttle import Throttle
from nurture.errors import SettingsError, WorkspaceError
from nurture.messages.tokens import Signer
from nurture.messages.urls import Urls
from nurture.messages.webhook import secrets_of
from nurture.providers.addresses import networks
from nurture.providers.base import Caller, Provider
from nurture.providers.dns import Dns
from nurture.providers.inbox import InboxProvider
from nurture.providers.mx import MxProvider
from nurture.providers.smtp import SmtpProvider
from nurture.providers.webhook import Webhooks
from nurture.runner import checking, settings_findings
from nurture.runner.alerts import Alerts
from nurture.runner.counts import Counts
from nurture.runner.daemon import Loop
from nurture.runner.doctor import Patient
from nurture.runner.feed import FeedLoop
from nurture.runner.feed_turns import Turns
from nurture.runner.files import look
from nurture.runner.hearing import Office
from nurture.runner.helpers import Helpers
from nurture.runner.lanes import Lanes
from nurture.runner.look_ups import LookUps
from nurture.runner.mail_in import MailIn, Post
from nurture.runner.notice_letters import Keys
from nurture.runner.notices import Notifying, Ways
from nurture.runner.outgoing import Outgoing
from nurture.runner.prepare import Preparer
from nurture.runner.renderers import Renderers, default_count
from nurture.runner.rendering import Start
from nurture.runner.replies import office_hours
from nurture.runner.seals import Seals, address_key_in, seals_of
from nurture.runner.send import Handling
from nurture.runner.steering import Steering
from nurture.runner.template_trials import Progress
from nurture.runner.tending import Tending
from nurture.runner.troubles import Troubles
from nurture.runner.view import Viewer
from nurture.runner.world import World
from nurture.settings import SECRET_FILE, Settings, find_workspace, load
from nurture.settings.webhooks import Subscriber
from nurture.store.engine import Store, open_store
from nurture.store.new_codes import Chance
from nurture.store.suppressions import hash_address
from nurture.web.deps import InForce, Watching, WebDeps


class App:
    """A workspace with its settings, database and keys. Close it, or use it in a `with`."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.started_at = SystemClock().now()
        self.counts = Counts()
        keys = _keys(settings)
        self.signer = Signer(*keys)
        self.urls = Urls(settings.web.public_url, self.signer)
        self.address_key = address_key_in(store, keys)
        self._helpers = Helpers()
        store.subscribe(self.subscribers, clock)

    @cached_property
    def seals(self) -> Seals:
        """The workspace's keys. Raises SettingsError where one of `[dkim]` cannot be read."""
        return seals_of(self.settings, _keys(self.settings), self.address_key)

    @property
    def is_direct(self) -> bool:
        """Whether mail goes straight to the servers of each recipient."""
        return self.settings.provider == "smtp" and self.settings.deliver == "mx"

    @property
    def subscribers(self) -> tuple[Subscriber, ...]:
        """Who is told what happens: nobody where mail is kept in the inbox."""
        return self.settings.webhooks if self.settings.provider == "smtp" else ()

    def secrets_for(self, subscriber: Subscriber) -> tuple[str, ...]:
        """What a subscriber checks its webhooks with: the secret in use, then older ones."""
        return secrets_of(subscriber.secret, "") if subscriber.secret else self.webhook_secrets

    def lanes(self) -> Lanes | None:
        """Into which lane mail goes; None where it all stays in the inbox."""
        return (
            Lanes(self.store, self.clock, direct=self.is_direct) if self.settings.provider == "smtp" else None
        )

    def provider(self, outgoing: Outgoing | None = None) -> Provider:
        """How mail leaves, as nurture.toml says: at the pace of `outgoing`, else at its own."""
        settings = self.settings
        if settings.provider != "smtp":
            return InboxProvider(self.store, self.clock)
        if self.is_direct:
            return self._direct(outgoing)
        if outgoing is None:
            return SmtpProvider(settings.relays, clock=self.clock)
        return SmtpProvider(
            settings.relays,
            clock=self.clock,
            throttle=outgoing.steering.throttle,
            on_measure=outgoing.steering.measure,
            # Of a single one Sending says it.
            on_down=outgoing.on_down if len(settings.relays) > 1 else None,
        )

    def _direct(self, outgoing: Outgoing | None) -> MxProvider:
        mx = self.settings.mx
        allowed = networks(mx.allow)
        if outgoing is None or outgoing.lanes is None:
            throttle = Throttle(shaping_of(self.settings), self.clock.now())
            return MxProvider(self.clock, Dns(self.clock), throttle, own_name=mx.name, networks=allowed)
        return MxProvider(
            self.clock,
            outgoing.dns,
            outgoing.steering.throttle,
            known=outgoing.lanes.site_of,
            misplaced=outgoing.lanes.misplaced,
            on_measure=outgoing.steering.measure,
            own_name=mx.name,
            connections=mx.connections,
            networks=allowed,
        )

    def outgoing(self, lanes: Lanes | None, troubles: Troubles) -> Outgoing:
        """What sending goes by. To be made on the event loop."""
        return Outgoing(
            steering=Steering(self.store, self.settings, self.clock, self._alerts().tell, self.counts),
            dns=Dns(self.clock),
            lanes=lanes,
            troubles=troubles,
        )

    def _alerts(self) -> Alerts:
        return Alerts(self.settings, self.clock, self.webhook_secrets, self.provider, self.hooks, self.counts)

    def calls(self) -> Webhooks:
        """How subscribers are called, over connections that are used again."""
        notify = self.settings.notify
        return Webhooks(networks(notify.allow), ca_file=notify.ca_file, keep=True)

    def hooks(self) -> Caller:
        """How webhooks leave: not at all where mail is kept in the inbox."""
        if self.settings.provider == "smtp":
            notify = self.settings.notify
            return Webhooks(networks(notify.allow), ca_file=notify.ca_file)
        return InboxProvider(self.store, self.clock)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """What receivers check webhooks with, as it is given to them: the secret in use, then older ones."""
        return secrets_of(self.settings.webhook_secret, self.settings.secret)

    def notifying(
        self,
        world: Callable[[], World],
        mail: Provider,
        hooks: Caller,
        troubles: Troubles | None = None,
    ) -> Notifying:
        """The loop that hands notices over."""
        keys = Keys(webhook_secrets=self.webhook_secrets, address_key=self.address_key, signer=self.signer)
        return Notifying(self.store, self.clock, world, Ways(mail=mail, hooks=hooks), keys, troubles=troubles)

    def handling(self, world: Callable[[], World], *, chance: Chance = secrets.randbits) -> Handling:
        """How messages of this workspace are prepared and recorded."""
        preparer = Preparer(self.store, self.clock, world, self.seals, chance=chance)
        return Handling(
            prepare=preparer.prepare,
            recheck=preparer.recheck,
            hash_address=lambda address: hash_address(self.address_key, address),
            expiries=lambda: {key: offer.expires for key, offer in world().offers.items()},
            delivers=self.is_direct,
        )

    def renderers(self, count: int) -> Renderers:
        """So many rendering processes; 0: as many as the machine has room for."""
        start = Start(self.settings, tuple(_keys(self.settings)), self.store.file_id)
        return Renderers(self.store, start, count or default_count(), self.counts)

    def web(self, world: Callable[[], World], watched: Watching | None = None) -> WebDeps:
        """What the pages need. `watched`: what /metrics tells of."""
        viewer = Viewer(self.store, self.clock, world, self.urls, self._helpers)

        def in_force() -> InForce:
            it = world()
            return InForce(
                stages=it.lifecycle.names,
                topics={campaign.key: campaign.topic for _, campaign in it.in_force},
                aims=frozenset(campaign.key for _, campaign in it.in_force if campaign.goal is not None),
                expires={key: offer.expires for key, offer in it.offers.items()},
                templates=frozenset(it.letters.library.names()),
            )

        return WebDeps(
            store=self.store,
            settings=self.settings,
            signer=self.signer,
            clock=self.clock,
            address_key=self.address_key,
            world=world,
            in_force=in_force,
            target=viewer.target,
            render=viewer.html,
            watched=watched,
        )

    def beside(self, outgoing: Outgoing, world: Callable[[], World]) -> list[Loop]:
        """What goes on beside sending."""
        tending = Tending(self.store, self.clock, world, self.address_key, outgoing.troubles)
        loops: list[Loop] = [outgoing.steering, tending]
        if self.settings.mail_in.is_set_up:
            loops.append(MailIn(self.post(world), outgoing.troubles))
        if self.subscribers:
            given = [(it, self.secrets_for(it)) for it in self.subscribers]
            alert = self._alerts().tell_of_subscriber
            loops.append(
                FeedLoop(
                    self.store,
                    self.clock,
                    given,
                    self.calls(),
                    alert=alert,
                    troubles=outgoing.troubles,
                    turns=Turns(lambda: self.counts.handed),
                )
            )
        if outgoing.lanes is None:
            return loops
        look_ups = LookUps(
            self.store,
            self.clock,
            outgoing.lanes,
            outgoing.dns,
            address_key=self.address_key,
            troubles=outgoing.troubles,
        )
        return [*loops, look_ups]

    def post(self, world: Callable[[], World]) -> Post:
        """By what mail that comes in is taken."""

        def office() -> Office:
            it = world()
            return Office(
                settings=self.settings,
                address_key=self.address_key,
                topics={campaign.key: campaign.topic for _, campaign in it.in_force},
                expires={key: offer.expires for key, offer in it.offers.items()},
            )

        return Post(
            store=self.store,
            clock=self.clock,
            signer=self.signer,
            settings=self.settings,
            office=office,
            counts=self.counts,
        )

    def close(self) -> None:
        """End the processes that render for pages, and close the database."""
        self._helpers.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _keys(settings: Settings) -> list[str]:
    """The key that links are signed with, and older ones that are still read."""
    return [key.strip() for key in settings.secret.split(",") if key.strip()]


def read_settings(folder: Path) -> Settings:
    """The settings of the workspace in `folder`, with what is read only when it is needed looked at, too. Raises
    SettingsError."""
    settings = load(folder)
    office_hours(settings)
    return settings


def open_app(workspace: Path | None, *, clock: Clock | None = None, durable: bool = True) -> App:
    """Open the workspace at or above `workspace` (else the current folder). Raises NurtureError."""
    folder = workspace if workspace is not None else find_workspace(Path.cwd())
    settings = read_settings(folder)
    if not _keys(settings):
        raise _no_key(folder)
    clock = clock or SystemClock()
    store = open_store(settings.database_url, now=SystemClock().now(), durable=durable)
    try:
        return App(settings, store, clock)
    except BaseException:
        store.close()
        raise


def patient_of(workspace: Path | None, *, seconds: float, nameserver: tuple[str, int] | None) -> Patient:
    """The workspace for `nurture doctor` to look at, its database unopened. `nameserver`: address and port; None: those
    of this machine. Raises NurtureError."""
    settings = read_settings(workspace if workspace is not None else find_workspace(Path.cwd()))
    keys = _keys(settings)
    if not keys:
        raise _no_key(settings.workspace)
    clock, patience = SystemClock(), min(5.0, seconds / 2)
    asked, port = ((nameserver[0],), nameserver[1]) if nameserver else ((), 53)
    dns = Dns(clock, asked, port=port, seconds=patience)
    return Patient(settings=settings, signer=Signer(*keys), clock=clock, dns=dns, seconds=seconds)


def _no_key(folder: Path) -> WorkspaceError:
    return WorkspaceError(
        f"there is no key in {SECRET_FILE} here, and NURTURE_SECRET is not set",
        where=str(folder),
        remedy="Bring back the file: with another one, links in messages that were sent stop working.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedWorkspace:
    """What a look at all files of a workspace found."""

    files: int
    findings: tuple[Finding, ...]
    note: str = ""
    """What could not be looked at, and why; empty: everything was."""


def check_workspace(workspace: Path | None, everybody: Progress | None = None) -> CheckedWorkspace:
    """Look at nurture.toml, campaigns/ and templates/ in one go. Raises NurtureError where there is no workspace.

    Where there is no database yet, as in a fresh checkout, or nurture.toml is at fault, so that it cannot be found,
    no name is held against it. `everybody`: messages are rendered for all contacts, and it is told how far it is.
    """
    folder = workspace if workspace is not None else find_workspace(Path.cwd())
    found = look(folder)
    try:
        settings = read_settings(folder)
    except SettingsError as error:
        findings = [*found.findings, *settings_findings.findings_of(error, folder)]
        checked = checking.check(None, None, found.files, findings, SystemClock().now())
        return CheckedWorkspace(files=len(found.files) + 1, findings=checked.findings, note=_UNASKED)
    if settings.database_file is not None and not settings.database_file.exists():
        checked = checking.check(None, settings, found.files, found.findings, SystemClock().now())
        return CheckedWorkspace(files=len(found.files) + 1, findings=checked.findings, note=_UNASKED)
    store = open_store(settings.database_url, now=SystemClock().now())
    try:
        now = SystemClock().now()
        checked = checking.check(store, settings, found.files, found.findings, now, everybody)
    finally:
        store.close()
    return CheckedWorkspace(files=len(found.files) + 1, findings=checked.findings)


_UNASKED = "The database could not be asked, so events, lines and attributes were taken as they are written."
