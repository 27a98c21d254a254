# rust:…-slim-bookworm already has what the build needs: a C compiler for aws-lc-rs. bookworm on both sides: one glibc.
ARG BUILD_IMAGE=rust:1.95-slim-bookworm
# Debian's slim image rather than an empty one: getaddrinfo wants glibc's own resolver files, and an engineer at night wants
# a shell. Nothing is installed into it, so there are no package versions to pin and no package manager runs at build time.
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY . .
RUN cargo build --release --locked --bin doorward

FROM ${RUNTIME_IMAGE}
LABEL org.opencontainers.image.title="doorward" \
      org.opencontainers.image.description="Forward-auth verification service: checks the JWT of every request" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# Without the public roots no JWKS could be fetched over https. The builder has the same Debian release's bundle.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /build/target/release/doorward /usr/local/bin/doorward

# Numeric, so that Kubernetes can check runAsNonRoot; no such user exists, and none is needed: nothing is written.
USER 65532:65532

# The proxy is another container, so loopback would be unreachable. The admin listener (8081) stays on loopback: it
# serves /metrics and /status without a password. To let Prometheus in from outside, choose so: DOORWARD_ADMIN_LISTEN=0.0.0.0:8081,
# and publish that port to Prometheus only.
ENV DOORWARD_LISTEN=0.0.0.0:8080
EXPOSE 8080 8081

# Asks the admin listener, inside this container.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["doorward", "health"]

ENTRYPOINT ["doorward"]
CMD ["serve"]
