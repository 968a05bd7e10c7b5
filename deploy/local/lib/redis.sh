# shellcheck shell=bash
# Redis 7 as a cache that may be lost: nothing is written to disk, nothing is evicted.

redis_answers() { [[ "$(redis-cli -h 127.0.0.1 -p "${port[REDIS]}" ping 2>/dev/null)" == PONG ]]; }

start_redis() {
    if ! is_running redis; then
        mkdir -p "$local_dir/redis"
        say "starting Redis on port ${port[REDIS]}"
        start_process redis redis-server redis-server --port "${port[REDIS]}" --bind 127.0.0.1 \
            --dir "$local_dir/redis" --daemonize no --appendonly no --save "" --maxmemory-policy noeviction
    fi
    if ! wait_for 20 redis_answers; then show_log redis; die "Redis does not answer"; fi
}

stop_redis() { stop_process redis TERM 20; }

# Removes the keys of Millrace from the Redis of the environment, whoever's it is; what others keep there stays.
forget_redis() {
    local pattern prefix="${MILLRACE_REDIS_PREFIX:-millrace:}"
    # A tenant's keys begin with a hash tag, {PREFIXt1}; the others with the prefix itself.
    for pattern in "$prefix*" "{$prefix*"; do
        redis-cli -u "$MILLRACE_REDIS_URL" --scan --pattern "$pattern" |
            xargs -r -d '\n' -n 500 redis-cli -u "$MILLRACE_REDIS_URL" UNLINK >/dev/null
    done
}
