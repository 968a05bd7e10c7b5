#!/usr/bin/env bash
# Installs what a fresh Debian 12 lacks: system packages and the virtual environment under .local/venv.
# What is there already is left as it is; a second run takes well under a second.
#   install.sh          what the local stack and the build need
#   install.sh tests    also what the integration tests need
#   install.sh lint     also what `make lint` needs
# shellcheck source=lib/all.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/all.sh"

packages=(
    git ca-certificates binutils libstdc++-12-dev # what Swift builds with
    pkg-config librdkafka-dev libhiredis-dev libpq-dev zlib1g-dev libcurl4-openssl-dev libgmime-3.0-dev libxml2-dev # the build
    postgresql-15 redis-server kcat python3-venv # the servers
    dovecot-imapd dovecot-lmtpd exim4-daemon-light openssl # a mail server to try email with
    curl jq tzdata # scripts; time zones of business calendars
)
requirements=("$root/deploy/local/requirements.txt")
for group in "$@"; do
    case $group in
        tests)
            requirements+=("$root/Tests/Integration/requirements.txt")
            packages+=(libpython3.11-testsuite) # its test messages are read by ours
            packages+=(shellcheck nginx) # scripts and the gateway's configuration are checked
            packages+=(isync) # what the speed of fetching mail is measured by
            ;;
        lint) packages+=(shellcheck) ;;
        *) die "install.sh knows the groups tests and lint, not $group" ;;
    esac
done

# Two mail servers do not stand each other, and apt removes the one that is there.
spare_other_mail_server() {
    local found
    found="$(dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Provides}\n' | awk '/^ii .*mail-transport-agent/ && $2 !~ /^exim4/ {print $2}')"
    [[ -z $found ]] || die "$found is installed here, and exim4-daemon-light, which the demo and the tests start as a mail server of
their own, would take its place. Run them on another machine or in a container, or remove $found first."
}

is_installed() { [[ "$(dpkg-query -W -f='${db:Status-Abbrev}' "$1" 2>/dev/null)" == "ii " ]]; }

install_packages() {
    local missing=() name as_root=()
    command -v dpkg-query >/dev/null || die "these scripts install Debian packages; elsewhere install by hand: ${packages[*]}"
    for name in "${packages[@]}"; do is_installed "$name" || missing+=("$name"); done
    ((${#missing[@]})) || return 0
    [[ " ${missing[*]} " != *" exim4-daemon-light "* ]] || spare_other_mail_server
    if ((EUID != 0)); then
        command -v sudo >/dev/null || die "run as root: apt-get update && apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing Debian packages: ${missing[*]}"
    local settings=(DEBIAN_FRONTEND=noninteractive RUNLEVEL=1)
    # A machine that has just been started may be updating itself.
    local apt=(apt-get -o DPkg::Lock::Timeout=300)
    "${as_root[@]}" env "${settings[@]}" "${apt[@]}" update -qq
    "${as_root[@]}" env "${settings[@]}" "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" >"$log_dir/apt.log" 2>&1 9>&- ||
        { tail -n 30 "$log_dir/apt.log" >&2; die "apt-get install failed; these scripts are for Debian 12"; }
    rest_new_services "${missing[@]}"
}

# A service that did not exist before this run and that its package started is not needed: ours have their own folders.
rest_new_services() {
    local name
    [[ -d /run/systemd/system ]] || return 0
    for name in "$@"; do
        case $name in
            # Only the programs are wanted; the stack starts them with folders and ports of its own.
            redis-server) "${as_root[@]}" systemctl disable --quiet --now redis-server.service || true ;;
            postgresql-15) "${as_root[@]}" systemctl disable --quiet --now postgresql.service postgresql@15-main.service || true ;;
            dovecot-imapd) "${as_root[@]}" systemctl disable --quiet --now dovecot.socket dovecot.service || true ;;
            exim4-daemon-light) "${as_root[@]}" systemctl disable --quiet --now exim4.service || true ;;
            # Only its configuration checker is wanted.
            nginx) "${as_root[@]}" systemctl disable --quiet --now nginx.service || true ;;
        esac
    done
}

install_environment() {
    local python=/usr/bin/python3 file stamp
    [[ -x $python ]] || python=python3
    # Its commands name its place: one that was moved along with its folder is of no use.
    if ! "$venv_dir/bin/pip" --version >/dev/null 2>&1; then
        say "making the virtual environment $venv_dir"
        rm -rf "$venv_dir"
        "$python" -m venv "$venv_dir"
    fi
    for file in "${requirements[@]}"; do
        stamp="$venv_dir/installed-$(sha256sum "$file" | cut -c1-16)"
        [[ -f $stamp ]] && continue
        say "installing Python packages of ${file#"$root"/}"
        "$venv_dir/bin/python" -m pip install --quiet --disable-pip-version-check -r "$file" 9>&-
        touch "$stamp"
    done
}

check_swift() {
    [[ -n ${MILLRACE_EXECUTABLE:-} ]] && return
    command -v swift >/dev/null ||
        die "a Swift 6.1 or newer toolchain is needed in PATH: https://www.swift.org/install/linux/debian/12/"
}

mkdir -p "$root/.local"
lock_stack
install_packages
install_environment
check_swift
