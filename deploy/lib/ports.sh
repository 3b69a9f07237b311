# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# Ports on loopback: the ones of last time, else these, else the next that nobody listens on.

declare -A ports=(
  [broker]=27101 [management]=27102 [distribution]=27103 [epmd]=27104
  [registry]=27105 [git]=27106 [gateway]=27107 [worker]=27108 [graph-tracker]=27109
  [mail]=27110
)

listened() { [[ -n $(ss -Hltn "sport = :$1") ]]; }

# choose_ports PROCESS NAME…: settles the ports of a process that does not run yet
choose_ports() {
  local name process=$1
  shift
  running "$process" && return
  for name in "$@"; do
    local port=${ports[$name]}
    local next=27111
    while listened "$port" || [[ " ${ports[*]} " == *" $port "* && $port != "${ports[$name]}" ]]; do
      port=$((next++))
      ((port < 27200)) || fail "every port from 27101 to 27199 is taken: ss -ltnp"
    done
    ports[$name]=$port
  done
  remember_ports
}

remember_ports() {
  local name
  for name in "${!ports[@]}"; do echo "$name ${ports[$name]}"; done | sort >"$state/ports"
}

if [[ -f $state/ports ]]; then
  while read -r name port; do ports[$name]=$port; done <"$state/ports"
fi
