#!/bin/sh
# Find the browser that the tests look at pages with; where there is none, install the system's Chromium,
# or say what to install. No browser is downloaded by other means.
set -eu

if [ -n "${PUSHLIFT_BROWSER:-}" ]; then
  [ -x "$PUSHLIFT_BROWSER" ] && exit 0
  echo "PUSHLIFT_BROWSER is $PUSHLIFT_BROWSER, which is no program; name a Chromium or Chrome, or unset it." >&2
  exit 1
fi

# The names that tests/services/browser.py looks for.
for name in chromium chromium-browser google-chrome google-chrome-stable chrome; do
  if command -v "$name" >/dev/null 2>&1; then
    exit 0
  fi
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "no browser found: installing chromium" >&2
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium && exit 0
fi

# Not a failure here: the tests that need one say so themselves, and fail in CI.
echo "No Chromium or Chrome was found, so the tests of pages cannot run. Install one:" >&2
echo "  Debian, Ubuntu   sudo apt-get install chromium" >&2
echo "  Fedora           sudo dnf install chromium" >&2
echo "  macOS            brew install --cask google-chrome, and name its program in PUSHLIFT_BROWSER" >&2
