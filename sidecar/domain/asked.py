"""On whose behalf the running code works: the id of the request that it answers, for whatever it logs.

A context variable, for it has to follow a request over tasks and threads through code that knows of no requests.
"""

from contextvars import ContextVar

#: The id of the request that is being answered; empty where none is.
ASKED: ContextVar[str] = ContextVar("asked", default="")
