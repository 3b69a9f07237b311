# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# A base image changes: three storeys over it, with a diamond, are rebuilt in order.

tree=(runtime tools site shop) # each after what it stands on

# The first time each image is built; afterwards the registry has them all.
plant_tree() {
  local name answer status
  log=$state/log/gateway.log
  api PUT /v1/namespaces/sample/members '{"members": [{"name": "you", "mail": "you@example.org", "role": "owner"}]}'
  [[ -n $(digest_of sample/os 1) ]] || push_image sample/os 1 1
  for name in "${tree[@]}"; do
    api PUT "/v1/images/sample/$name" \
      "$(jq -n --arg git "$git_server/tree.git" --arg folder "$name" '{git: $git, ref: "main", context: $folder, tags: ["latest"]}')"
    [[ -z $(digest_of "sample/$name" latest) ]] || continue
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
    [[ $value =~ ^(accepted|queued|waiting|running|null)?$ ]] || fail "$1 is $value: $(jq -r '.reason // ""' <<<"$answer")"
    ((SECONDS < until)) || fail "$1 is still \"$value\""
    sleep 0.2
  done
}
