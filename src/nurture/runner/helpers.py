"""Messages rendered for pages in processes of their own, so that no template can hold the daemon up."""

from __future__ import annotations

import pickle
import subprocess
import sys
import threading
import time
from contextlib import suppress

from nurture.errors import ServiceError, TemplateError, TemplateStoppedError
from nurture.messages.bounds import SECONDS, took_too_long
from nurture.runner.bounded import Watch
from nurture.runner.bounded_talk import Ear, heard
from nurture.runner.render_helper import READY, Job

MOST = 2
"""Processes, so that one template that is on its way to be stopped keeps nobody waiting."""
REST = 10.0
"""Seconds for which a message that was stopped is not tried again."""
_START = 30.0
"""Seconds that a process has to come up."""
# -P: nothing is imported from the folder that the daemon was started in.
_COMMAND = (sys.executable, "-P", "-c", "from nurture.runner.render_helper import main; main()")


class Helpers:
    """Starts a process when there is work for it, and another one for it where it ended. Safe to share by threads."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        """How long one message may take."""
        self._free: list[_Helper] = []
        self._places = threading.BoundedSemaphore(MOST)
        self._lock = threading.Lock()
        self._stopped: dict[str, float] = {}

    def render(self, job: Job) -> str:
        """The HTML, or where the link leads. Raises TemplateError, or ServiceError where no process comes up."""
        self._refuse(job)
        with self._places:
            # It may have been stopped while this one waited.
            self._refuse(job)
            answer = self._answer(job)
        if isinstance(answer, TemplateStoppedError):
            with self._lock:
                self._stopped[job.compiled.hash] = time.monotonic() + REST
        if isinstance(answer, TemplateError):
            answer.where = answer.where or job.compiled.name
            raise answer
        return answer

    def close(self) -> None:
        """End those that have nothing to do. Again is harmless, and so is work afterwards."""
        with self._lock:
            free, self._free = self._free, []
        for it in free:
            it.end()

    def _refuse(self, job: Job) -> None:
        with self._lock:
            now = time.monotonic()
            self._stopped = {name: until for name, until in self._stopped.items() if until > now}
            if job.compiled.hash in self._stopped:
                raise TemplateStoppedError("it was stopped a moment ago", where=job.compiled.name)

    def _answer(self, job: Job) -> str | TemplateError:
        with self._lock:
            helper = self._free.pop() if self._free else None
        answer = None if helper is None else helper.do(job)
        if helper is None or answer is None:
            # One that died in its sleep was to be replaced anyway.
            helper = _Helper()
            answer = helper.do(job)
        if answer is None:
            return TemplateStoppedError("it was stopped: it ended the process that worked on it")
        if helper.is_there:
            with self._lock:
                self._free.append(helper)
        return answer


class _Helper:
    """One process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, close_fds=True
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._jobs, self._said = self._process.stdin, self._process.stdout
        self._ear = Ear(self._said.fileno())
        try:
            ready = self._ear.next(_START)
            if ready is not None and heard(ready) == READY:
                return
        except EOFError:
            pass
        self.end()
        raise ServiceError("the process that renders messages for pages does not come up")

    @property
    def is_there(self) -> bool:
        """Whether it takes work."""
        return self._process.returncode is None

    def do(self, job: Job) -> str | TemplateError | None:
        """What comes of the job; None where the process ended, by itself or by what the job did to it."""
        watch = Watch(self._process.pid, job.seconds)
        try:
            self._jobs.write(pickle.dumps(job))
            self._jobs.flush()
            while True:
                said = self._ear.next(watch.left())
                if said is None:
                    if watch.is_over():
                        self.end()
                        return took_too_long(seconds=job.seconds)
                elif said.kind == b"b":
                    watch.begun(said.at, said.cpu)
                else:
                    answer: str | TemplateError = heard(said)
                    return answer
        except (EOFError, BrokenPipeError):
            self.end()
            return None
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._jobs.close()
        self._said.close()
