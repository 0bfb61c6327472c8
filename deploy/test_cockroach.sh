#!/bin/sh
# Runs a command of tests on the CockroachDB of COCKROACH_URL, or on one in memory where a
# `cockroach` binary is. Where neither is there it says so, and that is no failure.
set -eu

if [ -z "${COCKROACH_URL:-}" ]; then
    if ! command -v cockroach >/dev/null; then
        echo 'NOT RUN: set COCKROACH_URL, or put a cockroach binary on the PATH'
        exit 0
    fi
    folder=$(mktemp -d)
    cockroach start-single-node --insecure --store=type=mem,size=1GiB \
        --listen-addr=127.0.0.1:0 --http-addr=127.0.0.1:0 \
        --listening-url-file="$folder/url" >"$folder/log" 2>&1 &
    server=$!
    trap 'kill "$server" 2>/dev/null || true; wait "$server" || true; rm -rf "$folder"' EXIT
    trap 'exit 130' INT TERM
    while [ ! -s "$folder/url" ]; do
        kill -0 "$server" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
        sleep 0.1
    done
    COCKROACH_URL=$(cat "$folder/url")
fi

export COCKROACH_URL
DATABASE_URL=$COCKROACH_URL DATABASE_ENGINE=config.cockroachdb "$@"
