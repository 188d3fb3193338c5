#!/bin/sh
# All set-up and the tests: foreign judges from PyPI (into .venv) and npm (into tests/judges/node_modules), then `cargo test`.
set -eu
cd "$(dirname "$0")"

missing=""
command -v python3 >/dev/null || missing="$missing python3"
python3 -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
command -v npm >/dev/null || missing="$missing npm"
command -v cc >/dev/null || missing="$missing gcc"
if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
    if [ "$(id -u)" = 0 ]; then missing="$missing chromium"; else echo "Chromium is absent (chromium): the page's test is skipped" >&2; fi
fi
if ! ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1; then
    if [ "$(id -u)" = 0 ]; then missing="$missing postgresql-postgis"; else echo "PostGIS is absent (postgresql-postgis): its tests are skipped" >&2; fi
fi
if [ -n "$missing" ]; then
    [ "$(id -u)" = 0 ] || { echo "please install:$missing" >&2; exit 1; }
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing
fi

[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/pip install -q --disable-pip-version-check -r tests/judges/requirements.txt
(cd tests/judges && npm ci --silent --no-audit --no-fund)

cargo test --release --locked "$@"
