# shellcheck shell=bash
# Runs one part and outlives nobody: the part ends when it is told to stop, or when whoever started it is gone.
#   $1 seconds between TERM and KILL   $2 its log   $3 its folder, removed if whoever started it is gone
#   $4 yes: when the part ends by itself, what it started lives on until the tether ends
#   $5 what to clean up after its end  the rest: the part
# Standard input is the tether: a line means "stop", its end means that the starter died.
# Standard output: the part's process id, then "ended".
set -m # the part and its children become a process group of their own
grace=$1 log=$2 folder=$3 orphans=$4 cleanup=$5
shift 5
exec 3<&0 </dev/null
"$@" </dev/null >>"$log" 2>&1 3<&- &
part=$!
echo "$part"
(read -r _ <&3) >/dev/null 2>&1 &
tether=$!
exec 2>>"$log"

orphaned=no
wait -n -p ended "$part" "$tether"
if [ "$ended" = "$part" ]; then
  echo ended
  if [ "$orphans" = yes ]; then
    wait "$tether" || orphaned=yes
  else
    kill -KILL -- "-$tether"
  fi
else
  wait "$tether" || orphaned=yes
  kill -TERM "$part"
  kill -CONT "$part"
  (sleep "$grace" && kill -KILL -- "-$part") >/dev/null 2>&1 3<&- &
  watchdog=$!
  wait "$part"
  kill -KILL -- "-$watchdog"
fi
{
  kill -KILL -- "-$part"
  eval "$cleanup"
  if [ "$orphaned" = yes ]; then
    rm -rf "$folder"
  fi
} >/dev/null 2>&1
exit 0
