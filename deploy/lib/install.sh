# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# What is missing comes from the distribution; nothing that apt installs is started, nothing that runs is disturbed.

packages=(
  rabbitmq-server docker.io docker-registry git lighttpd busybox-static python3-aiosmtpd
  iptables iproute2 util-linux openssh-client curl jq ca-certificates
)
policy=/usr/sbin/policy-rc.d
policy_mark='# from deploy/up or tests/run, for as long as they install'
install_lock=/run/lock/builds-install

install_missing() {
  local missing=() package problem=
  # where the kernel confines, Docker runs nothing without the tool that loads its profile
  [[ $(cat /sys/module/apparmor/parameters/enabled 2>/dev/null) != Y ]] || packages+=(apparmor)

  # one at a time: the end of another's installation would take our policy away
  exec 8>"$install_lock"
  flock 8
  speak_again
  for package in "${packages[@]}"; do
    at_hand "$package" || missing+=("$package")
  done
  detail="all there"
  if ((${#missing[@]} > 0)); then
    log=$(dirname "$log")/apt.log
    install_packages "${missing[@]}" >>"$log" 2>&1 || fail "$problem"
    detail="installed ${missing[*]}"
  fi
  exec 8>&-
}

# Whether there is what we use of a package, be it from elsewhere: Docker's own packages, for one, conflict with
# docker.io, and so does busybox with busybox-static.
at_hand() {
  case $1 in
    docker.io) command -v dockerd && command -v docker && command -v containerd && command -v runc ;;
    busybox-static) stands_alone busybox ;;
    docker-registry) command -v docker-registry ;;
    git) command -v git && [[ -x $(git --exec-path)/git-http-backend ]] ;;
    *) false ;;
  esac >/dev/null 2>&1 || [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Whether a program runs in a folder with nothing else in it, as in an image.
stands_alone() {
  local folder status=0
  folder=$(mktemp --directory)
  cp "$(command -v "$1")" "$folder/$1" && chroot "$folder" "/$1" true || status=1
  rm -rf "$folder"
  return "$status"
}

# install_packages PACKAGE…: says why in problem where it cannot
install_packages() {
  local removed
  problem="apt-get update failed"
  apt-get update || return 1
  problem="$* cannot be installed"
  removed=$(apt-get install --simulate --no-install-recommends --no-upgrade "$@" \
    | sed -n 's/^Remv \([^ ]*\).*/\1/p' | paste -s -d ' ') || return 1
  if [[ -n $removed ]]; then
    problem="$* cannot be installed without removing $removed: nothing was touched. Remove it yourself if you can do \
without it, or install what is missing in another way"
    return 1
  fi

  keep_quiet || return 1
  DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
    apt-get install --yes --no-remove --no-install-recommends --no-upgrade "$@" || return 1
  speak_again
  stay_off "$@"
}

# Debian asks this program before it starts or restarts any service: 101 is no.
keep_quiet() {
  [[ ! -e $policy ]] || mv --backup=numbered "$policy" "$policy.builds-saved" || return 1
  trap speak_again EXIT
  printf '#!/bin/sh\n%s\nexit 101\n' "$policy_mark" >"$policy.builds-new"
  chmod 755 "$policy.builds-new"
  sync "$policy.builds-new" # it is known by its content, also after a power failure
  mv "$policy.builds-new" "$policy"
}

# Also after a run that was killed: what is ours goes, what was saved comes back, what somebody put there since stays.
speak_again() {
  ! grep -qsxF "$policy_mark" "$policy" || rm "$policy"
  [[ -e $policy || ! -e $policy.builds-saved ]] || mv "$policy.builds-saved" "$policy"
  trap - EXIT
}

# Nor do the services of what we installed start at the next boot: ours are others, on other ports.
stay_off() {
  local package unit
  command -v systemctl || return 0
  for package in "$@"; do
    while read -r unit; do
      systemctl disable "$(basename "$unit")" || return 1
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
