"""How gunicorn serves the origin; one reason per number.

Loaded in the arbiter before any worker exists, so wrong settings end here, with
all their problems and status 78, and no server starts. Nothing in this module may
touch libvips: a libvips call before the fork hangs the children.
"""

import mmap
import os
import resource
import sys
from typing import Any

from origin import footing, secrets
from origin.draining import CUT_STATUS
from origin.errors import NotAnImage
from origin.imaging.inspect import sniff
from origin.pace import Pace, Patience
from origin.settings import EXIT_STATUS, BadSettings, Isolation, Settings, unknown_variables

try:
    _settings = Settings.from_environ(secrets.environment())
    if _settings.imaging.watermark is not None:
        sniff(_settings.imaging.watermark)
except NotAnImage:
    print("blendbeat: BLENDBEAT_WATERMARK: the file is no picture", file=sys.stderr)
    sys.exit(EXIT_STATUS)
except BadSettings as bad:
    for problem in bad.problems:
        print(f"blendbeat: {problem}", file=sys.stderr)
    sys.exit(EXIT_STATUS)

for name in unknown_variables(os.environ):
    print(f"blendbeat: warning: {name} is not a setting; see the table in README.md", file=sys.stderr)
if _settings.keys.allow_unsigned:
    print("blendbeat: WARNING: BLENDBEAT_ALLOW_UNSIGNED=1: anybody may ask for any picture", file=sys.stderr)

if not os.access("/dev/shm", os.W_OK) and not os.access("/tmp", os.W_OK):  # noqa: S108
    print("blendbeat: neither /dev/shm nor /tmp is writable; gunicorn's heartbeat needs one of them", file=sys.stderr)
    sys.exit(EXIT_STATUS)

bind = f"0.0.0.0:{_settings.port}"
"""Every address: in a container the only one that can be reached from outside."""

worker_class = "origin.worker.DrainingWorker"
"""gunicorn's gevent worker: thousands of kept-alive connections in one process, the pixels in child processes
beside it. Ours also lets go of idle connections when it is told to stop."""

workers = _settings.workers
"""One process has one memory tier and coalesces everything; its pixel children use all cores anyway."""

_soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
_files = max(_soft, min(_hard, 8192) if _hard != resource.RLIM_INFINITY else 8192)
resource.setrlimit(resource.RLIMIT_NOFILE, (_files, _hard))

_children = _settings.imaging.workers if _settings.imaging.isolation is Isolation.PROCESS else 0
if _missing := footing.missing(_files, _children):
    for problem in _missing:
        print(f"blendbeat: {problem}", file=sys.stderr)
    sys.exit(EXIT_STATUS)

worker_connections = min(2000, _files // 2)
"""An edge keeps hundreds of connections open. Each costs tens of kilobytes, so this bounds memory, not work. And never
more than half the files a process may open: sources, children and memcached need some, whoever connects."""

keepalive = 75
"""Longer than a load balancer's idle time-out of 60 s. gunicorn's default of 2 s closes connections just as the
balancer sends on them, which shows as sporadic 502s."""

graceful_timeout = _settings.drain.total_s
"""What is not done by then is killed. A worker ends a second earlier by itself, and tells those whom it cuts."""

timeout = 60
"""A worker whose event loop has not turned for this long is replaced. The heartbeat is the loop's own, so slow
pictures and slow sources do not count."""

backlog = 2048
"""A burst waits in the kernel instead of being refused while a worker starts."""

limit_request_line = 8190
"""The most gunicorn allows; the default of 4094 answers 414 to long base64 sources."""

limit_request_fields = 64
"""Edges add some twenty; a client that sends a hundred means harm."""

limit_request_field_size = 8190
"""Cookies of the site around us come along; nothing else is long. All fields together: see `post_fork`."""

forwarded_allow_ips = ""
"""From loopback, gunicorn would otherwise take a scheme, a path and the name of a script out of header fields."""

forwarder_headers = ""
"""See above."""

preload_app = False
"""libvips and the event loop start in the workers. Loaded before the fork, both would hang."""

worker_tmp_dir = next((folder for folder in ("/dev/shm", "/tmp") if os.access(folder, os.W_OK)), None)  # noqa: S108
"""The heartbeat file: in memory, so that a full or slow disk kills no worker, and writable under a read-only root."""

control_socket_disable = True
"""gunicorn would open a control socket in the home directory, which a read-only root does not have."""

accesslog = None
"""Requests are logged by origin.telemetry, with what matters about a picture and without signatures."""


_cut = mmap.mmap(-1, 1)
"""Shared with the workers, who set it when they cut a request. gunicorn exits with 0 whatever becomes of them."""


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001  gunicorn's signature
    """Tell the worker how long clients are waited for, and how it stops."""
    worker.drain = _settings.drain
    worker.tell_of_cuts = lambda: _cut.__setitem__(0, 1)
    clients = _settings.clients
    worker.patience = Patience(
        head=Pace.at_most(clients.head_timeout_s),
        # What nginx takes by default.
        head_bytes=32 * 1024,
        body=Pace(clients.stall_s, clients.bytes_per_s, clients.body_timeout_s),
        # An answer's length is ours, so with the pace its time is bounded, too.
        answer=Pace(clients.stall_s, clients.bytes_per_s),
        rest=Pace.at_most(2),
    )


def on_exit(server: Any) -> None:
    """Exit with what is true: not with 0 if requests were cut, or workers had to be killed."""
    if _cut[0] or server.WORKERS:
        sys.exit(CUT_STATUS)


errorlog = "-"
"""Standard error: whoever runs the process collects it."""

proc_name = "blendbeat"
"""What ps shows where setproctitle is installed."""
