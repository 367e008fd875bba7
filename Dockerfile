# One image for web, worker and migrations. Pin the base by digest where you build for production:
#   docker build --build-arg PYTHON_IMAGE=python:3.11-slim-bookworm@sha256:... .
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/hub
COPY requirements.lock ./
RUN python -m venv .venv && .venv/bin/python -m pip install --quiet --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/python -m pip install --quiet --no-build-isolation --no-deps --editable . \
 && .venv/bin/python -m compileall -q hub adapters schema

FROM ${PYTHON_IMAGE}
# The entry in passwd is needed: initdb of the embedded PostgreSQL looks its user up.
RUN groupadd --gid 10001 hub \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/hub --no-create-home --shell /usr/sbin/nologin hub \
 && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/hub
COPY --from=build /opt/hub /opt/hub
ENV PATH=/opt/hub/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HUB_DATA=/var/lib/hub HUB_HOST=0.0.0.0 HUB_LOG_FORMAT=json
WORKDIR /opt/hub
USER 10001:10001
VOLUME /var/lib/hub
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
# Run with --init: the hub is no init and does not reap processes that others leave behind.
ENTRYPOINT ["hub"]
CMD ["up"]
