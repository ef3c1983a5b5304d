# The desk and its app in one image; docker-compose.yml starts both. The steps are the Makefile's, which every test run
# takes too. The digest is the multi-platform index; renew tag and digest together.
ARG PYTHON=python:3.11.17-slim-bookworm@sha256:0a310eeecf4e1f5a0743f9a6520c90c88d089c903ca5fd283f501e3a805f5f89

FROM ${PYTHON} AS made
# Of the Debian that the digest pins.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/deskwatch
# What is locked changes seldom: a layer of its own.
COPY Makefile requirements-uv.txt requirements.txt ./
RUN make .venv/.installed
COPY . .
# Kernels are kept where the running desk may write: another processor, or a new kernel, is compiled anew once.
ENV NUMBA_CACHE_DIR=/var/cache/deskwatch
RUN make .venv/.compiled \
    && .venv/bin/python -m compileall -q sidecar pages app.py deploy \
    && .venv/bin/python -m pip uninstall --quiet --yes uv pip \
    && find .venv -type d -name tests -prune -exec rm -r {} +

FROM ${PYTHON}
RUN groupadd --system --gid 10001 deskwatch \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin deskwatch \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/deskwatch
COPY --from=made /opt/deskwatch /opt/deskwatch
COPY --from=made --chown=10001:10001 /var/cache/deskwatch /var/cache/deskwatch
WORKDIR /opt/deskwatch
ENV PATH=/opt/deskwatch/.venv/bin:$PATH \
    HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONFAULTHANDLER=1 \
    NUMBA_CACHE_DIR=/var/cache/deskwatch \
    DESK_DATA_DIR=/var/lib/deskwatch
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-I", "deploy/answers.py", "http://127.0.0.1:8000/health/ready"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m"]
CMD ["sidecar", "serve"]
