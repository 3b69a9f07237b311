#!/usr/bin/env ruby
# frozen_string_literal: true

# Requests a build by nothing but an AMQP client, prints its log as it comes and ends with its outcome.
#
#   AMQP_URL=amqp://portus:secret@broker:5672/builds \
#     ruby request_build.rb team/api https://git.example.org/team/api.git main latest
#
# Optional: REGISTRY (the service's default where left out), BUILD_ID (repeating a request with the same id asks for
# nothing new), BUILD_LIMIT (seconds to wait for the outcome, 7200). Exits with 0 where the build succeeded, with 1
# otherwise. Needs bunny 2.19 (Debian: ruby-bunny).

require 'bunny'
require 'json'
require 'securerandom'
require 'time'
require 'timeout'

PUBLISH_LIMIT = 10 # seconds; a broker that takes nothing (disk alarm) says nothing either
BUILD_LIMIT = Integer(ENV.fetch('BUILD_LIMIT', '7200'))
LATE_LOG_LIMIT = 10 # seconds; the outcome may overtake the last lines

image, git, ref, tag = ARGV
abort 'usage: request_build.rb IMAGE GIT_URL REF TAG' unless ARGV.size == 4
$stdout.sync = true

request = {
  buildId: ENV.fetch('BUILD_ID') { SecureRandom.uuid },
  image: { registry: ENV.fetch('REGISTRY', nil), repository: image }.compact,
  tags: [tag],
  source: { git: git, ref: ref },
  requestedAt: Time.now.utc.iso8601(3),
  cause: { kind: 'portus', actor: ENV.fetch('USER', 'request_build.rb') }
}

# Declares what it publishes into, as everybody does: a request made before the first worker ever started waits.
def declare_requests(channel)
  requests = channel.fanout('builds.build-requested', durable: true)
  %w[worker.build-requested gateway.build-requested].each do |name|
    channel.queue(name, durable: true, arguments: { 'x-queue-type' => 'quorum' }).bind(requests)
  end
  requests
end

# One queue of its own, so that nobody else's messages are taken; it goes with the connection.
def listen(channel, events)
  queue = channel.queue('', exclusive: true)
  %w[builds.build-log builds.build-completed].each { |name| queue.bind(channel.fanout(name, durable: true)) }
  queue.subscribe do |delivery, _properties, body|
    events << [delivery.exchange, JSON.parse(body)]
  end
end

# Confirmed by the broker and routed to a queue, or an error: never "probably".
def publish(channel, exchange, request)
  returned = nil
  exchange.on_return { |info, _properties, _body| returned = info.reply_text }
  Timeout.timeout(PUBLISH_LIMIT) do
    exchange.publish(JSON.generate(request), content_type: 'application/json', persistent: true, mandatory: true)
    raise 'the broker refused the request' unless channel.wait_for_confirms
  end
  raise "no queue took the request: #{returned}" if returned
end

# Prints batches in their order, whatever order they come in.
class Log
  attr_reader :printed

  def initialize
    @attempt = 0
    start(0)
  end

  def add(batch)
    start(batch['attempt']) if batch['attempt'] > @attempt
    return if batch['attempt'] < @attempt || batch['sequence'] < @printed

    @waiting[batch['sequence']] = batch['runs']
    print_run(@waiting.delete(@printed)) while @waiting.key?(@printed)
  end

  def complete?(outcome)
    @attempt != outcome['attempt'] || @printed >= outcome['logBatches']
  end

  private

  def start(attempt)
    puts "--- attempt #{attempt} ---" if attempt > 1
    @attempt = attempt
    @printed = 0
    @waiting = {}
  end

  def print_run(runs)
    runs.each { |run| run['text'].each { |line| puts line } }
    @printed += 1
  end
end

# Returns the outcome, once all lines that belong to it are printed.
def follow(events, build_id)
  log = Log.new
  outcome = nil
  deadline = now + BUILD_LIMIT
  until outcome && log.complete?(outcome)
    exchange, message = next_event(events, deadline)
    break if exchange.nil?
    next unless message['buildId'] == build_id

    log.add(message) if exchange == 'builds.build-log'
    next unless exchange == 'builds.build-completed'

    outcome = message
    deadline = now + LATE_LOG_LIMIT
  end
  outcome || raise("no outcome after #{BUILD_LIMIT} s; the build goes on, ask the Gateway for build #{build_id}")
end

def next_event(events, deadline)
  Timeout.timeout([deadline - now, 0.001].max) { events.pop }
rescue Timeout::Error
  nil
end

def now
  Process.clock_gettime(Process::CLOCK_MONOTONIC)
end

begin
  url = ENV.fetch('AMQP_URL', 'amqp://guest:guest@127.0.0.1:5672').chomp('/') # bunny takes a last slash for a vhost
  connection = Bunny.new(url, automatically_recover: false, connection_timeout: PUBLISH_LIMIT,
                              continuation_timeout: PUBLISH_LIMIT * 1000, log_level: Logger::FATAL)
  connection.start
  channel = connection.create_channel
  channel.confirm_select
  events = Queue.new
  listen(channel, events)
  publish(channel, declare_requests(channel), request)
  warn "build #{request[:buildId]} is requested"

  outcome = follow(events, request[:buildId])
  puts [outcome['outcome'], outcome['digest'], outcome['reason']].compact.join(': ')
  exit outcome['outcome'] == 'succeeded'
rescue Bunny::Exception, Timeout::Error, RuntimeError => e
  abort "request_build: #{e.message}"
ensure
  connection&.close if connection&.open?
end
