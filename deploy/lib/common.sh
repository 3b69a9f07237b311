# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# Sourced by deploy/up and deploy/down: where things are, how steps are shown, how processes are started and stopped.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
state=${BUILDS_STATE:-$root/.local}
log=$state/log/deploy.log
step_name=
detail=

# Everything that commands print goes to the log; the terminal is fd 3.
begin() {
  mkdir -p "$state"/{log,run,secrets}
  chmod 700 "$state/secrets" "$state/run"
  exec 3>&1 >>"$state/log/deploy.log" 2>&1
  trap 'broken $LINENO "$BASH_COMMAND"' ERR
}

# One deploy/up or deploy/down at a time.
lock() {
  exec 9>"$state/lock"
  flock --nonblock 9 || { say "deploy/up or deploy/down is running already: wait for its end" && exit 1; }
}

say() { printf '%s\n' "$*" >&3; }

# step NAME FUNCTION [ARGUMENT…]: the function sets detail, and log where it has one of its own
step() {
  local since=$SECONDS
  step_name=$1 detail='' log=$state/log/deploy.log
  printf '%s\n' "--- $(date -u +%FT%TZ) $1"
  [[ ! -t 3 ]] || printf '· %s …\r' "$1" >&3
  shift
  "$@"
  printf '✔ %-18s %s (%d s)\n' "$step_name" "$detail" "$((SECONDS - since))" >&3
}

# fail WHY: ends everything; the person reading can mend it with WHY and the log
fail() {
  trap - ERR
  say "✘ $step_name: $*"
  say "  log: $log"
  exit 1
}

broken() {
  local status=$?
  ((BASH_SUBSHELL == 0)) || exit "$status" # told once, by the shell that waits for this one
  trap - ERR
  say "✘ $step_name: \"$2\" (line $1) ended with $status. The end of its log:"
  tail -n 15 "$log" | sed 's/^/    /' >&3
  say "  log: $log"
  exit 1
}

# Until the command succeeds: waits SECONDS, as long as the process NAME runs.
await() { # what seconds name command…
  local what=$1 until=$((SECONDS + $2)) name=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    running "$name" || fail "$name ended before there was $what; the end of its log: $(tail -n 5 "$log")"
    ((SECONDS < until)) || fail "no $what yet; the end of its log: $(tail -n 5 "$log")"
    sleep 0.1
  done
}

# A process is its id, its start and the boot: an id that was given to somebody else since is never taken for ours.
mark_of() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  read -r -a stat <<<"${stat##*) }"
  [[ ${stat[0]} != Z ]] || return 1 # ended, and its parent has not looked yet
  echo "$1 ${stat[19]} $(cat /proc/sys/kernel/random/boot_id)"
}

running() {
  local pid
  [[ -f $state/run/$1 ]] || return 1
  read -r pid _ <"$state/run/$1"
  [[ $(mark_of "$pid") == "$(cat "$state/run/$1")" ]]
}

# start NAME COMMAND…: in a session of its own, its output in .local/log/NAME.log
start() {
  local name=$1 pid
  shift
  log=$state/log/$name.log
  setsid nohup "$@" >>"$log" 2>&1 </dev/null 3>&- 9>&- & # neither the terminal nor the lock
  pid=$!
  mark_of "$pid" >"$state/run/$name" || fail "$name ended at once"
}

# stop NAME SECONDS: asks, waits so long, then ends it and what it left in its session
stop() {
  local pid until=$((SECONDS + $2))
  if running "$1"; then
    read -r pid _ <"$state/run/$1"
    kill -TERM "$pid"
    while running "$1" && ((SECONDS < until)); do sleep 0.1; done
    kill -KILL -- "-$pid" 2>/dev/null || true
    while running "$1"; do sleep 0.1; done
  fi
  rm -f "$state/run/$1"
}

# A secret of 32 random bytes, made once, readable by its owner only.
secret() {
  local file=$state/secrets/$1
  [[ -s $file ]] || (umask 077 && head -c 32 /dev/urandom | base64 -w 0 | tr '+/' '-_' | tr -d = >"$file")
  cat "$file"
}
