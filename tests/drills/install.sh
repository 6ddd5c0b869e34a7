#!/bin/sh
# The drills of the database cluster need etcd and HAProxy: those on PATH, else from the system's packages.
PATH="$PATH:/usr/sbin"
command -v etcd >/dev/null 2>&1 && command -v haproxy >/dev/null 2>&1 && exit 0
echo "Installing etcd and HAProxy…"
packages="etcd-server haproxy"
# Nobody is to start them as services: the drill starts its own.
if [ "$(id -u)" = 0 ]; then
  apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $packages >/dev/null && exit 0
elif command -v sudo >/dev/null 2>&1; then
  sudo -n apt-get update -qq && sudo -n env RUNLEVEL=1 apt-get install -y -qq $packages >/dev/null && exit 0
fi
echo "The cluster drill needs etcd and HAProxy: install them (apt-get install $packages)" >&2
exit 1
