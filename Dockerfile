# Two stages: the first has pip and whatever builds need, the second only what runs.
# Plain instructions throughout, so that older builders and other tools read it too.
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/blendbeat
# The dependencies first: they change less often than the code, and the layer is cached. What builds them is pinned and
# hashed too, so nothing comes in unchecked.
COPY requirements-build.lock requirements.lock ./
RUN /opt/blendbeat/bin/pip install --require-hashes -r requirements-build.lock \
    && /opt/blendbeat/bin/pip install --require-hashes --no-build-isolation -r requirements.lock
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY origin origin
COPY cachetiers cachetiers
# Neither pip nor setuptools is needed to run.
RUN /opt/blendbeat/bin/pip install --no-deps --no-build-isolation . \
    && /opt/blendbeat/bin/pip uninstall --yes setuptools pip

FROM python:${PYTHON}-slim

# MALLOC_ARENA_MAX: glibc gives every thread an arena of its own and libvips' buffers fragment them all;
# with two arenas the same 5,000 pictures peak at half the memory, no slower (docs/performance.md).
# HOME: the root file system may be read-only; of /tmp and /dev/shm one must be writable, for a heartbeat.
ENV PATH=/opt/blendbeat/bin:$PATH \
    HOME=/tmp \
    MALLOC_ARENA_MAX=2 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PORT=8080

COPY --from=build /opt/blendbeat /opt/blendbeat
# A number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /tmp
EXPOSE 8080

# Python instead of curl: one program less in the image. And http.client, which heeds no http_proxy.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["python", "-c", "import http.client as h, os; c = h.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=2); c.request('GET', '/health'); raise SystemExit(c.getresponse().status != 200)"]

CMD ["gunicorn", "-c", "python:origin.gunicorn_conf", "origin.wsgi:application"]
