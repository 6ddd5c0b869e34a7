#!/bin/sh
# The browser tests need a Chromium: one on PATH, or CHROMIUM=/path, else from the system's packages.
for name in "$CHROMIUM" chromium chromium-browser google-chrome; do
  [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 && exit 0
done
echo "Installing Chromium and Chinese fonts…"
packages="chromium fonts-noto-cjk"
if [ "$(id -u)" = 0 ]; then
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages >/dev/null && exit 0
elif command -v sudo >/dev/null 2>&1; then
  sudo -n apt-get update -qq && sudo -n apt-get install -y -qq $packages >/dev/null && exit 0
fi
echo "The tests need Chromium: install it (apt-get install $packages), or say CHROMIUM=/path/to/it" >&2
exit 1
