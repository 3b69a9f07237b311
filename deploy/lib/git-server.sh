# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# git over HTTP on loopback, read-only, and the sample's repository on it.

start_git_server() {
  choose_ports git-server git
  git_server=http://127.0.0.1:${ports[git]}/git
  detail=$git_server/
  log=$state/log/git-server.log
  running git-server && return

  mkdir -p "$state/git"
  cat >"$state/git-server.conf" <<CONFIGURATION
server.modules = ("mod_alias", "mod_cgi", "mod_setenv")
server.document-root = "$state/git"
server.bind = "127.0.0.1"
server.port = ${ports[git]}
alias.url = ("/git" => "$(git --exec-path)/git-http-backend")
cgi.assign = ("" => "")
setenv.add-environment = (
  "GIT_PROJECT_ROOT" => "$state/git",
  "GIT_HTTP_EXPORT_ALL" => "1",
  "GIT_CONFIG_GLOBAL" => "/dev/null"
)
CONFIGURATION
  start git-server lighttpd -D -f "$state/git-server.conf"
  await "an answer" 20 git-server nothing_refused
}

# any HTTP answer will do
nothing_refused() { curl --silent --output /dev/null "$git_server/"; }

# commit_sample NAME: deploy/NAME as a repository, with our registry in its FROMs. A commit only where that has changed
# since the last one of ours: what somebody pushed on top stays.
commit_sample() {
  local bare=$state/git/$1.git work=$state/$1 tree
  detail=$git_server/$1.git
  [[ -d $bare ]] || git init --quiet --bare --initial-branch=main "$bare"
  git -C "$bare" config uploadpack.allowAnySHA1InWant true

  rm -rf "$work"
  mkdir -p "$work"
  cp -R "$root/deploy/$1/." "$work/"
  find "$work" -name Dockerfile -exec sed -i "s|^FROM registry/|FROM $registry/|" {} +
  local git=(git --git-dir="$bare" --work-tree="$work" -c user.name=Builds -c user.email=builds@example.org)
  "${git[@]}" add --all
  tree=$("${git[@]}" write-tree)
  [[ $tree != "$(cat "$bare/ours" 2>/dev/null)" ]] || return 0
  "${git[@]}" commit --quiet --message "The $1"
  echo "$tree" >"$bare/ours"
}
