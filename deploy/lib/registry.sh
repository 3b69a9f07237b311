# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# A registry of our own, and the base image of the sample in it.

# It tells the Gateway of every push, so the Gateway's port is settled first. Where that has changed the registry is
# started anew.
start_registry() {
  choose_ports registry registry
  choose_ports gateway gateway
  registry=127.0.0.1:${ports[registry]}
  detail="http://$registry"
  log=$state/log/registry.log

  mkdir -p "$state/registry"
  (umask 077 && jq -n --arg addr "$registry" --arg folder "$state/registry" --arg secret "$(secret registry-http)" \
    --arg gateway "http://127.0.0.1:${ports[gateway]}/hooks/registry" --arg bearer "$(secret registry-hook)" '{
      version: "0.1",
      log: {level: "info"},
      http: {addr: $addr, secret: $secret},
      storage: {filesystem: {rootdirectory: $folder}, delete: {enabled: true}},
      notifications: {endpoints: [{
        name: "builds", url: $gateway, timeout: "5s", threshold: 5, backoff: "1s",
        headers: {Authorization: ["Bearer \($bearer)"]},
        ignore: {mediatypes: ["application/octet-stream"], actions: ["pull"]}
      }]}
    }' >"$state/registry.json.next")
  if running registry && cmp --silent "$state/registry.json.next" "$state/registry.json"; then
    rm "$state/registry.json.next"
    return
  fi

  stop registry 20
  mv "$state/registry.json.next" "$state/registry.json"
  start registry docker-registry serve "$state/registry.json"
  await "an answer" 20 registry curl --fail --silent "http://$registry/v2/"
}

manifest_type=application/vnd.docker.distribution.manifest.v2+json

# digest_of REPOSITORY TAG: as the registry has it; nothing where it has none
digest_of() {
  curl --fail --silent --head --header "Accept: $manifest_type" \
    --header "Accept: application/vnd.oci.image.manifest.v1+json" "http://$registry/v2/$1/manifests/$2" \
    | tr -d '\r' | sed -n 's/^docker-content-digest: //Ip' || true
}

push_base() {
  detail="$registry/library/busybox:1"
  [[ -n $(digest_of library/busybox 1) ]] || push_image library/busybox 1 1
}

# push_image REPOSITORY TAG VERSION: the machine's static busybox and /etc/version as an image, made and pushed with
# nothing but the registry's HTTP API
push_image() {
  local repository=$1 tag=$2 folder=$state/base
  rm -rf "$folder"
  mkdir -p "$folder"/root/{bin,etc,tmp,proc,sys,dev}
  cp "$(command -v busybox)" "$folder/root/bin/busybox"
  local command
  for command in $("$folder/root/bin/busybox" --list); do
    [[ $command == busybox ]] || ln -s busybox "$folder/root/bin/$command"
  done
  echo 'root:x:0:0:root:/:/bin/sh' >"$folder/root/etc/passwd"
  echo "$3" >"$folder/root/etc/version"
  chmod 1777 "$folder/root/tmp"
  tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner \
    --directory "$folder/root" . >"$folder/layer.tar"
  gzip --no-name --keep "$folder/layer.tar"

  jq -n --arg diff "$(sha256_of "$folder/layer.tar")" --arg arch "$(dpkg --print-architecture)" '{
      architecture: $arch, os: "linux", created: "1970-01-01T00:00:00Z",
      config: {Env: ["PATH=/bin"], Cmd: ["sh"]},
      rootfs: {type: "layers", diff_ids: [$diff]},
      history: [{created: "1970-01-01T00:00:00Z", created_by: "busybox"}]
    }' >"$folder/config.json"
  push_blob "$repository" "$folder/layer.tar.gz"
  push_blob "$repository" "$folder/config.json"
  jq -n --arg type "$manifest_type" \
    --arg config "$(sha256_of "$folder/config.json")" --argjson config_size "$(stat -c %s "$folder/config.json")" \
    --arg layer "$(sha256_of "$folder/layer.tar.gz")" --argjson layer_size "$(stat -c %s "$folder/layer.tar.gz")" '{
      schemaVersion: 2, mediaType: $type,
      config: {mediaType: "application/vnd.docker.container.image.v1+json", size: $config_size, digest: $config},
      layers: [{mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: $layer_size, digest: $layer}]
    }' >"$folder/manifest.json"
  curl --fail --silent --show-error --request PUT --header "Content-Type: $manifest_type" \
    --data-binary "@$folder/manifest.json" "http://$registry/v2/$repository/manifests/$tag"
  rm -rf "$folder"
}

sha256_of() { echo "sha256:$(sha256sum <"$1" | cut -d ' ' -f 1)"; }

push_blob() {
  local place
  place=$(curl --fail --silent --show-error --request POST --dump-header - --output /dev/null \
    "http://$registry/v2/$1/blobs/uploads/" | tr -d '\r' | sed -n 's/^location: //Ip')
  curl --fail --silent --show-error --request PUT --header "Content-Type: application/octet-stream" \
    --data-binary "@$2" "$place&digest=$(sha256_of "$2")"
}
