# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# A base image changes: three storeys over it, with a diamond, are rebuilt in order.

tree=(runtime tools site shop) # each after what it stands on

# Each image is built once per registry: what another one held tells of bases there, also where its files came along.
plant_tree() {
  local name answer status source
  log=$state/log/gateway.log
  api PUT /v1/namespaces/sample/members '{"members": [{"name": "you", "mail": "you@example.org", "role": "owner"}]}'
  [[ -n $(digest_of sample/os 1) ]] || push_image sample/os 1 1
  for name in "${tree[@]}"; do
    source=$(jq -n --arg git "$git_server/tree.git" --arg folder "$name" \
      '{git: $git, ref: "main", context: $folder, tags: ["latest"]}')
    api PUT "/v1/images/sample/$name" "$source"
    [[ $(api GET "/v1/images/sample/$name" | jq '.tags | length') == 0 ]] || continue
    answer=$(api POST /v1/builds "{\"image\": \"sample/$name\"}")
    status=/v1/builds/$(jq --exit-status --raw-output .id <<<"$answer")
    until_is "$status" '.state' "succeeded" 120
  done
  detail="sample/${tree[*]} over sample/os:1"
}

# until_is PATH FILTER VALUE SECONDS: waits for it; an end that is another is a failure
until_is() {
  local answer value until=$((SECONDS + $4))
  while answer=$(api GET "$1") && value=$(jq -r "$2" <<<"$answer") && [[ $value != "$3" ]]; do
    [[ $value =~ ^(accepted|queued|waiting|running|null)?$ ]] \
      || fail "$1 is $value: $(jq -r '.reason // ""' <<<"$answer")"
    ((SECONDS < until)) || fail "$1 is still \"$value\""
    sleep 0.2
  done
}

# Pushes a changed base and shows what comes of it: who is rebuilt and when, the graph afterwards, the mail.
move_base() {
  local digest id='' answer shown='' line mark=$state/run/mail-mark until=$((SECONDS + 180))
  log=$state/log/graph-tracker.log
  mkdir -p "$state/mail/new"
  touch "$mark"
  push_image sample/os 1 "$(date +%s%N)"
  digest=$(digest_of sample/os 1)
  say "▸ $registry/sample/os:1 is pushed anew: $digest"
  while :; do
    ((SECONDS < until)) || fail "the cascade has not come to its end: $(api GET "/v1/cascades${id:+/$id}")"
    sleep 0.2
    [[ -n $id ]] || id=$(api GET /v1/cascades \
      | jq -r --arg new "$digest" 'first(.cascades[] | select(.newDigest == $new)) | .cascadeId')
    [[ -n $id ]] || continue
    answer=$(api GET "/v1/cascades/$id")
    while read -r line; do
      [[ $shown == *"|$line|"* ]] || say "  │ $line"
      shown+="|$line|"
    done < <(jq -r '.nodes[] | "\(.image | sub("^[^/]*/"; "")) is \(.state): \(.reason)"' <<<"$answer")
    [[ $(jq -r .cascade.state <<<"$answer") == running ]] || break
  done
  [[ $(jq -r .cascade.state <<<"$answer") == "done" ]] || fail "the cascade is $(jq -r .cascade.state <<<"$answer")"

  say "▸ curl -H 'Accept: text/plain' $gateway/v1/graph?image=sample/os"
  curl --silent --fail --config "$state/secrets/api.curl" --header "Accept: text/plain" \
    "$gateway/v1/graph?image=sample/os" \
    | sed 's/^/  │ /' >&3
  log=$state/log/gateway.log
  await "a mail" 60 gateway mail_since "$mark"
  say "▸ the mail that went out, $(mail_since "$mark")"
  /usr/bin/python3 -c 'import email, email.policy, sys
mail = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)
print("To:", mail["to"]); print("Subject:", mail["subject"]); print(); print(mail.get_body(("plain",)).get_content())' \
    <"$(mail_since "$mark")" | sed 's/^/  │ /' >&3
  detail="${#tree[@]} images rebuilt in order over $registry/sample/os:1"
}

# the first mail that came after the file was touched; fails where there is none
mail_since() { find "$state/mail/new" -type f -newer "$1" | sort | head -n 1 | grep .; }
