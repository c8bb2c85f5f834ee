# Dog as a container. What is below is what make image-test does.
#   docker build -t dog-gateway .              (podman build --format docker -t dog-gateway . keeps the health check, too)
#   docker run -d --name dog --read-only --cap-drop ALL --security-opt no-new-privileges \
#       -p 127.0.0.1:8080:8080 -v dog:/var/lib/dog dog-gateway
# State and home.xml are in the volume. A serial port: --device /dev/ttyUSB0, and --group-add with the port's group on the
# host (stat -c %g /dev/ttyUSB0) unless that is 20, Debian's dialout. What stands after the image's name takes the place of
# CMD: dog-gateway --listen tcp:8080 --simulate.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim-trixie
COPY --from=build /wheels /wheels
# uid and gid are fixed, so that a volume stays its owner's with the next image. The versions are setup.cfg's business.
# twistd --help writes Twisted's list of plugins, which nobody can write later.
# hadolint ignore=DL3013
RUN wheel="$(echo /wheels/dog_gateway-*.whl)" \
    && pip install --no-cache-dir "${wheel}[all]" \
    && rm -r /wheels \
    && twistd --help >/dev/null \
    && groupadd --gid 10280 dog \
    && useradd --uid 10280 --gid dog --groups dialout --home-dir /var/lib/dog --no-log-init --shell /usr/sbin/nologin dog \
    && install -d -o dog -g dog -m 750 /var/lib/dog
# Without a group: dog's own are taken, and dialout is one of them.
USER 10280
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
