"""How fast mail leaves to a relay 20 ms away: `python -m benchmarks.latency [--json] [--messages N] [--connections N]`.

The mailing of `benchmarks/mailing.py` is sent by `nurture run` to postfix's smtp-sink, through a wire that lets each
piece of what is said arrive 10 ms later, each way. Once as the server offers PIPELINING, where a message is to cost
one round trip, and once as it does not, where it costs five; then a tenth of the messages. Counted from the first
handover to the last; CPU is that of all our processes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping

from benchmarks.mailing import daemon, mailing, plan, wait_until_sent
from benchmarks.processes import cpu_seconds, smtp_sink
from benchmarks.send import handed_over
from benchmarks.slow_wire import round_trip_ms, slow_wire

from nurture.clock import SECOND, SystemClock


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--one-way", type=float, default=10.0, help="milliseconds")
    asked = parser.parse_args()
    figures = {
        **measured(asked, asked.messages, pipelining=True),
        "without_pipelining": measured(asked, max(1, asked.messages // 10), pipelining=False),
    }
    print(json.dumps(figures, indent=2 if asked.json else None))


def measured(asked: argparse.Namespace, messages: int, *, pipelining: bool) -> Mapping[str, float]:
    """Send so many over the slow wire."""
    with (
        smtp_sink(pipelining=pipelining) as far,
        slow_wire(far, one_way_ms=asked.one_way) as port,
        mailing(messages) as it,
    ):
        environment = {
            "NURTURE_PROVIDER": "smtp",
            "NURTURE_RELAY_PORT": str(port),
            "NURTURE_RELAY_CONNECTIONS": str(asked.connections),
            "NURTURE_WEB_LISTEN": "127.0.0.1:0",
        }
        round_trip = round_trip_ms(port)
        at = plan(it)
        with daemon(it, environment=environment) as process:
            time.sleep(max(0.0, (at - SystemClock().now()) / SECOND - 0.5))
            used = cpu_seconds(process.pid)
            wait_until_sent(it, process)
            used = cpu_seconds(process.pid) - used
        count, seconds = handed_over(it)
        return {
            "messages": count,
            "connections": asked.connections,
            "messages_per_second": round(count / seconds),
            "round_trip_ms": round(round_trip, 1),
            "cpu_ms_per_message": round(1000 * used / count, 4),
        }


if __name__ == "__main__":
    main()
