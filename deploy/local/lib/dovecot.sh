# shellcheck shell=bash
# Dovecot with accounts, certificate, ports and folder of its own; the system's mail stays untouched.
# Accounts are names at example.test; all have the password in mail.env. What Exim takes in arrives here by LMTP.
# Access tokens (XOAUTH2) are JSON web tokens signed with the key in the folder `keys`; `sub` is the account.

mail_accounts=(support sales billing customer1 customer2 customer3 full)

# Dovecot gives mail to no account of root's: root's stack lets Debian's user mail own it.
mail_user() { if ((EUID == 0)); then printf 'mail\n'; else id -un; fi; }
mail_group() { if ((EUID == 0)); then printf 'mail\n'; else id -gn; fi; }

as_mail() {
    if ((EUID == 0)); then
        setpriv --reuid=mail --regid=mail --clear-groups -- "$@"
    else
        "$@"
    fi
}

# The folder of mail and queue: in the stack's folder, or under /var/tmp when the user mail may not pass through to there.
mail_home() {
    if ((EUID != 0)) || as_mail test -x "$local_dir"; then
        printf '%s\n' "$local_dir/mail"
    else
        printf '/var/tmp/millrace-mail-%s\n' "$(printf '%s' "$local_dir" | sha256sum | cut -c1-12)"
    fi
}

load_mail_password() {
    local file="$local_dir/mail.env"
    if [[ ! -f $file ]]; then
        printf 'MAIL_PASSWORD=%s\n' "$(od -An -tx1 -N12 /dev/urandom | tr -d ' \n')" | write_private "$file"
    fi
    # shellcheck source=/dev/null
    source "$file"
}

