# Dog as a container: docker build -t dog-gateway .
# docker run -p 127.0.0.1:8080:8080 -v dog:/var/lib/dog dog-gateway
# A serial port: --device /dev/ttyUSB0 --group-add dialout. State and home.xml are in the volume.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim-trixie
COPY --from=build /wheels /wheels
# uid and gid are fixed, so that a volume stays its owner's with the next image. The versions are setup.cfg's business.
# hadolint ignore=DL3013
RUN wheel="$(echo /wheels/dog_gateway-*.whl)" \
    && pip install --no-cache-dir "${wheel}[all]" \
    && rm -r /wheels \
    && groupadd --gid 10280 dog \
    && useradd --uid 10280 --gid dog --groups dialout --home-dir /var/lib/dog --no-log-init --shell /usr/sbin/nologin dog \
    && install -d -o dog -g dog -m 750 /var/lib/dog
USER 10280:10280
WORKDIR /var/lib/dog
VOLUME /var/lib/dog
EXPOSE 8080
STOPSIGNAL SIGTERM
# The liveness is asked for on the container's own loopback, where the client needs no token. --timeout: a gateway that hangs.
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s \
    CMD ["dogctl", "--timeout", "8", "devices", "--json"]
# Others than the container itself need a token: the first one, an admin's, is /var/lib/dog/admin.token.
ENTRYPOINT ["twistd", "--nodaemon", "--pidfile=", "dog", "--state-dir", "/var/lib/dog"]
CMD ["--listen", "tcp:8080"]
