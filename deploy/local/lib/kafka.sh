# shellcheck shell=bash
# A local broker that speaks the Kafka protocol: the binary of the package noida-db, run itself,
# because the package's Python command leaves it running when killed. A hard kill forgets its messages.

kafka_binary() {
    local file
    for file in "$venv_dir"/lib/python3*/site-packages/noida_db/noida-db; do
        if [[ -f $file ]]; then
            [[ -x $file ]] || chmod +x "$file"
            printf '%s\n' "$file"
            return
        fi
    done
    die "the local broker is not installed; run deploy/local/install.sh"
}

kafka_answers() { kcat -b "127.0.0.1:${port[KAFKA]}" -L -m 2; }

launch_kafka() {
    start_process kafka "$local_dir/kafka" "$(kafka_binary)" start --only kafka --host 127.0.0.1 \
        --kafka-port "${port[KAFKA]}" --data-dir "$local_dir/kafka"
}

start_kafka() {
    local end
    kafka_binary >/dev/null
    if ! is_running kafka; then
        mkdir -p "$local_dir/kafka"
        say "starting the Kafka broker on port ${port[KAFKA]}"
        launch_kafka
    fi
    # Connections to a broker that ended a moment ago keep its port for a while; then it is started again.
    end=$((SECONDS + 60))
    until kafka_answers >/dev/null 2>&1; do
        if ((SECONDS >= end)); then show_log kafka; die "the Kafka broker does not answer"; fi
        sleep 0.1
        if ! is_running kafka; then launch_kafka; fi
    done
}

# It writes its messages to disk as it stops.
stop_kafka() { stop_process kafka TERM 60; }
