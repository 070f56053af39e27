#!/usr/bin/env bash
# Install Debian's Slurm and munge where they are missing. Nothing is started.
set -euo pipefail

# Debian has the daemons in sbin, which is not on every user's PATH.
PATH=$PATH:/usr/sbin:/sbin
missing=
for program in munged slurmctld slurmd sbatch; do
    command -v "$program" > /dev/null || missing="$missing $program"
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    echo "error: missing$missing: as root, apt-get install slurm-wlm munge (Debian)" >&2
    exit 1
fi

# Debian's packages start their services when they are installed, unless this file forbids it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
[ -n "$(apt-cache madison slurm-wlm 2> /dev/null)" ] || apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge
