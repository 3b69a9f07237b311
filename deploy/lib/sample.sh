# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# The sample from definition to tag, as a user would do it: with curl.

sample=sample/greeting

# api METHOD PATH [JSON]: the Gateway, with the admin token
api() {
  local answer body=()
  (($# < 3)) || body=(--header "Content-Type: application/json" --data "$3")
  (umask 077 && echo "header = \"Authorization: Bearer $(cat "$state/admin-token")\"" >"$state/secrets/api.curl")
  answer=$(
    curl --silent --show-error --fail-with-body --config "$state/secrets/api.curl" \
      --request "$1" "${body[@]}" "$gateway$2"
  ) || fail "$1 $2 was refused: $answer"
  echo "$answer"
}

# The trigger is made once per registry; making it again would end the one that people were given. Its secret alone is
# kept, and not its URL: where the Gateway has had to move to another port, its old one is a stranger's.
define_sample() {
  local secret='' made_for=''
  log=$state/log/gateway.log
  api PUT "/v1/images/$sample" \
    "$(jq -n --arg git "$git_server/sample.git" '{git: $git, ref: "main", tags: ["latest"]}')"
  [[ ! -s $state/secrets/sample-trigger ]] || read -r secret made_for <"$state/secrets/sample-trigger"
  if [[ $made_for != "$registry" ]]; then
    secret=$(api POST /v1/triggers "{\"image\": \"$sample\"}" | jq --exit-status --raw-output .url)
    secret=${secret##*/}
    (umask 077 && echo "$secret $registry" >"$state/secrets/sample-trigger")
  fi
  trigger=$gateway/hooks/trigger/$secret
  detail="$registry/$sample from $git_server/sample.git"
}

# Triggers, follows, and holds what the Gateway says against what the registry has.
build_sample() {
  local answer build outcome digest
  log=$state/log/worker.log
  say "▸ curl -X POST $trigger"
  answer=$(curl --silent --show-error --fail-with-body --request POST "$trigger") \
    || fail "the trigger was refused: $answer"
  build=$(jq --exit-status --raw-output .id <<<"$answer")
  say "▸ curl -N $(jq -r .log <<<"$answer")?follow=true"
  curl --no-buffer --silent --show-error --fail "$(absolute "$(jq -r .log <<<"$answer")")?follow=true" \
    | sed 's/^/  │ /' >&3

  outcome=$(curl --silent --fail "$(absolute "$(jq -r .status <<<"$answer")")")
  [[ $(jq -r .state <<<"$outcome") == succeeded ]] \
    || fail "build $build is $(jq -r .state <<<"$outcome"): $(jq -r '.reason // "no reason given"' <<<"$outcome")"
  digest=$(digest_of "$sample" latest)
  [[ -n $digest ]] || fail "build $build succeeded, and $registry has no $sample:latest"
  [[ $(jq -r .digest <<<"$outcome") == "$digest" ]] \
    || fail "build $build says $(jq -r .digest <<<"$outcome"), and $registry has $digest"
  detail="$registry/$sample:latest is $digest"
}

absolute() { [[ $1 == http* ]] && echo "$1" || echo "$gateway$1"; }

what_next() {
  cat >&3 <<NEXT

Builds runs. What to try next:
  build the sample again   curl -X POST $trigger
  change it first          git clone $state/git/sample.git, commit, push
  see builds               curl -H "Authorization: Bearer \$(cat $state/admin-token)" $gateway/v1/builds
  all calls                $gateway/openapi/v1.json, admin token in $state/admin-token
  look at the queues       http://127.0.0.1:${ports[management]}, user $broker_user,
                           password in $state/secrets/broker-password
  read the logs            $state/log/
  stop everything          deploy/down
NEXT
}
