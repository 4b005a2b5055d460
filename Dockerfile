# syntax=docker/dockerfile:1
# Building needs the network once; the image holds the program, certificates and an empty folder for SQLite. No shell.
FROM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=${VERSION}" -o /out/portal ./cmd/portal \
 && mkdir -p /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/portal /portal
# Time zones are inside the program. Run with --read-only and mount /data (SQLite) and a tmpfs on /tmp (uploads).
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 --chmod=0700 /out/tmp /tmp
USER 65532:65532
ENV PORTAL_ADDR=0.0.0.0:8080 PORTAL_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/portal"]
CMD ["serve"]
