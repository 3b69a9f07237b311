# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# What is missing comes from the distribution; nothing that apt installs is started, nothing that runs is disturbed.

packages=(
  rabbitmq-server docker.io docker-registry git lighttpd busybox-static python3-aiosmtpd
  iptables iproute2 util-linux openssh-client curl jq ca-certificates
)
policy=/usr/sbin/policy-rc.d

install_missing() {
  local missing=() package
  # where the kernel confines, Docker runs nothing without the tool that loads its profile
  [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) != Y ]] || packages+=(apparmor)
  for package in "${packages[@]}"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) == installed ]] || missing+=("$package")
  done
  detail="all there"
  ((${#missing[@]} > 0)) || return 0

  log=$(dirname "$log")/apt.log
  {
    apt-get update
    keep_quiet
    DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
      apt-get install --yes --no-install-recommends --no-upgrade "${missing[@]}"
    speak_again
    stay_off "${missing[@]}"
  } >>"$log" 2>&1
  detail="installed ${missing[*]}"
}

# Debian asks this program before it starts or restarts any service: 101 is no.
keep_quiet() {
  [[ ! -e $policy ]] || mv "$policy" "$policy.builds-saved"
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap speak_again EXIT
}

speak_again() {
  rm -f "$policy"
  [[ ! -e $policy.builds-saved ]] || mv "$policy.builds-saved" "$policy"
  trap - EXIT
}

# Nor do the services of what we installed start at the next boot: ours are others, on other ports.
stay_off() {
  local package unit
  command -v systemctl || return 0
  for package in "$@"; do
    while read -r unit; do
      systemctl disable "$(basename "$unit")"
    done < <(dpkg -L "$package" | grep -E '^(/usr)?/lib/systemd/system/[^@]*\.(service|socket)$' | sort -u)
  done
}

check_machine() {
  [[ $(id -u) == 0 ]] || fail "it makes bridges and starts daemons: run it as root (sudo deploy/up)"
  command -v apt-get >/dev/null || fail "it installs from Debian or Ubuntu, and there is no apt-get here"
  command -v dotnet >/dev/null || fail "the .NET SDK 10 is not there: https://dotnet.microsoft.com/download"
  (cd "$root" && dotnet --version) >"$state/log/sdk.log" 2>&1 \
    || fail "the .NET SDK is another than global.json asks for: $(head -n 1 "$state/log/sdk.log")"
  detail="$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release), .NET SDK $(cat "$state/log/sdk.log")"
}
