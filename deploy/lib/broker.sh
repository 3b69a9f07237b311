# shellcheck shell=bash disable=SC2034,SC2154 # variables are shared with up, down and the other files here
# A RabbitMQ of our own, with the management plug-in, beside any other.

broker_user=builds

start_broker() {
  local folder=$state/broker
  choose_ports epmd epmd
  choose_ports broker broker management distribution
  detail="amqp 127.0.0.1:${ports[broker]}, management http://127.0.0.1:${ports[management]}"
  log=$state/log/broker.log
  if running broker; then
    return
  fi

  prepare_broker
  broker_configuration >"$folder/rabbitmq.conf"
  echo '[rabbitmq_management].' >"$folder/enabled_plugins"
  chown -R rabbitmq:rabbitmq "$folder"
  chmod 700 "$folder"

  # a name server of our own, in the foreground: the one that Erlang starts by itself would outlive everybody
  running epmd || start epmd epmd -address 127.0.0.1 -port "${ports[epmd]}"
  await "a name server" 10 epmd env ERL_EPMD_PORT="${ports[epmd]}" epmd -names
  start broker "${broker_as[@]}" env "${broker_environment[@]}" /usr/lib/rabbitmq/bin/rabbitmq-server
  await "an answer" 90 broker broker_answers
}

# The node runs as the user rabbitmq where that user can reach its folder (not below /root), else as root.
prepare_broker() {
  local folder=$state/broker
  broker_as=()
  mkdir -p "$folder"
  chown rabbitmq:rabbitmq "$folder"
  if setpriv --reuid rabbitmq --regid rabbitmq --clear-groups test -w "$folder"; then
    broker_as=(setpriv --reuid rabbitmq --regid rabbitmq --clear-groups)
  fi
  broker_environment=(
    HOME="$folder" LANG=C.UTF-8
    RABBITMQ_NODENAME=builds@localhost
    RABBITMQ_DIST_PORT="${ports[distribution]}"
    ERL_EPMD_PORT="${ports[epmd]}" ERL_EPMD_ADDRESS=127.0.0.1
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}"
    RABBITMQ_MNESIA_BASE="$folder/data" RABBITMQ_LOG_BASE="$folder/log"
    RABBITMQ_CONFIG_FILE="$folder/rabbitmq" RABBITMQ_CONF_ENV_FILE=/dev/null
    RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins" RABBITMQ_PID_FILE="$folder/rabbitmq.pid"
  )
}

broker_configuration() {
  cat "$root/deploy/rabbitmq.conf"
  cat <<CONFIGURATION

listeners.tcp.1 = 127.0.0.1:${ports[broker]}
management.tcp.ip = 127.0.0.1
management.tcp.port = ${ports[management]}
default_user = $broker_user
default_pass = $(secret broker-password)
CONFIGURATION
}

broker_answers() {
  curl --fail --silent --max-time 5 --config <(echo "user = \"$broker_user:$(secret broker-password)\"") \
    "http://127.0.0.1:${ports[management]}/api/health/checks/port-listener/${ports[broker]}"
}
