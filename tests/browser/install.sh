#!/usr/bin/env bash
# Install Debian's Chromium where there is no browser for the tests of the report.
set -euo pipefail

for program in ${CHROMIUM:-chromium chromium-browser google-chrome google-chrome-stable}; do
    ! command -v "$program" > /dev/null || exit 0
done

if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    [ -n "$(apt-cache madison chromium 2> /dev/null)" ] || apt-get update -qq || true
    # With a font for Chinese, or its report cannot be looked at.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-noto-cjk && exit 0
fi
# The other tests need none.
echo "no browser, so its tests are skipped: as root, apt-get install chromium (Debian)," \
    "or set CHROMIUM to another" >&2