# A certificate authority of the stack's own, and a certificate for localhost signed by it.
make_mail_certificate() {
    local folder="$1/tls"
    [[ -f $folder/server.pem ]] && return
    mkdir -p "$folder"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=Millrace local mail" \
        -keyout "$folder/ca.key" -out "$folder/ca.pem" 2>"$log_dir/openssl.log"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=localhost" \
        -keyout "$folder/server.key" -out "$folder/server.csr" 2>>"$log_dir/openssl.log"
    openssl x509 -req -in "$folder/server.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -CAcreateserial -days 3650 \
        -extfile <(printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n') -out "$folder/server.pem.new" 2>>"$log_dir/openssl.log"
    chmod 0600 "$folder"/*.key
    mv "$folder/server.pem.new" "$folder/server.pem"
}

# The key of access tokens, where Dovecot looks for one that names none: keys/AZP/ALG/KID.
make_token_key() {
    local folder="$1/keys/default/HS256"
    if [[ -f $folder/default ]]; then return; fi
    mkdir -p "$folder"
    openssl rand -base64 32 | tr -d '\n' >"$folder/default.new"
    mv "$folder/default.new" "$folder/default"
    chmod -R u=rwX,g=rX,o= "$1/keys"
}

prepare_mail_home() {
    local home=$1 name
    if ((EUID == 0)) && [[ -e $home && "$(stat -c %U "$home")" != mail ]]; then die "$home belongs to somebody else; remove it"; fi
    mkdir -p "$home/accounts" "$home/spool" "$home/log" "$home/run" "$home/state"
    make_mail_certificate "$home"
    touch "$home/users" "$home/passwords" "$home/tokens"
    make_token_key "$home"
    # What tests have added stays.
    for name in "${mail_accounts[@]}"; do
        if grep -q "^$name@" "$home/users"; then continue; fi
        printf '%s@example.test:{PLAIN}%s::::::' "$name" "$MAIL_PASSWORD" >>"$home/users"
        # One account whose mailbox is full after a few messages.
        if [[ $name == full ]]; then printf 'userdb_quota_rule=*:storage=64K' >>"$home/users"; fi
        printf '\n' >>"$home/users"
        printf '%s@example.test: %s\n' "$name" "$MAIL_PASSWORD" >>"$home/passwords"
    done
    chmod 0640 "$home/users" "$home/passwords" "$home/tokens"
    if ((EUID == 0)); then
        chown -R mail:mail "$home"
        # Read by Dovecot's own user too.
        chown -R mail:dovecot "$home/users" "$home/keys"
    fi
}

write_dovecot_configuration() {
    local home=$1
    cat >"$home/oauth2.conf" <<EOF
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=$home/keys/
username_attribute = sub
EOF
    cat >"$home/dovecot.conf" <<EOF
base_dir = $home/run
state_dir = $home/state
log_path = /dev/stderr
info_log_path = /dev/stderr
instance_name = millrace-$(printf '%s' "$home" | sha256sum | cut -c1-8)
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = $(if ((EUID == 0)); then printf dovecot; else mail_user; fi)
default_internal_group = $(if ((EUID == 0)); then printf dovecot; else mail_group; fi)
default_login_user = $(if ((EUID == 0)); then printf dovenull; else mail_user; fi)
first_valid_uid = 1
first_valid_gid = 1
mail_uid = $(mail_user)
mail_gid = $(mail_group)
mail_home = $home/accounts/%n
mail_location = maildir:~/Maildir
mail_plugins = quota
mail_fsync = never
maildir_very_dirty_syncs = yes
mail_max_userip_connections = 500
ssl = yes
ssl_cert = <$home/tls/server.pem
ssl_key = <$home/tls/server.key
ssl_min_protocol = TLSv1.2
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
auth_cache_size = 0
login_greeting = Millrace's local mail server is ready
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $home/oauth2.conf
}
passdb {
  driver = passwd-file
  mechanisms = plain login
  args = username_format=%u $home/users
}
userdb {
  driver = passwd-file
  args = username_format=%u $home/users
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Sent {
    auto = create
    special_use = \Sent
  }
  mailbox Trash {
    auto = create
    special_use = \Trash
  }
}
protocol imap {
  mail_plugins = quota imap_quota
  imap_idle_notify_interval = 2 mins
}
protocol lmtp {
  postmaster_address = postmaster@example.test
}
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=2G
}
service imap-login {
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {
    port = ${port[IMAP]}
  }
  inet_listener imaps {
    port = ${port[IMAPS]}
    ssl = yes
  }
}
service anvil {
  chroot =
  # Everybody comes from one address here: one account's wrong password would delay all the others by up to 15 s.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap {
  process_limit = 600
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = ${port[LMTP]}
  }
}
service auth {
  unix_listener auth-userdb {
    mode = 0600
    user = $(mail_user)
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
EOF
}

# Whether a server greets: port, beginning of the greeting
greets() {
    local line=""
    exec 8<>"/dev/tcp/127.0.0.1/$1" || return 1
    read -r -t 3 line <&8 || true
    exec 8>&-
    [[ $line == "$2"* ]]
}

imap_answers() { (greets "${port[IMAP]}" "* OK"); }

launch_dovecot() {
    # What a killed one has left names a process that may be another one by now; Dovecot would take it for itself.
    rm -f "$1/run/master.pid"
    start_process dovecot "$1/dovecot.conf" dovecot -F -c "$1/dovecot.conf"
}

start_dovecot() {
    local home end
    load_mail_password
    home="$(mail_home)"
    if ! is_running dovecot; then
        prepare_mail_home "$home"
        write_dovecot_configuration "$home"
        say "starting Dovecot on ports ${port[IMAP]} and ${port[IMAPS]}"
        launch_dovecot "$home"
    fi
    end=$((SECONDS + 30))
    until imap_answers >/dev/null 2>&1; do
        if ((SECONDS >= end)); then show_log dovecot; die "Dovecot does not answer"; fi
        sleep 0.1
        if ! is_running dovecot; then launch_dovecot "$home"; fi
    done
}

# Ends what a server that is gone has left behind: the processes of its session, which nothing else belongs to.
end_session() {
    local leader=$1
    [[ -n $leader ]] || return 0
    if process_start_time "$leader" >/dev/null; then return 0; fi
    pkill -KILL --session "$leader" || true
}

stop_dovecot() {
    local leader
    leader="$(process_id dovecot || true)"
    stop_process dovecot TERM 20
    # Sessions outlive the server that made them.
    end_session "$leader"
}

# Removes accounts and queue; for stacks that start afresh each time.
erase_mail() {
    if is_running dovecot || is_running exim; then die "the mail server runs; stop it before its mail is removed"; fi
    rm -rf "$(mail_home)" "$local_dir/mail.env"
}
