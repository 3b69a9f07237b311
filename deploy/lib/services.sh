# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# Gateway, Worker and GraphTracker: published once per change of the sources, then started.

services=(graph-tracker worker gateway) # in the order in which they stop
declare -A projects=([gateway]=Gateway [worker]=Worker [graph-tracker]=GraphTracker)

publish_services() {
  local stamp=$state/app/stamp project service
  detail="nothing has changed"
  log=$state/log/publish.log
  if [[ -f $stamp && -z $(sources_newer_than "$stamp") ]]; then
    return
  fi

  for service in "${services[@]}"; do stop "$service" 60; done
  mkdir -p "$state/app"
  touch "$stamp.next"
  for project in Gateway Worker GraphTracker; do
    (cd "$root" && dotnet publish "$project/$project.csproj" --configuration Release --nologo --disable-build-servers \
      --output "$state/app/$project") >>"$log" 2>&1 3>&- 9>&-
  done
  mv "$stamp.next" "$stamp"
  detail="Gateway, Worker, GraphTracker"
}

sources_newer_than() {
  find "$root"/{Contracts,ServiceDefaults,Storing,Gateway,Worker,GraphTracker} "$root"/*.props "$root/global.json" \
    -type f -newer "$1" -print -quit
}

# The private keys are the workers', the public set is the Gateway's.
make_keys() {
  detail=$state/keys
  [[ ! -s $state/keys.json ]] || return 0
  (umask 077 && mkdir -p "$state/keys")
  "$state/app/Worker/Builds.Worker" keys create --folder "$state/keys" --public "$state/keys.json"
}

start_gateway() {
  choose_ports gateway gateway
  gateway=http://127.0.0.1:${ports[gateway]}
  start_service gateway \
    --Store:Folder="$state/gateway" \
    --Registry:Default="$registry" \
    --Sources:AllowedHosts:0="127.0.0.1:${ports[git]}" \
    --Keys:File="$state/keys.json" \
    --Tokens:AdminFile="$state/admin-token" \
    --Public:Url="$gateway" \
    --Hooks:Registries:0:Host="$registry" \
    --Hooks:Registries:0:SecretFile="$state/secrets/registry-hook" \
    --Mail:Host=127.0.0.1 \
    --Mail:Port="${ports[mail]}" \
    --Mail:Tls=none \
    --Mail:From=builds@example.org \
    --Mail:SettleSeconds=1
}

start_worker() {
  choose_ports worker worker
  [[ -f $state/ip-forward ]] || cp /proc/sys/net/ipv4/ip_forward "$state/ip-forward"
  start_service worker \
    --Worker:Name="$(hostname)" \
    --Worker:Slots=2 \
    --Worker:DrainSeconds=30 \
    --Worker:Folder="$state/worker" \
    --Keys:Folder="$state/keys" \
    --Machines:Provider=dockerd \
    --Sources:AllowedHosts:0="127.0.0.1:${ports[git]}"
}

start_graph_tracker() {
  choose_ports graph-tracker graph-tracker
  start_service graph-tracker \
    --Store:Folder="$state/graph-tracker" \
    --Registries:Default="$registry" \
    --Registries:Known:0:Host="$registry" \
    --Registries:Known:0:Url="http://$registry" \
    --Cascades:SettleSeconds=3
}

# start_service NAME SETTING…: the broker's address holds a password, so it is no argument that everybody sees. One
# that runs with other settings is started anew: a port that it knows may be a stranger's by now.
start_service() {
  local name=$1 url=http://127.0.0.1:${ports[$1]} settings
  shift
  settings=$(printf '%s\n' "$url" "${ports[broker]}" "$@")
  log=$state/log/$name.log
  detail="$url, ready before"
  if running "$name"; then
    [[ $settings != "$(cat "$state/run/$name.settings" 2>/dev/null)" ]] || return 0
    stop "$name" 60
  fi

  mkdir -p "$state/$name"
  echo "$settings" >"$state/run/$name.settings"
  Bus__Address="amqp://$broker_user:$(secret broker-password)@127.0.0.1:${ports[broker]}" \
    DOTNET_CONTENTROOT="$state/app/${projects[$name]}" \
    start "$name" "$state/app/${projects[$name]}/Builds.${projects[$name]}" --urls "$url" "$@"
  await "readiness ($url/readyz)" 60 "$name" curl --fail --silent "$url/readyz"
  detail=$url
}
