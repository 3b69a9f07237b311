# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# What a worker that was killed could not take with it. Its machines' folders say what was theirs.

stop_shown() {
  detail="did not run"
  ! running "$1" || detail=stopped
  log=$state/log/$1.log
  stop "$1" 60
}

remove_leftovers() {
  local folder machines=0
  for folder in "$state"/worker/machines/*/; do
    [[ -d $folder ]] || continue
    remove_machine "$(basename "$folder")" "$folder"
    machines=$((machines + 1))
  done
  unmount_below "$state"
  restore_forwarding
  detail="none"
  ((machines == 0)) || detail="removed $machines machine(s)"
}

# remove_machine NAME FOLDER: its processes, bridge and rules, then its folder
remove_machine() {
  local name=$1 bridge address pids table rule
  while pids=$(members "$name") && [[ -n $pids ]]; do
    xargs kill -KILL <<<"$pids" || true
    sleep 0.1
  done
  find /sys/fs/cgroup -depth -type d -path "*/$name*" -exec rmdir {} + || true

  bridge=$(jq -r '[.. | .bridge? // empty | strings] | first // empty' "$2/intent.json" || true)
  address=$(jq -r '[.. | .hardwareAddress? // empty | strings] | first // empty' "$2/intent.json" || true)
  if [[ -n $bridge && $(cat "/sys/class/net/$bridge/address" 2>/dev/null) == "$address" ]]; then
    cut_cables "$bridge"
    ip link delete "$bridge"
  fi
  for table in nat filter; do
    while read -r rule; do
      xargs iptables --wait --table "$table" <<<"-D ${rule#-A }"
    done < <(iptables-save --table "$table" | grep -F -- "\"builds:$name:\"" || true)
  done
  unmount_below "$2"
  rm -rf "$2"
}

# cut_cables BRIDGE: with a killed daemon both ends of each are here, and stay when the bridge is gone
cut_cables() {
  local cable
  while read -r cable; do
    ip link delete "$cable" || true # its other end may have taken it along
  done < <(ip -json link show master "$1" type veth | jq -r '.[].ifname // empty')
}

# The processes of a machine's control group: the group is named after it, and nobody leaves it by forking.
members() { find /sys/fs/cgroup -path "*/$1/*" -name cgroup.procs -exec cat {} + | sort -u || true; }

unmount_below() {
  local mount
  while read -r mount; do umount --lazy "$mount"; done \
    < <(awk -v below="${1%/}/" 'index($2, below) == 1 { print $2 }' /proc/mounts | tac)
}

# The first machine switched it on; it goes back unless somebody else's bridge may have come to need it.
restore_forwarding() {
  [[ -f $state/ip-forward ]] || return 0
  if [[ $(cat "$state/ip-forward") == 0 && -z $(ip -o link show type bridge) ]]; then
    cat "$state/ip-forward" >/proc/sys/net/ipv4/ip_forward
  fi
  rm "$state/ip-forward"
}
