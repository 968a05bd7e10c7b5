# shellcheck shell=bash
# Exim as the mail server that customers and mailboxes send by: it hands everything at example.test to Dovecot and
# sends nothing anywhere else. It runs as the user that owns the mail and needs no more rights than that.
# Recipients at fail.test are refused for good, those at later.test for now.

write_exim_configuration() {
    local home=$1
    cat >"$home/exim.conf" <<EOF
exim_user = $(mail_user)
exim_group = $(mail_group)
spool_directory = $home/spool
log_file_path = $home/log/exim-%slog
pid_file_path = $home/spool/exim.pid
notifier_socket =
primary_hostname = localhost
qualify_domain = example.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = ${port[SMTP]} : ${port[SMTPS]}
tls_on_connect_ports = ${port[SMTPS]}
tls_advertise_hosts = *
tls_certificate = $home/tls/server.pem
tls_privatekey = $home/tls/server.key
deliver_drop_privilege = true
never_users = root
queue_only = false
queue_run_max = 5
smtp_accept_max = 100
smtp_accept_max_per_host = 100
smtp_accept_queue_per_connection = 100000
smtp_accept_reserve = 0
message_size_limit = 80M
check_spool_space = 0
check_spool_inodes = 0
smtp_enforce_sync = true
rfc1413_query_timeout = 0s
host_lookup =
acl_smtp_rcpt = check_rcpt
acl_smtp_data = accept
bounce_return_body = true
keep_environment =
timezone = UTC

begin acl
check_rcpt:
  deny    domains = fail.test
          message = No such person here
  defer   domains = later.test
          message = Try again later
  accept  domains = example.test
          verify = recipient
  deny    message = This server delivers to example.test only

begin routers
accounts:
  driver = accept
  domains = example.test
  condition = \${lookup{\${sg{\$local_part}{\\\\+.*}{}}@\$domain}lsearch{$home/passwords}{yes}{no}}
  transport = dovecot

begin transports
dovecot:
  driver = smtp
  protocol = lmtp
  hosts = 127.0.0.1
  hosts_override = true
  allow_localhost = true
  port = ${port[LMTP]}
  hosts_try_fastopen =
  hosts_avoid_tls = *
  hosts_try_chunking =
  delivery_date_add = false
  return_path_add = true

begin retry
* quota F,1h,2m
* * F,1h,5s

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{def:auth3}{eq{\$auth3}{\${lookup{\$auth2}lsearch{$home/passwords}}}}}}
  server_set_id = \$auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{def:auth2}{eq{\$auth2}{\${lookup{\$auth1}lsearch{$home/passwords}}}}}}
  server_set_id = \$auth1
# Access tokens that are good stand in the file tokens, each with its account.
xoauth2:
  driver = plaintext
  public_name = XOAUTH2
  server_prompts = :
  server_condition = \${if and{{match{\$auth1}{\\N^user=([^\\x01]+)\\x01auth=Bearer ([^\\x01]+)\\x01\\x01$\\N}}{eq{\$1}{\${lookup{\$2}lsearch{$home/tokens}}}}}}
  server_set_id = \${sg{\$auth1}{\\N^user=([^\\x01]+).*\$\\N}{\\\$1}}
EOF
}

smtp_answers() { (greets "${port[SMTP]}" 220); }

launch_exim() {
    local launcher=()
    # By its own rights program and configuration would be root's; it shall have the mail user's only.
    if ((EUID == 0)); then launcher=(setpriv --reuid=mail --regid=mail --clear-groups --no-new-privs --); fi
    start_process exim "$1/exim.conf" "${launcher[@]}" /usr/sbin/exim4 -C "$1/exim.conf" -bdf -q5s
}

start_exim() {
    local home end
    home="$(mail_home)"
    if ! is_running exim; then
        write_exim_configuration "$home"
        ((EUID != 0)) || chown mail:mail "$home/exim.conf"
        say "starting Exim on ports ${port[SMTP]} and ${port[SMTPS]}"
        launch_exim "$home"
    fi
    end=$((SECONDS + 30))
    until smtp_answers >/dev/null 2>&1; do
        if ((SECONDS >= end)); then show_log exim; die "Exim does not answer"; fi
        sleep 0.1
        if ! is_running exim; then launch_exim "$home"; fi
    done
}

stop_exim() { stop_process exim TERM 20; }
