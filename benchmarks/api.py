"""How many events a second the API takes, as single requests and as batches, over real HTTP on this machine.

python -m benchmarks.api [--events 20000] [--clients 8]

The server runs in a process of its own, on SQLite with full durability; requests are made by this one, which costs
about as much as answering them.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import secrets
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import uvloop

from nurture.app import App, open_app
from nurture.runner.api_keys import hash_of, new_key
from nurture.runner.new_workspace import make_workspace
from nurture.runner.world import World
from nurture.store import api_keys
from nurture.web.serve import listen, serve
from nurture.web.server import build

PEOPLE = 2_000


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=20_000)
    asked.add_argument("--clients", type=int, default=8)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "shop"
        make_workspace(workspace)
        key = _key(workspace)
        ours, theirs = multiprocessing.Pipe()
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=(workspace, theirs))
        server.start()
        port = ours.recv()
        try:
            figures = uvloop.run(
                _measure(f"http://127.0.0.1:{port}/api/v1", key, given.events, given.clients)
            )
        finally:
            ours.send("end")
            server.join(30)
    print(json.dumps(figures, indent=2))


def _key(workspace: Path) -> str:
    key = new_key(secrets.choice, publishable=False)
    with open_app(workspace) as app, app.store.write() as tx:
        api_keys.add(
            tx,
            app.store.ids,
            "benchmark",
            hash_of(key),
            ["events:write"],
            publishable=False,
            now=app.clock.now(),
        )
    return key


def _serve(workspace: Path, pipe: Connection) -> None:
    with open_app(workspace) as opened:
        settings = opened.settings.model_copy(
            update={"api": opened.settings.api.model_copy(update={"per_minute": 1_000_000})}
        )
        app = App(settings, opened.store, opened.clock)
        taken = listen("127.0.0.1", 0)
        uvloop.run(_until_told(app, taken, pipe))


def _no_world() -> World:
    raise LookupError("events need no version in force")


async def _until_told(app: App, taken: object, pipe: Connection) -> None:
    stop = asyncio.Event()
    site = build(app.web(_no_world))
    asyncio.get_running_loop().add_reader(pipe.fileno(), stop.set)
    pipe.send(taken.getsockname()[1])  # type: ignore[attr-defined]
    await serve(site, taken, stop)  # type: ignore[arg-type]


async def _measure(base: str, key: str, events: int, clients: int) -> dict[str, object]:
    limits = httpx.Limits(max_connections=clients)
    headers = {"authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, limits=limits, timeout=120) as client:
        await _single(client, "warm", 200, clients)
        return {
            "single": await _single(client, "single", events // 10, clients),
            "single, one after the other": await _single(client, "slow", events // 40, 1),
            "batches of 1,000": await _batches(client, "small", events, 1_000),
            "one batch": await _batches(client, "large", events, events),
        }


def _event(name: str, number: int) -> bytes:
    who = f"p{number % PEOPLE}@example.test"
    return json.dumps({"id": f"{name}-{number}", "email": who, "name": "seen", "page": number}).encode()


async def _single(client: httpx.AsyncClient, name: str, events: int, clients: int) -> dict[str, float]:
    numbers = iter(range(events))
    waits: list[float] = []

    async def ask() -> None:
        for number in numbers:
            began = time.perf_counter()
            answer = await client.post(
                "/events", content=_event(name, number), headers={"content-type": "application/json"}
            )
            answer.raise_for_status()
            waits.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(clients)))
    rate = events / (time.perf_counter() - began)
    return {"a second": round(rate), "p99 ms": round(sorted(waits)[int(len(waits) * 0.99)] * 1000, 1)}


async def _batches(client: httpx.AsyncClient, name: str, events: int, size: int) -> dict[str, float]:
    bodies = [
        b"\n".join(_event(name, number) for number in range(start, min(start + size, events)))
        for start in range(0, events, size)
    ]
    began = time.perf_counter()
    taken = 0
    for body in bodies:
        answer = await client.post("/events", content=body, headers={"content-type": "application/x-ndjson"})
        taken += answer.raise_for_status().json()["taken"]
    assert taken == events
    return {"a second": round(events / (time.perf_counter() - began))}


if __name__ == "__main__":
    main()
