#!/bin/sh
# Installs the servers and tools that Strata is compared with, a Linux that runs as a program, PostgreSQL and a browser, from Debian, and
# keeps their services from starting: tests and benchmarks start them themselves, on loopback ports, with their own configuration.
set -eu

packages="bind9 bind9-dnsutils nsd knot knot-dnsutils unbound ldnsutils dnsperf iproute2 postgresql chromium
  libnfs-utils nfs-common nfs-ganesha nfs-ganesha-vfs user-mode-linux slirp kmod"

is_installed() {
  [ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null || true)" = "install ok installed" ]
}
missing=
for package in $packages; do
  is_installed "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then
  echo "peers: all are installed ($packages)"
  exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
  echo "peers: there is no apt-get here; install these by hand:$missing" >&2
  exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "peers: run this as root, or install by hand:$missing" >&2
    exit 1
  fi
  as_root=sudo
fi

# invoke-rc.d asks this file whether it may start a service; 101 says no. One that was there before comes back.
policy=/usr/sbin/policy-rc.d
kept=
restore() {
  if [ -n "$kept" ]; then
    $as_root mv -f "$kept" "$policy"
  else
    $as_root rm -f "$policy"
  fi
}
if [ -e "$policy" ]; then
  kept=$policy.strata-kept
  $as_root mv -f "$policy" "$kept"
fi
trap restore EXIT
trap 'exit 1' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
$as_root chmod 755 "$policy"

export DEBIAN_FRONTEND=noninteractive
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" </dev/null
}
# What they bring along does not start with the machine either, unless it did before.
brought=
is_installed rpcbind || brought=rpcbind
echo "peers: installing$missing"
apt update
# Tests make clusters of their own; Debian's package would make one that starts with the machine.
case " $missing " in
  *" postgresql "*)
    apt install --no-install-recommends postgresql-common
    clusters=/etc/postgresql-common/createcluster.conf
    $as_root sed -i 's/^#create_main_cluster = true$/create_main_cluster = false/' "$clusters"
    trap '$as_root sed -i "s/^create_main_cluster = false$/#create_main_cluster = true/" "$clusters"; restore' EXIT
    ;;
esac
# shellcheck disable=SC2086 # a list of words
apt install --no-install-recommends $missing

# Nor may they start with the machine; only those that were not here before are touched.
if command -v systemctl >/dev/null 2>&1; then
  for package in $missing $brought; do
    case $package in
      bind9) services=named ;;
      nsd | knot | unbound | nfs-ganesha) services=$package ;;
      rpcbind) services="rpcbind.service rpcbind.socket" ;;
      nfs-common) services=nfs-client.target ;;
      *) continue ;;
    esac
    # shellcheck disable=SC2086 # a list of words
    $as_root systemctl disable --quiet $services >/dev/null 2>&1 || true
  done
fi
echo "peers: installed$missing"
